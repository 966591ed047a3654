"""Keeping of a note only what is known to hold."""

from __future__ import annotations

from collections.abc import Iterable

from cotutelle.engines.translog import Note, Verifier


def trusted_part(note: str, verifiers: Iterable[Verifier]) -> str:
    """
    Return ``note`` without the signature lines of other keys.

    Anybody can add a line in the name of a key that we do not know but our readers do, and a false
    line makes them refuse the whole note.

    Parameters
    ----------
    note
        A signed note in which each signature of a known key has been verified.
    verifiers
        The known keys.
    """
    parsed = Note.parse(note)
    known = {(verifier.name, verifier.key_id) for verifier in verifiers}
    lines = [found.line for found in parsed.signatures if (found.name, found.key_id) in known]
    return parsed.text + "\n" + "".join(dict.fromkeys(lines))
