"""Reading text that has exactly one form: base64 and decimals (RFC 4648 4; C2SP signed-note)."""

from __future__ import annotations

import base64
import binascii
import re

MAX_SIZE = 2**63 - 1  # the largest tree a checkpoint may state
HASH_BYTES = 32

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def decode_base64(text: str) -> bytes:
    """
    Return the bytes of a standard base64 text with padding.

    Raises
    ------
    ValueError
        When ``text`` is not the one canonical form of those bytes (RFC 4648 3.5).
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("not base64") from None
    if encode_base64(data) != text:
        raise ValueError("not canonical base64")
    return data


def decode_hash(text: str) -> bytes:
    """Return the 32 bytes of a base64 hash, or raise ``ValueError``."""
    data = decode_base64(text)
    if len(data) != HASH_BYTES:
        raise ValueError(f"not a hash of {HASH_BYTES} bytes")
    return data


def encode_base64(data: bytes) -> str:
    """Return standard base64 with padding (RFC 4648 4)."""
    return base64.b64encode(data).decode("ascii")


def decode_decimal(text: str) -> int:
    """Return a number from 0 to 2**63 - 1 without leading zeroes, or raise ``ValueError``."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise ValueError("not a plain decimal number up to 2**63 - 1")
    return int(text)


def is_number(value: object) -> bool:
    """Return whether ``value`` is an ``int`` and no ``bool``."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_hash(value: object) -> bool:
    """Return whether ``value`` is 32 ``bytes``."""
    return isinstance(value, bytes) and len(value) == HASH_BYTES
