"""Text that has exactly one form."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.engines.translog.strict import (
    decode_base64,
    decode_decimal,
    decode_hash,
    encode_base64,
    is_hash,
    is_number,
)


@given(st.integers(0, 2**63 - 1))
def test_numbers_come_back(number: int) -> None:
    assert decode_decimal(str(number)) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        "01",
        "+1",
        "-1",
        "-0",
        " 1",
        "1 ",
        "1\n",
        "1.0",
        "1e3",
        "0x1",
        "1_0",
        "１",
        "٣",
        str(2**63),
        str(2**64),
        "9" * 20,
        "1" * 5000,
    ],
)
def test_other_writings_of_numbers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        decode_decimal(text)


@given(st.binary())
def test_bytes_come_back(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    assert encode_base64(data) == text
    assert decode_base64(text) == data


@given(st.text("ABab01+/=-_ \n\u00e9", max_size=12))
def test_no_bytes_have_two_writings(text: str) -> None:
    try:
        data = decode_base64(text)
    except ValueError:
        return
    assert base64.b64encode(data).decode() == text


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_hash_has_thirty_two_bytes(length: int) -> None:
    assert decode_hash(encode_base64(bytes(32))) == bytes(32)
    with pytest.raises(ValueError, match="32 bytes"):
        decode_hash(encode_base64(bytes(length)))


@pytest.mark.parametrize("value", [True, False, 1.0, "1", None])
def test_what_is_no_number(value: Any) -> None:
    assert not is_number(value)
    assert is_number(1)


@pytest.mark.parametrize("value", [bytes(31), bytearray(32), memoryview(bytes(32)), "0" * 32, None])
def test_what_is_no_hash(value: Any) -> None:
    assert not is_hash(value)
    assert is_hash(bytes(32))
