"""
Which mentors are worth exact scores, for problems too large to compare all items with all items.

A student's items of one language become their mean, a mentor's items overlapping groups of
neighbours, each as large as the number of items that count; the best group's mean stands for the
mentor. The mean of the best few is convex in the student's vector, and no group is better than the
best few, so this lies below the score; how far depends mostly on how varied a mentor's items are,
and is measured per mentor on a sample of students that are scored exactly. How much room must be
left so that none of the best mentors falls off the list is read from a second sample. What stands
on the list is then scored exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.index import MentorIndex
from cotutelle.engines.affinity.items import Items
from cotutelle.engines.affinity.routes import CHINESE, ENGLISH

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KINDS = ("english", "multilingual")
_TERMS_KEPT = 32
_COMMON_SHARE = 0.01
_MORE_ROOM = 1.25


@dataclass(frozen=True, slots=True)
class View:
    """
    The groups as items of one language meet them: every gain is already in.

    ``vectors`` are groups × the dimensions of the models ``kinds``, one after the other, and a last
    column of floors; ``words`` are terms × groups, CSR.
    """

    kinds: tuple[str, ...]
    vectors: NDArray[np.float32]
    words: Any


@dataclass(frozen=True, slots=True)
class Shortlist:
    """
    Rough scores of all mentors.

    ``views`` are the groups by language of the student's items, ``sizes`` how many groups each
    mentor has. ``rare`` says which terms are looked at, ``lift`` what exact scores have above rough
    ones, per mentor. The list holds the ``top`` best and all that are at most ``room`` below them.
    """

    views: Mapping[int, View]
    sizes: NDArray[np.int64]
    rare: NDArray[np.bool_]
    lift: NDArray[np.float32]
    top: int
    room: float

    def lists(self, students: Items, index: MentorIndex) -> Iterator[NDArray[np.int64]]:
        """Yield for each student the places of the mentors to score exactly, ascending."""
        import numpy as np  # noqa: PLC0415 - heavy

        rough = self.scores(students, index)
        for line, least in zip(rough, _least(rough, self.top), strict=True):
            yield np.flatnonzero(line >= least - self.room)

    def scores(self, students: Items, index: MentorIndex) -> NDArray[np.float32]:
        """Return students × mentors."""
        import numpy as np  # noqa: PLC0415 - heavy

        found = np.tile(self.lift, (len(students.ids), 1))
        owners = np.repeat(np.arange(len(students.ids)), students.sizes)
        grouped = np.flatnonzero(self.sizes)
        starts = (np.cumsum(self.sizes) - self.sizes)[grouped]
        for language, view in self.views.items():
            rows = np.flatnonzero(students.chinese == language)
            if not len(rows):
                continue
            who, counts = np.unique(owners[rows], return_counts=True)
            part = np.full(
                (len(who), len(self.sizes)),
                index.routes[language][language].floor,
                dtype=np.float32,
            )
            if len(grouped):
                cells = self._cells(students, rows, counts, view)
                part[:, grouped] = np.maximum.reduceat(cells, starts, axis=1)
            found[who] += (counts / students.sizes[who]).astype(np.float32)[:, None] * part
        return found

    def _cells(
        self, students: Items, rows: NDArray[np.int64], counts: NDArray[np.int64], view: View
    ) -> NDArray[np.float32]:
        """Return means of these rows, ``counts`` of them each, × groups."""
        import numpy as np  # noqa: PLC0415 - heavy
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy

        ends = np.concatenate(([0], np.cumsum(counts)))
        weights = np.repeat(1 / counts, counts).astype(np.float32)
        mean = csr_matrix((weights, np.arange(len(rows)), ends))
        own = [getattr(students, kind) for kind in view.kinds]
        means = [mean @ vectors.matrix[vectors.places[rows]] for vectors in own]
        ones = np.ones((len(counts), 1), dtype=np.float32)
        cells: NDArray[np.float32] = np.hstack([*means, ones]) @ view.vectors.T
        terms = _strongest_terms(mean @ students.words[rows].astype(np.float32), self.rare)
        product = terms @ view.words
        lines = np.repeat(np.arange(len(cells)), np.diff(product.indptr))
        cells[lines, product.indices] += product.data
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
        How many mentors of each student must be on the list; fewer than there are.
    best_items
        How many rows of a mentor stand in one group.
    """
    import numpy as np  # noqa: PLC0415 - heavy

    holding = np.diff(index.turned.indptr)
    rare = (holding > 0) & (holding <= max(5, _COMMON_SHARE * len(index.items.texts)))
    groups, sizes = _group(index.items, best_items)
    views = {
        language: _view(index, groups, language, rare)
        for language in (ENGLISH, CHINESE)
        if language == ENGLISH or _is_multilingual(index.items)
    }
    none = np.zeros(len(index.items.ids), dtype=np.float32)
    rough = Shortlist(views, sizes, rare, none, top, 0).scores(sample, index)
    lift = (exact - rough)[::2].mean(axis=0).astype(np.float32)
    lifted = (rough + lift)[1::2]
    best = np.argsort(-exact[1::2], axis=1, kind="stable")[:, :top]
    worst = np.take_along_axis(lifted, best, axis=1).min(axis=1)
    room = _MORE_ROOM * float((_least(lifted, top) - worst).max())
    return Shortlist(views, sizes, rare, lift, top, room)


def _least(rough: NDArray[np.float32], top: int) -> NDArray[np.float32]:
    """Return of each line the value at place ``top`` from above."""
    import numpy as np  # noqa: PLC0415 - heavy

    least: NDArray[np.float32] = np.partition(rough, -top, axis=1)[:, -top]
    return least


def _is_multilingual(items: Items) -> bool:
    """Tell whether every row has what a Chinese item is compared with."""
    return items.multilingual is not None and bool((items.multilingual.places >= 0).all())


def _group(items: Items, size: int) -> tuple[Any, NDArray[np.int64]]:
    """Return groups × rows, each group the mean of its rows, and how many each mentor has."""
    import numpy as np  # noqa: PLC0415 - heavy
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy

    found: list[list[int]] = []
    counts = []
    for start, end in zip(items.starts[:-1].tolist(), items.starts[1:].tolist(), strict=True):
        before = len(found)
        if end - start > size:
            nearest = np.argsort(-_likeness(items, start, end), axis=1)[:, :size].tolist()
            free = set(range(end - start))
            for near in nearest:
                if 2 * len(free.intersection(near)) > size:
                    found.append([start + row for row in near])
                    free.difference_update(near)
        elif end > start:
            found.append(list(range(start, end)))
        counts.append(len(found) - before)
    sizes = np.array([len(group) for group in found], dtype=np.int64)
    rows = np.array([row for group in found for row in group], dtype=np.int64)
    weights = np.repeat(1 / sizes, sizes).astype(np.float32)
    ends = np.concatenate(([0], np.cumsum(sizes)))
    return csr_matrix((weights, rows, ends), (len(found), len(items.texts))), np.array(counts)


def _likeness(items: Items, start: int, end: int) -> NDArray[np.float32]:
    """Compare the rows of one mentor: by meaning inside a language, by words without models."""
    import numpy as np  # noqa: PLC0415 - heavy

    if items.english is None and items.multilingual is None:
        words = items.words[start:end]
        return np.asarray((words @ words.T).toarray(), dtype=np.float32)
    found = np.full((end - start, end - start), -1.0, dtype=np.float32)
    for kind, language in zip(_KINDS, (ENGLISH, CHINESE), strict=True):
        rows = np.flatnonzero(items.chinese[start:end] == language)
        vectors = getattr(items, kind)
        if len(rows):
            own = vectors.matrix[vectors.places[start + rows]]
            found[np.ix_(rows, rows)] = own @ own.T
    return found


def _view(index: MentorIndex, groups: Any, language: int, rare: NDArray[np.bool_]) -> View:
    import numpy as np  # noqa: PLC0415 - heavy
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy

    items = index.items
    channels = index.routes[language]
    other = items.chinese.astype(int)
    floors = np.array([one.floor for one in channels], dtype=np.float32)[other]
    of_words = np.array([one.words.gain for one in channels], dtype=np.float32)[other]
    kinds, vectors = [], []
    for kind in _KINDS:
        gains = np.array(
            [
                one.meaning.gain if (one.route == "en-en") == (kind == "english") else 0.0
                for one in channels
            ],
            dtype=np.float32,
        )[other]
        rows = np.flatnonzero(gains)
        if len(rows):
            have = getattr(items, kind)
            scaled = have.matrix[have.places[rows]] * gains[rows, None]
            kinds.append(kind)
            vectors.append(groups[:, rows] @ scaled)
    whole = items.words
    kept = np.flatnonzero(rare[whole.indices])
    ends = np.searchsorted(kept, whole.indptr)
    gains = np.repeat(of_words, np.diff(ends))
    parts = (whole.data[kept] * gains, whole.indices[kept], ends)
    words = (groups @ csr_matrix(parts, whole.shape, dtype=np.float32)).T.tocsr()
    return View(tuple(kinds), np.hstack([*vectors, (groups @ floors)[:, None]]), words)
