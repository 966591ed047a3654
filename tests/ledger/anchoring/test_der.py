"""Sorting certificates; openssl, which reads any order, is the oracle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.ledger.anchoring.der import _element, with_certificates_in_order


def nested(certificates: list[bytes]) -> bytes:
    """A TimeStampResp, hollow but for its certificates (RFC 3161, 2.4.2; RFC 5652, 5.1)."""
    signed = _element(0x30, b"\x02\x01\x03" + _element(0xA0, b"".join(certificates)) + b"\x31\x00")
    token = _element(0x30, b"\x06\x01\x2a" + _element(0xA0, signed))
    return _element(0x30, b"\x30\x03\x02\x01\x00" + token)


elements = st.lists(st.binary(max_size=300).map(lambda body: _element(0x30, body)), max_size=5)


@given(elements)
def test_certificates_are_sorted_and_nothing_else_changes(certificates):
    assert with_certificates_in_order(nested(certificates)) == nested(sorted(certificates))


@given(st.binary(max_size=200))
def test_what_is_no_time_stamp_is_refused_or_left_alone(data):
    try:
        changed = with_certificates_in_order(data)
    except ValueError:
        return
    assert len(changed) <= len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x05\x30\x03\x02\x01\x02",  # a refusal: no token
        b"\x30\x80\x00\x00",  # an indefinite length
        b"\x30\x85\x00\x00\x00\x00\x00",
        nested([])[:-1],
        nested([]) + b"\x00\x00",
    ],
)
def test_broken_data_is_refused(data):
    with pytest.raises(ValueError, match=r"data|values"):
        with_certificates_in_order(data)
