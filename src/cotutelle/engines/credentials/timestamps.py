"""
Checking an RFC 3161 time-stamp token against given roots.

Source: RFC 3161, sections 2.4.2 (token) and 2.3 (purpose of the signing key).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cotutelle.engines.credentials.errors import VerifyError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

_SHA256 = "2.16.840.1.101.3.4.2.1"
_GRANTED = b"\x30\x03\x02\x01\x00"  # PKIStatusInfo { status granted(0) }
_OBJECT_IDENTIFIER = 0x06


def verify_token(token: bytes, data: bytes, roots: Sequence[bytes]) -> datetime:
    """
    Return when ``data`` was stamped.

    Parameters
    ----------
    token : DER of a TimeStampToken, or of the whole TimeStampResp.
    data : what was stamped; its SHA-256 must be the token's imprint.
    roots : PEM certificates of time-stamping authorities that are trusted.

    Raises
    ------
    ValueError
        When ``roots`` is empty or holds no certificate.
    VerifyError
        ``anchor.wrong_root`` when the token stamps something else, ``anchor.token`` for anything
        else that does not hold.
    """
    from rfc3161_client import VerifierBuilder  # noqa: PLC0415 - only with roots at hand

    certificates = read_roots(roots)
    response = check_imprint(token, data)
    builder = VerifierBuilder(roots=certificates)
    try:
        builder.build().verify_message(response, data)
    except Exception:  # as in check_imprint
        raise VerifyError("anchor.token") from None
    return response.tst_info.gen_time


def read_roots(roots: Sequence[bytes]) -> list[Certificate]:
    """
    Return the certificates in PEM files.

    Raises
    ------
    ValueError
        When a file holds none, or there is no file.
    """
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415

    certificates = [found for pem in roots for found in load_pem_x509_certificates(pem)]
    if not certificates:
        raise ValueError("roots: no certificate")
    return certificates


def check_imprint(token: bytes, data: bytes) -> TimeStampResponse:
    """
    Return a token as it stands when it claims to stamp ``data``; who signed it is not looked at.

    Raises
    ------
    VerifyError
        ``anchor.wrong_root`` when it stamps something else, ``anchor.token`` when it cannot be read.
    """
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415 - only with a token

    try:
        response = decode_timestamp_response(as_response(token))
        imprint = response.tst_info.message_imprint
        same = (
            imprint.hash_algorithm.dotted_string == _SHA256
            and imprint.message == hashlib.sha256(data).digest()
        )
    except (
        Exception
    ):  # whoever wrote the token chose its bytes; the library raises whatever it likes
        raise VerifyError("anchor.token") from None
    if not same:
        raise VerifyError("anchor.wrong_root")
    return response


def as_response(token: bytes) -> bytes:
    """Return a token as the response that would carry it; a whole response is returned as it is."""
    return token if not _is_token(token) else _sequence(_GRANTED + token)


def _is_token(data: bytes) -> bool:
    header = 2 + (data[1] & 0x7F if len(data) > 1 and data[1] & 0x80 else 0)
    return data[:1] == b"\x30" and data[header : header + 1] == bytes([_OBJECT_IDENTIFIER])


def _sequence(body: bytes) -> bytes:
    size = len(body)
    if size < 0x80:  # noqa: PLR2004 - the short form of DER
        return bytes([0x30, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x30, 0x80 | len(length)]) + length + body
