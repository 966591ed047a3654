"""The text that a log signs about its tree (C2SP tlog-checkpoint, "Note text")."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cotutelle.engines.translog.errors import NoteError
from cotutelle.engines.translog.strict import (
    MAX_SIZE,
    decode_decimal,
    decode_hash,
    encode_base64,
    is_hash,
    is_number,
)

_CONTROL = re.compile(r"[\x00-\x1f]")
_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """
    What a log says about its tree.

    Parameters
    ----------
    origin
        Identity of the log; a line of text, not empty.
    size
        Leaves, 0 to 2**63 - 1.
    root
        32 bytes, RFC 6962 2.1.
    extensions
        Further lines, none of them empty. Auditors cannot check them: better have none.

    Raises
    ------
    NoteError
        When a part is malformed.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            if not line or _CONTROL.search(line):
                raise NoteError("checkpoint.line", "a line is empty or holds control characters")
        if not is_number(self.size) or not 0 <= self.size <= MAX_SIZE:
            raise NoteError("checkpoint.size", f"size must be from 0 to 2**63 - 1: {self.size!r}")
        if not is_hash(self.root):
            raise NoteError("checkpoint.root", "root must be 32 bytes")

    @property
    def text(self) -> str:
        """The note text, ending in a newline."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """
        Read the text of a checkpoint (without signatures).

        Raises
        ------
        NoteError
            When it is not exactly the text that `Checkpoint.text` would write.
        """
        lines = text.split("\n")
        if lines.pop() or len(lines) < _LINES:
            raise NoteError("checkpoint.lines", "a checkpoint has three lines, each with a newline")
        origin, size, root, *extensions = lines
        try:
            number = decode_decimal(size)
        except ValueError as error:
            raise NoteError("checkpoint.size", f"size: {error}", {"size": size[:100]}) from None
        try:
            digest = decode_hash(root)
        except ValueError as error:
            raise NoteError("checkpoint.root", f"root: {error}", {"root": root[:100]}) from None
        return cls(origin, number, digest, tuple(extensions))
