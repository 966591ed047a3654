"""Status lists: bits from left to right, in gzip, in base64url."""

from __future__ import annotations

import base64
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.status import (
    LIST_BITS,
    MAX_BITS,
    decode_list,
    encode_list,
    get_bit,
    new_list,
    read_index,
    set_bit,
    status_entry,
    status_list,
    status_of,
)

URL = "https://demo.cotutelle.example/status/bjh/revocation/1"


def packed(data: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def credential(bits: bytes):
    return status_list(
        list_id=URL,
        issuer="urn:x",
        purpose="revocation",
        bits=bits,
        valid_from="2026-01-01T00:00:00Z",
    )


def refused(text):
    with pytest.raises(VerifyError) as error:
        decode_list(text)
    return error.value.code


def test_the_empty_list_is_w3cs_example():
    """Bitstring Status List 1.0, example 2: 16 KiB of zeroes."""
    w3c = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"

    assert decode_list(w3c) == bytes(16_384)
    assert decode_list(encode_list(new_list())) == bytes(16_384)


def test_index_0_is_the_leftmost_bit():
    bits = new_list()
    set_bit(bits, 0, True)
    set_bit(bits, 9, True)

    assert bits[:3] == b"\x80\x40\x00"
    assert [n for n in range(32) if status_of(credential(bits), n)] == [0, 9]
    set_bit(bits, 9, False)
    assert bits[:2] == b"\x80\x00"


@given(st.sets(st.integers(0, LIST_BITS - 1), max_size=50))
def test_what_is_set_is_found_and_nothing_else(indices):
    bits = new_list()
    for index in indices:
        set_bit(bits, index, True)

    found = decode_list(encode_list(bits))

    as_text = f"{int.from_bytes(found, 'big'):0{LIST_BITS}b}"
    assert {n for n, bit in enumerate(as_text) if bit == "1"} == indices
    assert all(get_bit(found, index) for index in indices)


def test_the_same_bits_give_the_same_text():
    assert encode_list(new_list()) == encode_list(bytes(LIST_BITS // 8))


EMPTY = packed(gzip.compress(bytes(16_384), mtime=0))
NO_LISTS = {
    "a byte too few": packed(gzip.compress(bytes(LIST_BITS // 8 - 1))),
    "nothing packed": packed(gzip.compress(b"")),
    "a byte too many": packed(gzip.compress(bytes(MAX_BITS // 8 + 1))),
    "300 MB of zeroes": packed(gzip.compress(bytes(300_000_000), 1)),
    "cut short": EMPTY[:-4],
    "followed by more": packed(gzip.compress(bytes(16_384)) + b"more"),
    "followed by another": packed(gzip.compress(bytes(16_384)) * 2),
    "zlib, not gzip": packed(zlib.compress(bytes(16_384))),
    "another base": "z" + EMPTY[1:],
    "padded": EMPTY + "=",
    "only the base": "u",
    "empty": "",
    "a space": "u a",
    "half a byte": "uA",
    "no text": None,
}
TOO_SMALL = {"a byte too few", "nothing packed"}


@pytest.mark.parametrize("case", NO_LISTS)
def test_what_is_no_list_is_refused_without_unpacking_it_all(case):
    code = "status.too_small" if case in TOO_SMALL else "status.malformed"

    assert refused(NO_LISTS[case]) == code


@pytest.mark.parametrize("index", [LIST_BITS, 999_999_999])
def test_an_index_outside_is_refused(index):
    with pytest.raises(VerifyError, match=r"status\.outside"):
        status_of(credential(new_list()), index)


@pytest.mark.parametrize(
    "index", ["-1", "01", "1.0", "", " 1", "１", "1" * 10, None, True, -1, 1.0]
)
def test_an_index_is_a_plain_number(index):
    with pytest.raises(VerifyError, match=r"status\.malformed"):
        read_index(index)


def test_a_document_of_another_kind_has_no_status():
    for subject in (None, {"type": "Person"}, []):
        with pytest.raises(VerifyError):
            status_of({"credentialSubject": subject}, 0)


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: new_list(LIST_BITS - 8), "bits"),
        (lambda: new_list(LIST_BITS + 1), "bits"),
        (lambda: new_list(MAX_BITS + 8), "bits"),
        (lambda: encode_list(bytes(5)), "bits"),
        (lambda: set_bit(new_list(), LIST_BITS, True), "index"),
        (lambda: get_bit(new_list(), -1), "index"),
        (lambda: status_entry(URL, -1, "revocation"), "index"),
        (lambda: status_entry(URL, 1, "message"), "purpose"),
    ],
)
def test_unfit_arguments_are_named(make, argument):
    with pytest.raises(ValueError, match=argument):
        make()
