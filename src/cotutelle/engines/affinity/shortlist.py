"""
Which mentors are worth exact scores, for problems too large to compare all items with all items.

A student's items of one language become their mean, and the mean is compared with every item of
every mentor. The mean of the best few is convex in the student's vector, so this lies below the
score; how far depends mostly on how varied a mentor's items are, and is measured per mentor on a
sample of students that are scored exactly. How long the list must be so that none of the best
mentors falls off it is read from a second sample. What stands on the list is then scored exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.index import MentorIndex
from cotutelle.engines.affinity.items import Items
from cotutelle.engines.affinity.routes import CHINESE, ENGLISH
from cotutelle.engines.affinity.rows import item_scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MENTORS_AT_ONCE = 256
_TERMS_KEPT = 128
_COMMON_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Shelf:
    """Some mentors: their places, their rows, how many each has, the rows' terms turned."""

    mentors: slice
    rows: slice
    sizes: NDArray[np.int64]
    words: Any


@dataclass(frozen=True, slots=True)
class Shortlist:
    """
    Rough scores of all mentors.

    ``rare`` says which terms are looked at, ``lift`` what exact scores have above rough ones, per
    mentor, and ``length`` how many mentors to score exactly.
    """

    shelves: list[Shelf]
    rare: NDArray[np.bool_]
    lift: NDArray[np.float32]
    length: int

    def rank(self, students: Items, index: MentorIndex, best_items: int) -> NDArray[np.int64]:
        """Return students × ``length``: places of mentors, ascending."""
        import numpy as np  # noqa: PLC0415 - heavy

        rough = self.scores(students, index, best_items)
        length = min(self.length, rough.shape[1])
        return np.sort(np.argpartition(-rough, length - 1, axis=1)[:, :length], axis=1)

    def scores(self, students: Items, index: MentorIndex, best_items: int) -> NDArray[np.float32]:
        """Return students × mentors."""
        import numpy as np  # noqa: PLC0415 - heavy

        found = np.tile(self.lift, (len(students.ids), 1))
        owners = np.repeat(np.arange(len(students.ids)), students.sizes)
        for language in (ENGLISH, CHINESE):
            rows = np.flatnonzero(students.chinese == language)
            if not len(rows):
                continue
            who, counts = np.unique(owners[rows], return_counts=True)
            means = _Means(students, rows, np.cumsum(counts) - counts, counts, self.rare)
            share = (counts / students.sizes[who]).astype(np.float32)[:, None]
            floors = np.full(len(who), index.routes[language][language].floor, dtype=np.float32)
            for shelf in self.shelves:
                cells = means.compare(index, language, shelf)
                part = item_scores(cells, shelf.sizes, floors, best_items)
                found[who, shelf.mentors] += share * part
        return found


class _Means:
    """The means of some students' rows of one language, in every space they have."""

    def __init__(
        self,
        students: Items,
        rows: NDArray[np.int64],
        starts: NDArray[np.int64],
        counts: NDArray[np.int64],
        rare: NDArray[np.bool_],
    ) -> None:
        import numpy as np  # noqa: PLC0415 - heavy
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy

        self._vectors: dict[str, NDArray[Any]] = {}
        for kind in ("english", "multilingual"):
            vectors = getattr(students, kind)
            if vectors is not None and (vectors.places[rows] >= 0).all():
                sums = np.add.reduceat(vectors.matrix[vectors.places[rows]], starts, axis=0)
                self._vectors[kind] = sums / counts[:, None].astype(np.float32)
        ends = np.concatenate((starts, [len(rows)]))
        weights = np.repeat(1 / counts, counts).astype(np.float32)
        gather = csr_matrix((weights, np.arange(len(rows)), ends))
        self._words = _strongest_terms(gather @ students.words[rows].astype(np.float32), rare)

    def compare(self, index: MentorIndex, language: int, shelf: Shelf) -> NDArray[np.float32]:
        """Return means × rows of the shelf."""
        import numpy as np  # noqa: PLC0415 - heavy

        chinese = index.items.chinese[shelf.rows]
        cells = np.empty((self._words.shape[0], len(chinese)), dtype=np.float32)
        gains = np.zeros(len(chinese), dtype=np.float32)
        for other in (ENGLISH, CHINESE):
            columns = np.flatnonzero(chinese == other)
            if not len(columns):
                continue
            channels = index.routes[language][other]
            block: Any = slice(None) if len(columns) == len(chinese) else columns
            gains[block] = channels.words.gain
            cells[:, block] = channels.floor
            if channels.meaning.gain:
                kind = "english" if channels.route == "en-en" else "multilingual"
                vectors = getattr(index.items, kind)
                theirs = vectors.matrix[vectors.places[shelf.rows][columns]]
                cells[:, block] += (
                    self._vectors[kind] * np.float32(channels.meaning.gain)
                ) @ theirs.T
        product = self._words @ shelf.words
        lines = np.repeat(np.arange(len(cells)), np.diff(product.indptr))
        cells[lines, product.indices] += product.data * gains[product.indices]
        return cells


def _strongest_terms(rows: Any, rare: NDArray[np.bool_]) -> Any:
    """Keep of each row the strongest of its rare terms."""
    import numpy as np  # noqa: PLC0415 - heavy
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy

    known = np.flatnonzero(rare[rows.indices])
    lines = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))[known]
    order = np.lexsort((-rows.data[known], lines))
    lines, known = lines[order], known[order]
    sizes = np.bincount(lines, minlength=rows.shape[0])
    place = np.arange(len(known)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    kept = known[place < _TERMS_KEPT]
    ends = np.concatenate(([0], np.cumsum(np.minimum(sizes, _TERMS_KEPT))))
    return csr_matrix((rows.data[kept], rows.indices[kept], ends), shape=rows.shape)


def make_shortlist(
    index: MentorIndex,
    sample: Items,
    exact: NDArray[np.float64],
    *,
    top: int,
    best_items: int,
) -> Shortlist:
    """
    Measure on a sample how rough scores differ from exact ones, and how long the list must be.

    Parameters
    ----------
    sample, exact
        Students, two or more, and their exact scores, students × mentors: every second one serves
        for the lift, the others for the length.
    top
        How many mentors of each student must be on the list.
    """
    import numpy as np  # noqa: PLC0415 - heavy

    holding = np.diff(index.turned.indptr)
    rare = (holding > 0) & (holding <= max(5, _COMMON_SHARE * len(index.items.texts)))
    none = np.zeros(len(index.items.ids), dtype=np.float32)
    first = Shortlist(list(_shelves(index)), rare, none, 0)
    rough = first.scores(sample, index, best_items)
    lift = (exact - rough)[::2].mean(axis=0).astype(np.float32)
    lifted = (rough + lift)[1::2]
    best = np.argsort(-exact[1::2], axis=1, kind="stable")[:, :top]
    worst = np.take_along_axis(lifted, best, axis=1).min(axis=1)
    needed = int((lifted >= worst[:, None]).sum(axis=1).max())
    return Shortlist(first.shelves, rare, lift, max(2 * top, needed + needed // 4))


def _shelves(index: MentorIndex) -> Iterator[Shelf]:
    import numpy as np  # noqa: PLC0415 - heavy

    items = index.items
    starts, words = items.starts.tolist(), items.words.astype(np.float32)
    for first in range(0, len(items.ids), _MENTORS_AT_ONCE):
        end = min(first + _MENTORS_AT_ONCE, len(items.ids))
        rows = slice(starts[first], starts[end])
        turned = words[rows].T.tocsr()
        yield Shelf(slice(first, end), rows, items.sizes[first:end], turned)
