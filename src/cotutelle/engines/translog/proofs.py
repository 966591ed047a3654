"""Proof files: an entry's place in a witnessed tree, for offline verification (C2SP tlog-proof)."""

from __future__ import annotations

from dataclasses import dataclass

from cotutelle.engines.translog.errors import NoteError, ProofError
from cotutelle.engines.translog.heads import Checkpoint
from cotutelle.engines.translog.notes import Note
from cotutelle.engines.translog.strict import (
    MAX_SIZE,
    decode_base64,
    decode_decimal,
    decode_hash,
    encode_base64,
    is_hash,
    is_number,
)

_HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
MAX_PROOF_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class LogProof:
    """
    A proof file.

    Parameters
    ----------
    index
        Entry in the log, 0 to 2**63 - 1.
    hashes
        Inclusion proof, at most 63 hashes of 32 bytes, from the leaf's sibling upwards.
    checkpoint
        Signed and cosigned note of the tree, verbatim.
    extra
        Bytes nobody vouches for, not empty; ``None`` for none.

    Raises
    ------
    ProofError
        When a part is malformed. Whether the proof holds is for `Policy.verify` to say.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "hashes", tuple(self.hashes))
        if not is_number(self.index) or not 0 <= self.index <= MAX_SIZE:
            raise ProofError("proof.index", f"index must be from 0 to 2**63 - 1: {self.index!r}")
        if len(self.hashes) > MAX_HASHES:
            raise ProofError("proof.length", f"more than {MAX_HASHES} hashes")
        if not all(map(is_hash, self.hashes)):
            raise ProofError("proof.hash", "hashes must be 32 bytes each")
        if self.extra is not None and not self.extra:
            raise ProofError("proof.extra", "extra data are not empty")
        try:
            self.head()
        except NoteError as error:
            raise ProofError("proof.checkpoint", str(error), error.evidence) from error

    def head(self) -> Checkpoint:
        """Return the checkpoint as stated; its signatures are not checked."""
        return Checkpoint.parse(Note.parse(self.checkpoint).text)

    @property
    def text(self) -> str:
        """The file's text."""
        lines = [_HEADER]
        if self.extra is not None:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += map(encode_base64, self.hashes)
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @classmethod
    def parse(cls, text: str | bytes) -> LogProof:
        """
        Read a proof file of at most 2,000,000 bytes.

        Raises
        ------
        ProofError
            When it is not exactly what `LogProof.text` would write.

        Source: C2SP tlog-proof "Format".
        """
        whole = _text(text)
        head, gap, checkpoint = whole.partition("\n\n")
        lines = head.split("\n")
        if not gap or lines.pop(0) != _HEADER:
            raise ProofError("proof.header", f"a proof begins with {_HEADER}")
        extra = None
        try:
            if lines and lines[0].startswith("extra "):
                extra = decode_base64(lines.pop(0).removeprefix("extra "))
            if not lines or not lines[0].startswith("index "):
                raise ValueError("no line with the index")
            index = decode_decimal(lines.pop(0).removeprefix("index "))
            hashes = tuple(decode_hash(line) for line in lines[: MAX_HASHES + 1])
        except ValueError as error:
            raise ProofError("proof.malformed", f"malformed proof: {error}") from None
        return cls(index, hashes, checkpoint, extra)


def _text(text: str | bytes) -> str:
    try:
        data = text.encode() if isinstance(text, str) else text
        whole = data.decode()
    except UnicodeError:
        raise ProofError("proof.encoding", "a proof is UTF-8") from None
    if len(data) > MAX_PROOF_BYTES:
        raise ProofError("proof.too_large", f"more than {MAX_PROOF_BYTES} bytes")
    return whole
