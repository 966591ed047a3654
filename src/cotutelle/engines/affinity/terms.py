"""
From a text to its terms.

Chinese runs become overlapping character bigrams, which need no dictionary and therefore never
miss a new disease or drug (a run of one character is its own term). Everything else becomes
lower-cased words and pairs of neighbouring words. Both live in one vocabulary: no Chinese term can
equal a Latin one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003347f"
_PIECE = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+|[^\s\-/]")
_HAN_ONLY = re.compile(rf"[{_HAN}]+")
_MIN_WORD = 2

# English function words: they say nothing about a subject, alone or inside a pair.
_STOP_WORDS = """
a about above after again against all also although am among an and any are as at be because
been before being below between both but by can cannot could did do does doing down during each
either et etc few for from further had has have having he hence her here hers him his how however
i if in into is it its itself just may me might more most much must my neither nor not now of off
on once only onto or other our ours out over own per same shall she should since so some such
than that the their theirs them then there therefore these they this those though through thus to
too toward towards under until up upon us very via was we were what when where whereas whether
which while who whom whose why will with within without would yet you your yours
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


def normalise(text: str) -> str:
    """Fold width, compatibility forms and case, so that ＣＴ, CT and ct are one word."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).lower()


def is_han(term: str) -> bool:
    """Tell whether a term is Chinese."""
    return not term.isascii() and _HAN_ONLY.fullmatch(term) is not None


def han_runs(text: str) -> list[str]:
    """Return the unbroken Chinese stretches of a text."""
    return _HAN_ONLY.findall(normalise(text))


def split_terms(text: str) -> list[str]:
    """
    Return the terms of a text, repeated as often as they occur.

    A pair of words counts only where the text has them side by side, with nothing but space, a
    hyphen or a slash between: a pair shown as a reason is a phrase that was really written. Single
    letters and digits count inside pairs only ("t cell", "pd l1").
    """
    terms: list[str] = []
    previous = ""
    for word in _PIECE.findall(normalise(text)):
        if word in STOP_WORDS or not word[0].isalnum():
            previous = ""
            continue
        if is_han(word):
            previous = ""
            terms += han_bigrams(word)
            continue
        if len(word) >= _MIN_WORD:
            terms.append(word)
        if previous:
            terms.append(f"{previous} {word}")
        previous = word
    return terms


def _is_word(piece: str) -> bool:
    """Tell words that count from what breaks them: Chinese, function words, punctuation."""
    return piece[0].isalnum() and piece not in STOP_WORDS and not is_han(piece)


def han_bigrams(run: str) -> list[str]:
    """Return the overlapping pairs of characters of a Chinese run, or the one character it is."""
    return [a + b for a, b in pairwise(run)] or [run]


def word_places(term: str, text: str) -> Iterator[tuple[int, int]]:
    """
    Yield where a word, or a pair of words side by side, stands in a normalised text.

    The same rule as ``split_terms``: it finds a term exactly where that yields it.
    """
    parts = term.split(" ")
    run: list[tuple[str, int, int]] = []
    for piece in _PIECE.finditer(text):
        if not _is_word(piece[0]):
            run = []
            continue
        run = [*run, (piece[0], piece.start(), piece.end())][-len(parts) :]
        if [found for found, _, _ in run] == parts:
            yield run[0][1], run[-1][2]
