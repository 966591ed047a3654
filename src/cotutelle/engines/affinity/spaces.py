"""
Where texts become rows of numbers.

``Encoder`` is the seam for other models: anything that can turn texts into rows whose dot product
is a similarity in 0–1 can stand in for TF-IDF. A dense model returns a numpy array and no terms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from cotutelle.engines.affinity.termcounts import TermCounts
from cotutelle.engines.affinity.terms import split_terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Terms = tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.int64]]


class Space(Protocol):
    """Texts placed relative to the mentors' items."""

    def names(self, texts: Sequence[str]) -> Mapping[int, str]:
        """Return the names of the columns these texts have; empty where columns have no names."""

    def encode(self, texts: Sequence[str]) -> Any:
        """
        Return one row per text: a scipy CSR matrix or a 2-d numpy array.

        Rows have length 1, or are all zero where the text says nothing: such an item is left out of
        every mean.
        """


class Encoder(Protocol):
    """A way to compare texts."""

    def fit(self, texts: Sequence[str]) -> Space:
        """Learn what is common and what is rare from the mentors' items."""


@dataclass(frozen=True, slots=True)
class TfidfEncoder:
    """
    TF-IDF with logarithmic counts, smooth idf and cosine length.

    The weight of a term is ``(1 + ln count) · (1 + ln((1 + n) / (1 + df)))`` with ``n`` items and
    ``df`` of them holding the term. Both are counted over the **mentors'** items alone, so that a
    student's score never depends on who else applies. Terms no mentor uses still lengthen a
    student's row (with ``df = 0``): one shared word in a long statement stays one word.

    ``counts`` keeps the terms of texts seen before; two terms are taken for one where 64 bits of
    their hashes agree.

    Source: Manning, Raghavan & Schütze, Introduction to Information Retrieval (2008), 6.2–6.4.
    """

    counts: TermCounts = field(default_factory=TermCounts)

    def fit(self, texts: Sequence[str]) -> TfidfSpace:
        """Count in how many texts each term occurs; linear in the length of the texts."""
        import numpy as np  # noqa: PLC0415 - heavy

        found, counts, sizes = self.counts.count(texts)
        hashes, columns, holding = np.unique(found, return_inverse=True, return_counts=True)
        idf = 1 + np.log((1 + len(texts)) / (1 + holding))
        space = TfidfSpace(hashes, np.append(idf, 1 + math.log(1 + len(texts))), self.counts)
        space.last.append((texts, (columns, counts, sizes)))
        return space


@dataclass(frozen=True, slots=True)
class TfidfSpace:
    """
    The vocabulary of the mentors' items, as ascending hashes, and the weight of each term.

    ``last`` holds the texts asked for last, which are often asked for again, and their terms.
    """

    hashes: NDArray[np.uint64]
    idf: NDArray[np.float64]
    counts: TermCounts
    last: list[tuple[Sequence[str], Terms]] = field(default_factory=list, repr=False, compare=False)

    def names(self, texts: Sequence[str]) -> Mapping[int, str]:
        """Return the terms of the texts that mentors use, by column."""
        columns, _, _ = self._terms(texts)
        terms = [term for text in texts for term in dict.fromkeys(split_terms(text))]
        names = dict(zip(columns.tolist(), terms, strict=True))
        names.pop(len(self.hashes), None)
        return names

    def encode(self, texts: Sequence[str]) -> Any:
        """Return a CSR matrix over the mentors' terms, and one last column for all others."""
        import numpy as np  # noqa: PLC0415 - heavy
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy

        columns, counts, sizes = self._terms(texts)
        weights = (1 + np.log(counts)) * self.idf[columns]
        lines = np.repeat(np.arange(len(texts)), sizes)
        squares = np.bincount(lines, weights**2, minlength=len(texts))
        weights /= np.sqrt(squares)[lines]
        known = columns < len(self.hashes)
        unseen = np.sqrt(np.bincount(lines[~known], weights[~known] ** 2, minlength=len(texts)))
        lacking = np.flatnonzero(unseen)
        lines = np.concatenate((lines[known], lacking))
        columns = np.concatenate((columns[known], np.full(len(lacking), len(self.hashes))))
        weights = np.concatenate((weights[known], unseen[lacking]))
        shape = (len(texts), len(self.hashes) + 1)
        rows = csr_matrix((weights, (lines, columns.astype(np.int32))), shape=shape)
        rows.sort_indices()
        return rows

    def _terms(self, texts: Sequence[str]) -> Terms:
        """Return the columns of all terms, text after text, their counts, how many a text has."""
        for known, terms in self.last:
            if known == texts:
                return terms
        found, counts, sizes = self.counts.count(texts)
        self.last[:] = [(texts, (self._columns(found), counts, sizes))]
        return self.last[0][1]

    def _columns(self, found: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the columns of terms by hash; the last one for terms no mentor uses."""
        import numpy as np  # noqa: PLC0415 - heavy

        asked, places = np.unique(found, return_inverse=True)
        columns = np.searchsorted(self.hashes, asked)
        if len(self.hashes):
            same = self.hashes[np.minimum(columns, len(self.hashes) - 1)] == asked
            columns = np.where(same, columns, len(self.hashes))
        return columns[places]
