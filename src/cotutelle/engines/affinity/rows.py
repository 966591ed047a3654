"""From similarities of items to scores of pairs, and from these to rows with their reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.index import MentorIndex
from cotutelle.engines.affinity.items import Items, Shared
from cotutelle.engines.affinity.problem import PACKED, ROUTES, AffinityRow, ItemMatch, unpack
from cotutelle.engines.affinity.reasons import pick_terms
from cotutelle.engines.affinity.routes import Channels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCORE_DECIMALS = 6
_MENTORS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Meeting:
    """
    One student's rows beside the rows of some mentors.

    ``mentors`` are places in the index; ``meaning`` and ``words`` are student's rows × the rows of
    these mentors, one mentor after the other; ``shared`` is what ``words`` came from, where it is
    at hand.
    """

    students: Items
    place: int
    index: MentorIndex
    mentors: NDArray[np.int64]
    meaning: NDArray[np.float64]
    words: NDArray[np.float64]
    shared: Shared | None = None

    @property
    def own(self) -> NDArray[np.int64]:
        """Return the student's rows."""
        import numpy as np  # noqa: PLC0415 - heavy

        return np.arange(*self.students.starts[self.place : self.place + 2].tolist())

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Return how many rows each of the mentors has."""
        sizes: NDArray[np.int64] = self.index.items.sizes[self.mentors]
        return sizes

    @property
    def columns(self) -> NDArray[np.int64]:
        """Return the rows of these mentors in the index."""
        return spread(self.index.items.starts[self.mentors], self.sizes)

    @property
    def floors(self) -> list[Channels]:
        """Return the channels in which each own row meets a mentor without a row."""
        chinese = self.students.chinese[self.own].astype(int).tolist()
        return [self.index.routes[language][language] for language in chinese]

    def part(self, chosen: NDArray[np.int64]) -> Meeting:
        """Return the same student beside some of these mentors: ``mentors[chosen]``."""
        sizes = self.sizes
        columns = spread((sizes.cumsum() - sizes)[chosen], sizes[chosen])
        return Meeting(
            self.students,
            self.place,
            self.index,
            self.mentors[chosen],
            self.meaning[:, columns],
            self.words[:, columns],
            self.shared.part(columns) if self.shared else None,
        )


def spread(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ``starts[i], …, starts[i] + sizes[i] - 1`` for every i, one after the other."""
    import numpy as np  # noqa: PLC0415 - heavy

    ends = np.cumsum(sizes)
    shift = np.repeat(starts - (ends - sizes), sizes)
    found: NDArray[np.int64] = np.arange(len(shift)) + shift
    return found


def item_scores(
    similarities: NDArray[Any],
    sizes: NDArray[np.int64],
    floors: NDArray[Any],
    best_items: int,
) -> NDArray[np.float64]:
    """
    Return students' rows × mentors: the mean of each mentor's best rows.

    ``similarities`` holds the mentors' rows one mentor after the other, ``sizes`` of them each; a
    mentor without a row gets the student's row's own floor: what sharing nothing gives.
    """
    import numpy as np  # noqa: PLC0415 - heavy

    starts = np.cumsum(sizes) - sizes
    scores = np.empty((len(similarities), len(sizes)))
    for size in np.unique(sizes).tolist():
        which = np.flatnonzero(sizes == size)
        if not size:
            scores[:, which] = floors[:, None]
            continue
        found = similarities[:, starts[which][:, None] + np.arange(size)]
        if size > best_items:
            found = np.partition(found, size - best_items, axis=2)[:, :, size - best_items :]
        scores[:, which] = found.mean(axis=2)
    return scores


def mean_scores(per_item: NDArray[np.float64], students: Items) -> NDArray[np.float64]:
    """Return students × mentors, rounded; a student without a row gets 0 with everybody."""
    import numpy as np  # noqa: PLC0415 - heavy

    counts = students.sizes
    scores = np.zeros((len(counts), per_item.shape[1]))
    says = np.flatnonzero(counts)
    if len(says):
        sums = np.add.reduceat(per_item, students.starts[says], axis=0)
        scores[says] = sums / counts[says][:, None]
    return rounded(scores)


def rounded(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round as scores are printed; never to a negative zero."""
    import numpy as np  # noqa: PLC0415 - heavy

    return np.round(scores, SCORE_DECIMALS) + 0.0


def make_rows(
    meeting: Meeting, scores: NDArray[np.float64], best_items: int, top: int | None = None
) -> Iterator[AffinityRow]:
    """Yield one student's rows with the ``top`` best mentors of the meeting, best first."""
    order = (-scores).argsort(kind="stable")[:top]
    for start in range(0, len(order), _MENTORS_AT_ONCE):
        chosen = order[start : start + _MENTORS_AT_ONCE]
        yield from Counted(meeting.part(chosen), best_items).rows(scores[chosen].tolist())


class Counted:
    """Which pairs of items entered the scores of one meeting, and what each weighs there."""

    def __init__(self, meeting: Meeting, best_items: int) -> None:
        """Sort in a cube of mentors × own rows × longest mentor: the caller keeps mentors few."""
        import numpy as np  # noqa: PLC0415 - heavy

        self._meeting = meeting
        self._total = meeting.meaning + meeting.words
        sizes = meeting.sizes
        self._starts = (np.cumsum(sizes) - sizes).tolist()
        places = np.arange(int(sizes.max(initial=0)))
        there = places < sizes[:, None]
        cube = np.full((len(self._total), *there.shape), -np.inf)
        cube[:, there] = self._total
        self._order = np.argsort(-cube, axis=2, kind="stable")[:, :, :best_items]
        counts = np.zeros(cube.shape, dtype=bool)
        np.put_along_axis(counts, self._order, values=True, axis=2)
        weights = np.repeat(np.minimum(sizes, best_items), sizes) * max(1, len(self._total))
        self.shares: NDArray[np.float64] = counts[:, there] / weights

    def rows(self, scores: list[float]) -> Iterator[AffinityRow]:
        """Yield a row per mentor of the meeting."""
        meeting, sizes = self._meeting, self._meeting.sizes.tolist()
        student, names = meeting.students.ids[meeting.place], meeting.index.items.ids
        terms, words, nearest = self._terms(), self._words(), self._nearest()
        for place, (mentor, score) in enumerate(zip(meeting.mentors.tolist(), scores, strict=True)):
            of_words = round(words[place], SCORE_DECIMALS) + 0.0
            channels = {"meaning": round(score - of_words, SCORE_DECIMALS) + 0.0, "words": of_words}
            yield AffinityRow(
                student,
                names[mentor],
                score,
                terms[place],
                nearest[place],
                channels,
                sizes[place],
            )

    def groups(self, place: int) -> tuple[tuple[ItemMatch, ...], ...]:
        """Return, per own row, the rows of one mentor that counted, best first."""
        size, start = int(self._meeting.sizes[place]), self._starts[place]
        if not size:
            return ()
        return tuple(
            tuple(self._match(row, start + column) for column in columns if column < size)
            for row, columns in enumerate(self._order[:, place].tolist())
        )

    def _match(self, row: int, column: int) -> ItemMatch:
        import numpy as np  # noqa: PLC0415 - heavy

        (match,) = unpack(self._packed(np.array([row]), np.array([column])).tobytes())
        return match

    def _packed(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.void]:
        """Return these pairs of items as ``AffinityRow.packed`` has them."""
        import numpy as np  # noqa: PLC0415 - heavy

        meeting, items = self._meeting, self._meeting.index.items
        own, theirs = meeting.own[rows], meeting.columns[columns]
        languages = meeting.students.chinese[own].astype(int), items.chinese[theirs].astype(int)
        routes = [[ROUTES.index(one.route) for one in line] for line in meeting.index.routes]
        packed = np.empty(len(rows), dtype=PACKED)
        packed["own"] = meeting.students.numbers[own]
        packed["other"] = items.numbers[theirs]
        packed["route"] = np.array(routes)[languages]
        packed["similarity"] = self._total[rows, columns]
        packed["meaning"] = meeting.meaning[rows, columns]
        packed["words"] = meeting.words[rows, columns]
        return packed

    def _nearest(self) -> list[bytes]:
        import numpy as np  # noqa: PLC0415 - heavy

        if not len(self._total):
            return [b""] * len(self._starts)
        near = np.where(self.shares > 0, self._total, -np.inf)
        best = near.max(axis=0, initial=-np.inf)
        owners = np.repeat(np.arange(len(self._starts)), self._meeting.sizes)
        order = np.lexsort((-best, owners))
        order = order[best[order] > (0.0 if self._meeting.index.words_only else -np.inf)]
        ends = np.searchsorted(owners[order], np.arange(len(self._starts) + 1)).tolist()
        found = self._packed(near.argmax(axis=0)[order], order)
        return [found[a:b].tobytes() for a, b in pairwise(ends)]

    def _words(self) -> list[float]:
        """Return the part that words have in each score."""
        import numpy as np  # noqa: PLC0415 - heavy

        meeting = self._meeting
        if not len(meeting.own):
            return [0.0] * len(self._starts)
        floor = float(np.mean([channels.words.base for channels in meeting.floors]))
        parts = np.concatenate(([0.0], np.cumsum((self.shares * meeting.words).sum(axis=0))))
        starts = np.array(self._starts)
        found = parts[starts + meeting.sizes] - parts[starts]
        return np.where(meeting.sizes > 0, found, floor).tolist()  # type: ignore[no-any-return]

    def _terms(self) -> list[tuple[str, ...]]:
        import numpy as np  # noqa: PLC0415 - heavy

        meeting, index = self._meeting, self._meeting.index
        own = meeting.own
        if index.lookup is None or not len(own):
            return [()] * len(self._starts)
        students = meeting.students
        shared = meeting.shared or index.lookup.meet(
            students.words[own[0] : own[-1] + 1], index.items.words[meeting.columns]
        )
        gains = np.array([[channels.words.gain for channels in line] for line in index.routes])
        chinese = index.items.chinese[meeting.columns].astype(int)
        gain = gains[students.chinese[own].astype(int)[:, None], chinese]
        return pick_terms(
            shared,
            students.texts[own[0] : own[-1] + 1],
            students.names,
            owners=np.repeat(np.arange(len(self._starts)), meeting.sizes),
            shares=self.shares * gain,
            count=len(self._starts),
        )
