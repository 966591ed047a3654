"""The body of an ``add-checkpoint`` request (C2SP tlog-witness, "add-checkpoint")."""

from __future__ import annotations

from dataclasses import dataclass

from cotutelle.engines.translog.strict import decode_decimal, decode_hash

MAX_PROOF_LINES = 63
OLD = "old "


@dataclass(frozen=True, slots=True)
class Submission:
    """What a log asks for: cosign ``note``, which extends the tree of ``old_size`` entries."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str


def parse_submission(body: bytes) -> Submission:
    """
    Read the body of a request; the note in it is only cut off, not read.

    Raises
    ------
    ValueError
        When it is not an old size line, at most 63 hashes, an empty line and UTF-8 text.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("the request is not UTF-8") from None
    head, separator, note = text.partition("\n\n")
    if not separator:
        raise ValueError("no empty line stands between the proof and the checkpoint")
    first, *lines = head.split("\n")
    if not first.startswith(OLD):
        raise ValueError("the first line does not begin with 'old'")
    if len(lines) > MAX_PROOF_LINES:
        raise ValueError(f"more than {MAX_PROOF_LINES} proof lines")
    try:
        old_size = decode_decimal(first.removeprefix(OLD))
        return Submission(old_size, tuple(decode_hash(line) for line in lines), note)
    except ValueError as error:
        raise ValueError(f"the old size or a proof line is {error}") from None
