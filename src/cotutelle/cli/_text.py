"""Text of others: files whose encoding nobody wrote down, and lines that are printed."""

from __future__ import annotations

from cotutelle.core.text import UnreadableText, read_text

__all__ = ["UnreadableText", "printable", "read_text"]


def printable(line: str) -> str:
    """Return ``line`` without what would move the cursor or hide something."""
    return "".join(letter if letter.isprintable() else "�" for letter in line)
