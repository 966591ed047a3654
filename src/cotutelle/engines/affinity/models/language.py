"""Which language a text is in, and where its sentences end."""

from __future__ import annotations

import re
from typing import Literal

from cotutelle.engines.affinity.terms import han_runs, normalise

Language = Literal["zh", "en"]

_LATIN_WORD = re.compile(r"[^\W\d_\u3005-\u9fff\U00020000-\U0003347f]{2,}")
_CHINESE_FROM_SHARE = 0.3
_END = re.compile(r"[。！？；!?…]+[”’」』）)\"']*|\.[\"')\]]*(?=\s)|\n+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:[A-Za-z]|\d{1,2}|e\.g|i\.e|cf|vs|al|etc|approx|ca|no|nos|fig|figs|eq|ref|refs"
    r"|dr|mr|mrs|ms|prof|st|inc|ltd|dept|spp|sp|var)\.$",
    re.IGNORECASE,
)


def language_of(text: str) -> Language:
    """
    Return the language a text is to be compared in.

    One Chinese character weighs as much as one word in Latin letters. From three in ten on the text
    is Chinese, so that medical Chinese full of drug names and abbreviations stays Chinese while an
    English text that quotes a Chinese name stays English. A text with neither is English.
    """
    han = sum(len(run) for run in han_runs(text))
    words = len(_LATIN_WORD.findall(normalise(text))) if han else 0
    return "zh" if han and han >= _CHINESE_FROM_SHARE * (han + words) else "en"


def sentences(text: str) -> list[str]:
    """
    Cut a text into its sentences, Chinese and English alike.

    Every sentence is an exact piece of the text without the space around it. Decimal points,
    initials and common abbreviations ("et al.", "vs.", "Fig.") end none.
    """
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        if end[0].startswith(".") and _is_abbreviated(
            text[start : end.start() + 1], text[end.end() :]
        ):
            continue
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def _is_abbreviated(before: str, after: str) -> bool:
    following = after.lstrip()[:1]
    return following.islower() or _ABBREVIATION.search(before) is not None
