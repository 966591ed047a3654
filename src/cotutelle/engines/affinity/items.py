"""
People's items as rows: which ones say something, their language, their vectors, their terms.

Rows stand person by person. A vector of a model is held only for the rows whose pairs need it:
English items need the multilingual model only where the other side has Chinese ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.models import Models, VectorCache, language_of
from cotutelle.engines.affinity.routes import CHINESE, ENGLISH, Routes
from cotutelle.engines.affinity.spaces import Space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors of some rows: row ``r`` has ``matrix[places[r]]``, or none where that is -1."""

    matrix: NDArray[np.float32]
    places: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Items:
    """
    The items of some people that say something.

    Attributes
    ----------
    ids, starts
        Person ``ids[p]`` has the rows ``starts[p]`` to ``starts[p + 1]``.
    numbers, texts, chinese
        Per row: its place in the person's own list, its text, whether it is compared as Chinese.
    words
        TF-IDF rows, CSR or dense.
    names
        What the columns of these rows are called, where that was asked for.
    english, multilingual
        Vectors; None where no pair needs them.
    """

    ids: list[str]
    starts: NDArray[np.int64]
    numbers: NDArray[np.int64]
    texts: list[str]
    chinese: NDArray[np.bool_]
    words: Any
    english: Vectors | None = None
    multilingual: Vectors | None = None
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Return how many rows each person has."""
        import numpy as np  # noqa: PLC0415 - heavy

        return np.diff(self.starts)


def any_chinese(people: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether any item is compared as Chinese."""
    return any(_is_chinese(text) for items in people.values() for text in items)


def place_items(
    people: Mapping[str, Sequence[str]],
    ids: list[str],
    space: Space,
    *,
    languages: bool,
    named: bool = False,
) -> Items:
    """
    Find the rows of some people.

    Without ``languages`` all count as one; ``named`` says whether columns get names.
    """
    import numpy as np  # noqa: PLC0415 - heavy

    texts = [text for person in ids for text in people[person]]
    rows = space.encode(texts)
    if hasattr(rows, "tocsr"):
        says = np.asarray(abs(rows).sum(axis=1)).ravel() > 0
    else:
        says = np.abs(rows).sum(axis=1) > 0
    kept = np.flatnonzero(says)
    sizes = np.array([len(people[person]) for person in ids], dtype=np.int64)
    first = np.concatenate(([0], np.cumsum(sizes)))
    before = np.concatenate(([0], np.cumsum(says, dtype=np.int64)))
    said = [texts[row] for row in kept.tolist()]
    return Items(
        ids=ids,
        starts=before[first],
        numbers=kept - np.repeat(first[:-1], sizes)[kept],
        texts=said,
        chinese=np.array([languages and _is_chinese(text) for text in said], dtype=bool),
        words=rows[kept],
        names=space.names(said) if named else {},
    )


def with_vectors(
    items: Items, models: Models, cache: VectorCache, *, other_chinese: bool, other_english: bool
) -> Items:
    """Add the vectors that pairs with the other side's languages need."""
    import numpy as np  # noqa: PLC0415 - heavy

    everywhere = np.ones(len(items.texts), dtype=bool)
    english = ~items.chinese if other_english else ~everywhere
    multilingual = everywhere if other_chinese else items.chinese
    return replace(
        items,
        english=_vectors(items.texts, english, models.english, cache),
        multilingual=_vectors(items.texts, multilingual, models.multilingual, cache),
    )


def _vectors(
    texts: list[str], chosen: NDArray[np.bool_], model: Any, cache: VectorCache
) -> Vectors | None:
    import numpy as np  # noqa: PLC0415 - heavy

    rows = np.flatnonzero(chosen)
    if not len(rows):
        return None
    matrix = cache.encode(model, [texts[row] for row in rows.tolist()])
    places = np.full(len(texts), -1, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    return Vectors(matrix, places)


def compare(
    left: Items,
    left_rows: NDArray[np.int64],
    right: Items,
    right_rows: NDArray[np.int64],
    *,
    words: NDArray[Any],
    routes: Routes,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """
    Return what meaning and words say about each pair of rows, both left × right.

    ``words`` holds the cosines of the TF-IDF rows and is used up; its precision is that of the
    answer.
    """
    import numpy as np  # noqa: PLC0415 - heavy

    meaning = np.zeros_like(words)
    left_chinese, right_chinese = left.chinese[left_rows], right.chinese[right_rows]
    for one in (ENGLISH, CHINESE):
        for other in (ENGLISH, CHINESE):
            a, b = np.flatnonzero(left_chinese == one), np.flatnonzero(right_chinese == other)
            if not (len(a) and len(b)):
                continue
            channels = routes[one][other]
            whole = len(a) == len(left_rows) and len(b) == len(right_rows)
            block: Any = slice(None) if whole else np.ix_(a, b)
            words[block] = channels.words.gain * words[block] + channels.words.base
            if channels.meaning.gain:
                kind = "english" if channels.route == "en-en" else "multilingual"
                x = _rows(getattr(left, kind), left_rows[a], words.dtype)
                y = _rows(getattr(right, kind), right_rows[b], words.dtype)
                meaning[block] = channels.meaning.gain * (x @ y.T) + channels.meaning.base
    return meaning, words


def _rows(vectors: Vectors, rows: NDArray[np.int64], precision: Any) -> NDArray[Any]:
    """Return the vectors of some rows, which ascend: all of them without a copy."""
    every = len(rows) == len(vectors.places) == len(vectors.matrix)
    matrix = vectors.matrix if every else vectors.matrix[vectors.places[rows]]
    return matrix.astype(precision, copy=False)


@dataclass(frozen=True, slots=True)
class Shared:
    """
    The columns of one student's rows, in which others' rows meet them.

    ``student`` is columns × the student's rows, dense; ``others`` is the others' rows × columns,
    CSR.
    """

    columns: NDArray[np.int64]
    student: NDArray[np.float64]
    others: Any

    def cosines(self) -> NDArray[np.float64]:
        """Return student's rows × others' rows."""
        import numpy as np  # noqa: PLC0415 - heavy

        cosines: NDArray[np.float64] = np.clip((self.others @ self.student).T, 0.0, 1.0, order="C")
        return cosines

    def part(self, others: NDArray[np.int64]) -> Shared:
        """Return the same with some of the others' rows."""
        return Shared(self.columns, self.student, self.others[others])


class ColumnLookup:
    """Finds the columns one student's rows share with others' rows; for one thread."""

    __slots__ = ("_asked", "_at")

    def __init__(self, columns: int) -> None:
        import numpy as np  # noqa: PLC0415 - heavy

        self._at = np.zeros(columns, dtype=np.int32)
        self._asked = np.zeros(columns, dtype=bool)

    def meet(self, student: Any, others: Any) -> Shared:
        """Return what one student's rows share with others' rows, both CSR."""
        import numpy as np  # noqa: PLC0415 - heavy
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy

        columns = np.unique(student.indices).astype(np.int64)
        self._at[columns] = np.arange(len(columns), dtype=np.int32)
        values = np.zeros((len(columns), student.shape[0]))
        lines = np.repeat(np.arange(student.shape[0]), np.diff(student.indptr))
        values[self._at[student.indices], lines] = student.data
        self._asked[columns] = True
        known = np.flatnonzero(self._asked[others.indices])
        self._asked[columns] = False
        hit = self._at[others.indices[known]]
        ends = np.searchsorted(known, others.indptr)
        shape = (others.shape[0], len(columns))
        met = csr_matrix((others.data[known], hit, ends), shape=shape)
        return Shared(columns, values, met)


def _is_chinese(text: str) -> bool:
    return not text.isascii() and language_of(text) == "zh"
