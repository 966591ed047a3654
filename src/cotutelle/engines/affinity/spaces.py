"""
Where texts become rows of numbers.

``Encoder`` is the seam for other models: anything that can turn texts into rows whose dot product
is a similarity in 0–1 can stand in for TF-IDF. A dense model returns a numpy array and no terms.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cotutelle.engines.affinity.terms import split_terms


class Space(Protocol):
    """Texts placed relative to the mentors' items."""

    @property
    def terms(self) -> Sequence[str]:
        """Names of the first columns, ascending; empty where columns have no names."""

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

    Source: Manning, Raghavan & Schütze, Introduction to Information Retrieval (2008), 6.2–6.4.
    """

    def fit(self, texts: Sequence[str]) -> TfidfSpace:
        """Count in how many texts each term occurs; linear in the length of the texts."""
        found: Counter[str] = Counter()
        for text in texts:
            found.update(set(split_terms(text)))
        terms = sorted(found)
        return TfidfSpace(
            terms=terms,
            columns={term: column for column, term in enumerate(terms)},
            idf=[1 + math.log((1 + len(texts)) / (1 + found[term])) for term in terms],
            unseen_idf=1 + math.log(1 + len(texts)),
        )


@dataclass(frozen=True, slots=True)
class TfidfSpace:
    """The vocabulary of the mentors' items and the weight of each term."""

    terms: Sequence[str]
    columns: dict[str, int]
    idf: Sequence[float]
    unseen_idf: float

    def encode(self, texts: Sequence[str]) -> Any:
        """Return a CSR matrix over the mentors' terms, and one last column for all others."""
        import numpy as np  # noqa: PLC0415 - heavy
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy

        columns, weights, ends = array("i"), array("d"), array("q", [0])
        for text in texts:
            unseen = 0.0
            for term, count in Counter(split_terms(text)).items():
                column = self.columns.get(term)
                if column is None:
                    unseen += ((1 + math.log(count)) * self.unseen_idf) ** 2
                else:
                    columns.append(column)
                    weights.append((1 + math.log(count)) * self.idf[column])
            if unseen:
                columns.append(len(self.terms))
                weights.append(math.sqrt(unseen))
            ends.append(len(columns))
        placed = (np.array(weights), np.array(columns), np.array(ends))
        rows = csr_matrix(placed, shape=(len(texts), len(self.terms) + 1))
        rows.sort_indices()
        squares = np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
        lengths = np.sqrt(np.where(squares > 0, squares, 1.0))
        rows.data /= np.repeat(lengths, np.diff(rows.indptr))
        return rows
