"""
The second anchor: a time-stamping authority signs that a checkpoint existed.

Source: RFC 3161 (request and response 2.4, over HTTP 3.4).
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.timestamps import verify_token
from cotutelle.ledger.anchoring.der import with_certificates_in_order
from cotutelle.ledger.anchoring.problems import AnchorProblem

if TYPE_CHECKING:
    from rfc3161_client import TimeStampRequest, TimeStampResponse

LARGEST_ANSWER_BYTES = 256 * 1024
CLOCKS_APART = dt.timedelta(hours=1)
GRANTED = (0, 1)
"""PKIStatus granted and grantedWithMods: both carry a token, which is checked all the same."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an authority signed: the token (DER of a TimeStampToken), its time, its number."""

    token: bytes
    at: dt.datetime
    serial: int


def stamped_text(origin: str, size: int, root: bytes) -> bytes:
    """
    Return what is stamped of a tree: the text of its checkpoint, without extension lines.

    Source: C2SP tlog-checkpoint.
    """
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()


def stamp(
    data: bytes,
    *,
    url: str,
    roots: Sequence[bytes],
    now: dt.datetime,
    timeout_s: float = 20.0,
) -> Stamp:
    """
    Have ``data`` stamped by the authority at ``url``, and check what it answers.

    Parameters
    ----------
    data
        Not empty; only its SHA-256 is sent.
    roots
        PEM certificates of the authorities that are trusted.
    now
        Our own time: an authority more than an hour away from it is refused.

    Raises
    ------
    AnchorProblem
        ``timestamp.unreachable``, ``timestamp.http`` (not an answer of such an authority),
        ``timestamp.rejected`` (it said no), ``timestamp.nonce`` (the answer to another question),
        ``timestamp.imprint`` (stamped something else), ``timestamp.untrusted`` (signature,
        chain, purpose or validity of its certificate), ``timestamp.clock``.
    ValueError
        ``roots`` holds no certificate.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415

    builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    response = _ask(url, request, timeout_s)
    token, info = response.time_stamp_token(), response.tst_info
    if info.nonce != request.nonce:
        raise AnchorProblem("timestamp.nonce", f"{url} answered another question.")
    at = _checked(token, data, roots, url)
    if abs(at - now) > CLOCKS_APART:
        raise AnchorProblem("timestamp.clock", f"The clock of {url} stands at {at}, ours at {now}.")
    return Stamp(token, at, info.serial_number)


def _checked(token: bytes, data: bytes, roots: Sequence[bytes], url: str) -> dt.datetime:
    try:
        return verify_token(token, data, roots)
    except VerifyError as error:
        if error.code == "anchor.wrong_root":
            raise AnchorProblem("timestamp.imprint", f"{url} stamped something else.") from error
        raise AnchorProblem(
            "timestamp.untrusted", f"The stamp of {url} is not signed by whom we trust."
        ) from error


def _ask(url: str, request: TimeStampRequest, timeout_s: float) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415

    try:
        answer = _post(url, request.as_bytes(), timeout_s)
        response = decode_timestamp_response(_readable(answer))
    except ValueError as error:
        raise AnchorProblem(
            "timestamp.http", f"{url} does not answer with a time-stamp.", retry=True
        ) from error
    if response.status not in GRANTED:
        told = " ".join(response.status_string) or f"status {response.status}"
        raise AnchorProblem("timestamp.rejected", f"{url} says: {told}", retry=True)
    return response


def _readable(answer: bytes) -> bytes:
    """Return ``answer`` as the library reads it; a refusal carries no token and stays as it is."""
    try:
        return with_certificates_in_order(answer)
    except ValueError:
        return answer


def _post(url: str, body: bytes, timeout_s: float) -> bytes:
    headers = {"Content-Type": "application/timestamp-query"}
    try:
        with httpx.stream("POST", url, content=body, headers=headers, timeout=timeout_s) as answer:
            if answer.status_code != httpx.codes.OK:
                raise AnchorProblem(
                    "timestamp.http", f"{url} answers with {answer.status_code}.", retry=True
                )
            return _limited(answer, url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise AnchorProblem(
            "timestamp.unreachable", f"{url} does not answer.", retry=True
        ) from error


def _limited(answer: httpx.Response, url: str) -> bytes:
    content = b""
    for piece in answer.iter_bytes():
        content += piece
        if len(content) > LARGEST_ANSWER_BYTES:
            raise AnchorProblem("timestamp.http", f"{url} does not stop talking.", retry=True)
    return content
