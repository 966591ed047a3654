"""Signed checkpoints of a log (C2SP tlog-checkpoint)."""

from __future__ import annotations

from collections.abc import Iterable

from cotutelle.engines.translog.errors import NoteError
from cotutelle.engines.translog.heads import Checkpoint
from cotutelle.engines.translog.keys import Verifier
from cotutelle.engines.translog.notes import Note, verify_note

__all__ = ["Checkpoint", "open_checkpoint"]


def open_checkpoint(note: str | bytes, verifiers: Iterable[Verifier]) -> Checkpoint:
    """
    Return the checkpoint of a note that one of these keys signed under its origin.

    Parameters
    ----------
    note
        Text with signatures.
    verifiers
        Keys of logs. Only a key whose name is the origin line counts.

    Raises
    ------
    NoteError
        When the note is malformed, a known signature is bad, or no key of the origin signed.

    Source: C2SP tlog-checkpoint "Signatures"; signed-note "Signatures".
    """
    parsed = Note.parse(note)
    head = Checkpoint.parse(parsed.text)
    signed = [found.verifier.name for found in verify_note(parsed, verifiers)]
    if head.origin not in signed:
        evidence = {"origin": head.origin, "signed_by": signed}
        raise NoteError("checkpoint.unsigned", "no known key of the origin signed", evidence)
    return head
