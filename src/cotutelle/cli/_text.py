"""Reading a text file whose encoding nobody wrote down."""

from __future__ import annotations

from pathlib import Path


class UnreadableText(ValueError):
    """A file that cannot be read as text; its message begins with the path."""


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
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
        break
    raise UnreadableText(f"{path}: neither UTF-8 nor GB18030 text")
