"""Multikeys and base58btc."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.keys import (
    base58btc,
    from_base58btc,
    multikey,
    public_key,
    split_method,
)
from tests.engines.credentials.oracle import base58


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", b""),
        ("1", b"\0"),
        ("111", bytes(3)),
        ("2NEpo7TZRRrLZSi2U", b"Hello World!"),  # draft-msporny-base58
        ("11233QC4", bytes.fromhex("0000287fb4cd")),
    ],
)
def test_known_values_of_base58btc(text, data):
    assert base58btc(data) == text
    assert from_base58btc(text) == data


@given(st.binary(max_size=66))
def test_every_text_of_bytes_comes_back(data):
    assert from_base58btc(base58btc(data)) == data
    if data[:1] not in (b"", b"\0"):
        assert base58(base58btc(data)) == data


@pytest.mark.parametrize("text", ["0", "O", "I", "l", "a b", "1" * 201, "é"])
def test_what_is_no_base58btc_is_refused(text):
    with pytest.raises(ValueError, match="text"):
        from_base58btc(text)


def test_a_multikey_begins_with_z6mk_and_comes_back():
    key = multikey(bytes(range(32)))

    assert key.startswith("z6Mk")
    assert public_key(key) == bytes(range(32))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length_has_no_multikey(length):
    with pytest.raises(ValueError, match="public"):
        multikey(bytes(length))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "z",
        "u7QEAAQ",
        "z6Mk0",
        "z" + base58btc(b"\xed\x01" + bytes(31)),
        "z" + base58btc(b"\xed\x01" + bytes(33)),
        "z" + base58btc(b"\xec\x01" + bytes(32)),
        "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169",  # P-256, W3C example
        None,
    ],
)
def test_other_kinds_of_keys_are_refused(key):
    with pytest.raises(VerifyError) as refused:
        public_key(key)

    assert refused.value.code == "signature.method"


def test_a_method_is_controller_and_key():
    key = multikey(bytes(32))

    assert split_method(f"https://a.example/issuers/1#{key}") == (
        "https://a.example/issuers/1",
        key,
    )


@pytest.mark.parametrize(
    "method", ["https://a.example", "#z6Mk", "https://a.example#key-1", None, 5]
)
def test_a_method_without_a_key_is_refused(method):
    with pytest.raises(VerifyError):
        split_method(method)
