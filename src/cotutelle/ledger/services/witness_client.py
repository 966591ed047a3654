"""Speaking with a witness (C2SP tlog-witness) over HTTP; no rows, no decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from cotutelle.engines.translog.strict import decode_decimal, encode_base64

TIMEOUT_S = 10.0
LARGEST_ANSWER_BYTES = 64 * 1024


class Unreachable(Exception):
    """The witness gave no answer, or one far too long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of what a witness answered."""

    status: int
    text: str

    @property
    def size(self) -> int | None:
        """The size that a witness says it has seen (status 409); ``None`` where it says none."""
        try:
            return decode_decimal(self.text.removesuffix("\n"))
        except ValueError:
            return None


def add_checkpoint(url: str, old_size: int, proof: Sequence[bytes], note: str) -> Answer:
    """
    Ask a witness to cosign ``note``.

    Parameters
    ----------
    url
        Base address of the witness.
    old_size
        What it has cosigned before, 0 for nothing.
    proof
        That the tree of ``note`` extends the one of ``old_size``; empty for 0.

    Raises
    ------
    Unreachable
        No answer in time.

    Source: C2SP tlog-witness "add-checkpoint".
    """
    lines = [f"old {old_size}", *map(encode_base64, proof)]
    body = "\n".join([*lines, "", note])
    return _ask("POST", f"{url.rstrip('/')}/add-checkpoint", body.encode())


def cosigned_checkpoint(url: str, origin: str) -> Answer:
    """
    Return what a witness last cosigned for ``origin``: status 404 when nothing.

    A witness may have no such address: it is in the draft of the protocol alone.

    Raises
    ------
    Unreachable
        No answer in time.

    Source: C2SP tlog-witness, editor's draft, retrieval by monitors.
    """
    name = hashlib.sha256(origin.encode()).hexdigest()
    return _ask("GET", f"{url.rstrip('/')}/{name}/checkpoint", b"")


def _ask(method: str, url: str, body: bytes) -> Answer:
    """Ask without following anywhere else, and read no more than a witness would ever answer."""
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client,
            client.stream(method, url, content=body or None) as answer,
        ):
            read = b""
            for part in answer.iter_bytes():
                read += part
                if len(read) > LARGEST_ANSWER_BYTES:
                    raise Unreachable(f"{url} answers without end")
            return Answer(answer.status_code, read.decode("utf-8", "replace"))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(str(error)) from error
