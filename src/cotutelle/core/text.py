"""Reading text whose encoding nobody wrote down, and folding it for comparison."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

# With the last two no database and no UTF-8 can keep a text: NUL, and halves of characters.
_INVISIBLE = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00ad\x00\ud800-\udfff]"
)


class UnreadableText(ValueError):
    """A file that cannot be read as text; its message begins with the path."""


def decode(raw: bytes) -> str:
    """Decode UTF-8 with or without a byte order mark, otherwise GB18030.

    Raises
    ------
    UnreadableText
        The bytes are neither encoding, or hold NUL.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
        break
    raise UnreadableText("neither UTF-8 nor GB18030 text")


def read_text(path: str | Path) -> str:
    """Read UTF-8 with or without a byte order mark, otherwise GB18030.

    Line ends are left as they are, so that ``csv`` sees what was written.

    Raises
    ------
    UnreadableText
        The file is missing, may not be read, or is neither encoding.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise UnreadableText(f"{path}: {error.strerror or error}") from error
    try:
        return decode(raw)
    except UnreadableText as error:
        raise UnreadableText(f"{path}: {error}") from error


def squeeze(text: str) -> str:
    """Drop invisible characters and make every run of spaces (also full-width) one space."""
    return " ".join(_INVISIBLE.sub("", text).split())


def half_width(text: str) -> str:
    """Return ``text`` squeezed, with full-width letters, digits and signs made half-width."""
    return squeeze(unicodedata.normalize("NFKC", text))
