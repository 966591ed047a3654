"""
Which terms carried a score, in words a person can read.

The weight of a term in a pair is its part of the score. Terms are gathered into phrases that the
student really wrote: a pair of words stands for its words, and a Chinese word (cut by jieba, for
showing only) for its character bigrams.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.terms import han_bigrams, han_runs, is_han

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TERMS_SHOWN = 5
_NEAR_ZERO = 1e-12


class TermPicker:
    """Names the strongest shared phrases of one student with any mentor."""

    __slots__ = ("_bare", "_columns", "_parts", "_phrases", "_starts", "_values", "_weights")

    def __init__(self, names: Sequence[str], rows: Any, texts: Iterable[str]) -> None:
        """``rows`` are the student's CSR rows, one per text, over the columns ``names``."""
        import numpy as np  # noqa: PLC0415 - heavy

        rows = rows[:, : len(names)]
        self._columns = np.unique(rows.indices)
        self._values = np.zeros((rows.shape[0], len(self._columns)))
        at = np.searchsorted(self._columns, rows.indices)
        self._values[np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)), at] = rows.data
        local = {names[column]: place for place, column in enumerate(self._columns.tolist())}
        self._bare = [names[column] for column in self._columns.tolist()]
        phrases = _phrases(local, texts)
        self._phrases = sorted(phrases)
        parts = [phrases[phrase] for phrase in self._phrases]
        self._parts = np.array([part for group in parts for part in group], dtype=np.int64)
        sizes = np.array([len(group) for group in parts], dtype=np.int64)
        self._starts = np.concatenate(([0], np.cumsum(sizes)))[:-1].astype(np.int64)

    def pick(self, rows: Any, shares: NDArray[np.float64]) -> tuple[str, ...]:
        """
        Return up to five phrases, strongest first, equal ones in alphabetical order.

        ``rows`` are the mentor's CSR rows; ``shares[i, j]`` is the part of the score that one unit
        of similarity between the student's item ``i`` and the mentor's item ``j`` makes.
        """
        import numpy as np  # noqa: PLC0415 - heavy

        if not len(self._columns):
            return ()
        at = np.searchsorted(self._columns, rows.indices)
        at[at == len(self._columns)] = 0
        known = self._columns[at] == rows.indices
        owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        theirs = np.zeros((rows.shape[0], len(self._columns)))
        theirs[owner[known], at[known]] = rows.data[known]
        weights = ((shares @ theirs) * self._values).sum(axis=0)
        return self._strongest(self._strengths(weights[self._parts])) or self._bare_terms(weights)

    def _strengths(self, carried: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up the parts of each phrase; a phrase shared only in part counts nothing."""
        import numpy as np  # noqa: PLC0415 - heavy

        if not len(carried):
            return carried
        whole = np.minimum.reduceat(carried, self._starts) > _NEAR_ZERO
        return np.where(whole, np.add.reduceat(carried, self._starts).round(12), 0.0)

    def _bare_terms(self, weights: NDArray[np.float64]) -> tuple[str, ...]:
        """Fall back on Chinese bigrams that make no whole word of the student's."""
        order = (-weights.round(12)).argsort(kind="stable")[:TERMS_SHOWN].tolist()
        return tuple(self._bare[place] for place in order if weights[place] > _NEAR_ZERO)

    def _strongest(self, strength: NDArray[np.float64]) -> tuple[str, ...]:
        """Take phrases by strength, passing over those a taken phrase already says."""
        chosen: list[str] = []
        said: set[int] = set()
        ends = [*self._starts[1:].tolist(), len(self._parts)]
        for place in (-strength).argsort(kind="stable").tolist():
            if strength[place] <= 0 or len(chosen) == TERMS_SHOWN:
                break
            parts = self._parts[self._starts[place] : ends[place]].tolist()
            if said.issuperset(parts):
                continue
            chosen.append(self._phrases[place])
            said.update(parts)
        return tuple(chosen)


def _phrases(local: dict[str, int], texts: Iterable[str]) -> dict[str, list[int]]:
    """Map every phrase that can be shown to the places of the terms it stands for."""
    phrases: dict[str, list[int]] = {}
    chinese = False
    for term, place in local.items():
        if is_han(term):
            chinese = True
            continue
        words = [local[word] for word in term.split(" ") if word in local]
        phrases[term] = [place, *words] if " " in term else [place]
    if chinese:
        phrases.update(_chinese_phrases(local, texts))
    return phrases


def _chinese_phrases(local: dict[str, int], texts: Iterable[str]) -> dict[str, list[int]]:
    """Use the words jieba finds in the texts, where every bigram of the word is known."""
    phrases: dict[str, list[int]] = {}
    cut = _word_cutter().cut
    runs = sorted({run for text in texts for run in han_runs(text)})
    for word in sorted({word for run in runs for word in cut(run, HMM=False)}):
        bigrams = list(dict.fromkeys(han_bigrams(word)))
        if all(bigram in local for bigram in bigrams):
            phrases[word] = [local[bigram] for bigram in bigrams]
    return phrases


@lru_cache(maxsize=1)
def _word_cutter() -> Any:
    """Load jieba's dictionary without the cache file it would leave in a shared folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba  # noqa: PLC0415 - heavy

    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    return cutter
