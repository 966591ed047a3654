"""Derived text of people: how they sort and how they are found."""

from __future__ import annotations

import unicodedata


def sort_key(name_zh: str, name_en: str) -> str:
    """Return the pinyin of a Chinese name (family name first), else the folded English one."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415  loads a dictionary

    if name_zh:
        return " ".join(lazy_pinyin(name_zh)).lower()[:200]
    return unicodedata.normalize("NFKC", name_en).casefold()[:200]


def fold(text: str) -> str:
    """Return ``text`` as searches compare it: full-width and case do not matter."""
    return unicodedata.normalize("NFKC", text).casefold()


def search_text(*parts: str) -> str:
    """Return what a substring search looks into: the parts and their pinyin, folded."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415

    words = [fold(p) for p in parts if p]
    pinyin = ["".join(lazy_pinyin(w)) for w in words if not w.isascii()]
    return " ".join(dict.fromkeys([*words, *pinyin]))
