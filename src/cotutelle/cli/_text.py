"""Reading a text file whose encoding nobody wrote down."""

from __future__ import annotations

from cotutelle.core.text import UnreadableText, read_text

__all__ = ["UnreadableText", "read_text"]
