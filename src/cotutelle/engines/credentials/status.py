"""
Status lists: one bit for each credential, revoked or suspended.

Source: W3C *Bitstring Status List 1.0*, sections 2 (data model), 3.1 to 3.4 (algorithms). Bit 0 is the
most significant bit of the first byte ("left to right"). A list has at least 131,072 entries, so that
fetching it does not tell whose certificate is being looked at.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Mapping
from typing import Any

from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.names import CREDENTIALS_V2
from cotutelle.engines.credentials.times import read_time

LIST_BITS = 131_072
MAX_BITS = 8 * LIST_BITS * 8
PURPOSES = ("revocation", "suspension")

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def new_list(bits: int = LIST_BITS) -> bytearray:
    """
    Return ``bits`` bits, all clear.

    Raises
    ------
    ValueError
        When ``bits`` is below 131,072, above 8,388,608 or no multiple of 8.
    """
    if not LIST_BITS <= bits <= MAX_BITS or bits % 8:
        raise ValueError(f"bits: {bits} is no multiple of 8 from {LIST_BITS} to {MAX_BITS}")
    return bytearray(bits // 8)


def set_bit(bits: bytearray, index: int, value: bool) -> None:
    """
    Set one bit of a list in place; bit 0 is the leftmost of the first byte.

    Raises
    ------
    ValueError
        When ``index`` is outside.
    """
    if not 0 <= index < len(bits) * 8:
        raise ValueError(f"index: {index} is outside of {len(bits) * 8} entries")
    mask = 0x80 >> index % 8
    bits[index // 8] = bits[index // 8] | mask if value else bits[index // 8] & ~mask


def get_bit(bits: bytes | bytearray, index: int) -> bool:
    """
    Return one bit of a list.

    Raises
    ------
    ValueError
        When ``index`` is outside.
    """
    if not 0 <= index < len(bits) * 8:
        raise ValueError(f"index: {index} is outside of {len(bits) * 8} entries")
    return bool(bits[index // 8] & 0x80 >> index % 8)


def encode_list(bits: bytes | bytearray) -> str:
    """
    Return ``bits`` as an ``encodedList``: multibase base64url of its gzip.

    The same bits always give the same text.

    Raises
    ------
    ValueError
        When there are fewer than 131,072 bits, or more than 8,388,608.

    Notes
    -----
    Source: Bitstring Status List 3.3.
    """
    if not LIST_BITS <= len(bits) * 8 <= MAX_BITS:
        raise ValueError(f"bits: {len(bits) * 8} is not between {LIST_BITS} and {MAX_BITS}")
    packed = gzip.compress(bytes(bits), mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode_list(text: str) -> bytes:
    """
    Return the bits of an ``encodedList``.

    Raises
    ------
    VerifyError
        ``status.malformed`` for what is not base64url of one gzip member or grows beyond 1 MiB,
        ``status.too_small`` for fewer than 131,072 bits.

    Notes
    -----
    Source: Bitstring Status List 3.4.
    """
    if not isinstance(text, str) or not re.fullmatch(r"u[A-Za-z0-9_-]+", text):
        raise VerifyError("status.malformed", field="encodedList")
    try:
        packed = base64.urlsafe_b64decode(text[1:] + "=" * (-(len(text) - 1) % 4))
        inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        bits = inflater.decompress(packed, MAX_BITS // 8 + 1)
    except (binascii.Error, zlib.error):
        raise VerifyError("status.malformed", field="encodedList") from None
    if not inflater.eof or inflater.unused_data or len(bits) > MAX_BITS // 8:
        raise VerifyError("status.malformed", field="encodedList")
    if len(bits) * 8 < LIST_BITS:
        raise VerifyError("status.too_small", bits=len(bits) * 8, least=LIST_BITS)
    return bits


def status_list(
    *, list_id: str, issuer: Mapping[str, Any] | str, purpose: str, bits: bytes, valid_from: str
) -> dict[str, Any]:
    """
    Return the status list credential of ``bits``, without a proof.

    Parameters
    ----------
    list_id : URL of the list; what ``statusListCredential`` of a credential names.
    purpose : ``revocation`` or ``suspension``.
    valid_from : when the list was made, RFC 3339; "valid as of".

    Raises
    ------
    ValueError
        Naming the argument that cannot be used.
    """
    _check_purpose(purpose)
    read_time(valid_from)
    return {
        "@context": [CREDENTIALS_V2],
        "id": list_id,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer if isinstance(issuer, str) else dict(issuer),
        "validFrom": valid_from,
        "credentialSubject": {
            "id": f"{list_id}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": encode_list(bits),
        },
    }


def status_entry(list_id: str, index: int, purpose: str) -> dict[str, Any]:
    """
    Return the ``credentialStatus`` that points at one bit of a list.

    Raises
    ------
    ValueError
        For a negative index or an unknown purpose.
    """
    _check_purpose(purpose)
    if index < 0:
        raise ValueError(f"index: {index} is negative")
    return {
        "id": f"{list_id}#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": str(index),
        "statusListCredential": list_id,
    }


def status_of(list_credential: Mapping[str, Any], index: int | str) -> bool:
    """
    Return whether the bit at ``index`` of a status list credential is set.

    The proof of the list is not looked at here.

    Raises
    ------
    VerifyError
        ``status.malformed``, ``status.too_small`` or ``status.outside``.
    """
    subject = list_credential.get("credentialSubject")
    if not isinstance(subject, dict) or subject.get("type") != "BitstringStatusList":
        raise VerifyError("status.malformed", field="credentialSubject")
    bits = decode_list(subject.get("encodedList", ""))
    number = read_index(index)
    if number >= len(bits) * 8:
        raise VerifyError("status.outside", index=number, entries=len(bits) * 8)
    return get_bit(bits, number)


def read_index(index: object) -> int:
    """
    Return a ``statusListIndex`` as a number.

    Raises
    ------
    VerifyError
        ``status.malformed`` when it is no number from 0 written in decimal digits.
    """
    if isinstance(index, int) and not isinstance(index, bool):
        index = str(index)
    if not isinstance(index, str) or not _INDEX.fullmatch(index):
        raise VerifyError("status.malformed", field="statusListIndex")
    return int(index)


def _check_purpose(purpose: str) -> None:
    if purpose not in PURPOSES:
        raise ValueError(f"purpose: {purpose!r} is neither {PURPOSES[0]} nor {PURPOSES[1]}")
