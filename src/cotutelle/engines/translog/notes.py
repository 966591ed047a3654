"""
Signed notes: a text, an empty line, signatures.

Source of all of it: C2SP signed-note, "Format" and "Signatures".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cotutelle.engines.translog.errors import NoteError
from cotutelle.engines.translog.keys import Algorithm, Signer, Verifier, refuse_key_name
from cotutelle.engines.translog.strict import decode_base64, encode_base64

__all__ = [
    "Algorithm",
    "Note",
    "NoteSignature",
    "Signer",
    "Verified",
    "Verifier",
    "add_signatures",
    "sign_note",
    "signature_line",
    "verify_note",
]

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH = "— "
_KEY_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who claims to have signed, and the bytes after the key id."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line with its newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> NoteSignature:
        """Read one line, with or without its newline; raises ``NoteError``."""
        name, _, encoded = line.removesuffix("\n").removeprefix(_DASH).partition(" ")
        try:
            data = decode_base64(encoded)
        except ValueError:
            data = b""
        if not line.startswith(_DASH) or len(data) <= _KEY_ID_BYTES:
            raise NoteError("note.signature_line", "malformed", {"line": line[:200]})
        refuse_key_name(name)
        return cls(name, data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class Note:
    """
    A text with signatures that nobody has checked yet.

    ``text`` ends in a newline; ``signatures`` are in the order of their lines.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, text: str | bytes) -> Note:
        """
        Read a note.

        Parameters
        ----------
        text
            At most 1,000,000 bytes of UTF-8 with at most 100 signatures.

        Raises
        ------
        NoteError
            When it is malformed in any way.
        """
        whole = _text(text)
        body, gap, tail = whole.rpartition("\n\n")
        if not gap or not tail.endswith("\n"):
            raise NoteError("note.form", "a note is text, an empty line, and signature lines")
        lines = tail[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise NoteError("note.too_many", f"more than {MAX_SIGNATURES} signatures")
        return cls(body + "\n", tuple(NoteSignature.parse(line) for line in lines))


def _text(text: str | bytes) -> str:
    try:
        data = text.encode() if isinstance(text, str) else text
        whole = data.decode()
    except UnicodeError:
        raise NoteError("note.encoding", "a note is UTF-8") from None
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError("note.too_large", f"more than {MAX_NOTE_BYTES} bytes")
    if _CONTROL.search(whole):
        raise NoteError("note.control", "a note holds no control characters but newlines")
    return whole


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that holds; ``timestamp`` is ``None`` where the type has none."""

    verifier: Verifier
    timestamp: int | None


def verify_note(note: Note, verifiers: Iterable[Verifier]) -> tuple[Verified, ...]:
    """
    Check the signatures of known keys; others are ignored.

    Parameters
    ----------
    note
        As read.
    verifiers
        Known keys.

    Returns
    -------
    tuple of Verified
        One for each key that signed, in the order of its first line; of several times stated
        by one key the latest. May be empty: the caller decides whose signature is needed.

    Raises
    ------
    NoteError
        When a signature of a known key does not hold, or two keys share name and id.
    """
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise NoteError("key.ambiguous", f"two keys share the name {verifier.name} and an id")
    found: dict[Verifier, Verified] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        time = key.verify(note.text, signature.signature)
        earlier = found.get(key)
        if earlier is None or (earlier.timestamp or 0) < (time or 0):
            found[key] = Verified(key, time)
    return tuple(found.values())


def signature_line(text: str, signer: Signer, timestamp: int | None = None) -> str:
    """Return the line, with its newline, by which ``signer`` signs a note text."""
    key = signer.verifier
    return NoteSignature(key.name, key.key_id, signer.signature(text, timestamp)).line


def sign_note(text: str, signers: Sequence[Signer], timestamp: int | None = None) -> str:
    """
    Return a note: the text, an empty line, a line for each signer.

    Parameters
    ----------
    text
        Ends in a newline.
    signers
        At least one.
    timestamp
        What signers of a cosignature type state (seconds since 1970); others state none.

    Raises
    ------
    NoteError
        When the outcome would be no note.
    """
    if not text.endswith("\n"):
        raise NoteError("note.form", "the text of a note ends in a newline")
    lines = [
        signature_line(text, signer, timestamp if signer.verifier.algorithm.has_timestamp else None)
        for signer in signers
    ]
    return add_signatures(f"{text}\n", lines)


def add_signatures(note: str, lines: Iterable[str]) -> str:
    """
    Return a note with further signature lines, such as witnesses answered with.

    Lines that are there already are not repeated; nothing is verified.

    Raises
    ------
    NoteError
        When the outcome would be no note.
    """
    body, _, tail = note.rpartition("\n\n")
    there = [f"{line}\n" for line in tail.split("\n")[:-1]]
    added = [NoteSignature.parse(line).line for line in lines]
    whole = f"{body}\n\n{''.join(dict.fromkeys(there + added))}"
    Note.parse(whole)
    return whole
