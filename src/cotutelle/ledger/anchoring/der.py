"""
Putting the certificates of a time-stamp into order.

CMS may carry them in any order (RFC 5652, 10.1 allows BER outside of what is signed), and
authorities built on OpenSSL do; the library that reads stamps wants the order of DER. They are
not covered by the signature: sorting them changes nothing that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

SEQUENCE, CONTEXT_0 = 0x30, 0xA0
LONG_FORM, LENGTH_BITS, LONGEST_LENGTH_BYTES = 0x80, 0x7F, 4


def with_certificates_in_order(response: bytes) -> bytes:
    """
    Return a TimeStampResp with SignedData.certificates as DER orders a SET (X.690, 11.6).

    Raises
    ------
    ValueError
        When ``response`` is not nested as RFC 3161, 2.4.2 and RFC 5652, 5.1 say.
    """
    # TimeStampResp > TimeStampToken > [0] > SignedData > [0] certificates
    return _changed(response, (SEQUENCE, 1, SEQUENCE, 1, CONTEXT_0, 0, SEQUENCE), _sort_in_signed)


def _sort_in_signed(body: bytes) -> bytes:
    return b"".join(
        _element(tag, b"".join(sorted(_element(*c) for c in _elements(content))))
        if tag == CONTEXT_0
        else _element(tag, content)
        for tag, content in _elements(body)
    )


def _changed(data: bytes, path: tuple[int, ...], change: Callable[[bytes], bytes]) -> bytes:
    """Return ``data`` with ``change`` done to what lies at ``path``: tag, place, tag, …, tag."""
    (tag, body), *rest = _elements(data)
    if tag != path[0] or rest:
        raise ValueError("data: not a time-stamp")
    if len(path) == 1:
        return _element(tag, change(body))
    inner = list(_elements(body))
    if len(inner) <= path[1]:
        raise ValueError("data: not a time-stamp")
    inside = _changed(_element(*inner[path[1]]), path[2:], change)
    parts = [_element(*part) for part in inner]
    return _element(tag, b"".join([*parts[: path[1]], inside, *parts[path[1] + 1 :]]))


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (tag, content) of each element of ``data``: one-byte tags, definite lengths."""
    at = 0
    while at < len(data):
        tag, first = data[at], data[at + 1] if at + 1 < len(data) else LONG_FORM
        at += 2
        size = first
        if first & LONG_FORM:
            count = first & LENGTH_BITS
            if not 0 < count <= LONGEST_LENGTH_BYTES:
                raise ValueError("data: a length that DER does not know")
            size, at = int.from_bytes(data[at : at + count]), at + count
        if at + size > len(data):
            raise ValueError("data: shorter than it says")
        yield tag, data[at : at + size]
        at += size


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < LONG_FORM:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, LONG_FORM | len(length)]) + length + content
