"""
One function that scores some students, the same wherever it runs.

A ``Scorer`` holds what all students need: it is made once, and may be sent to other processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cotutelle.engines.affinity.index import (
    MentorIndex,
    Method,
    People,
    compare_all,
    index_mentors,
    place_students,
)
from cotutelle.engines.affinity.items import Items, any_chinese, compare
from cotutelle.engines.affinity.problem import AffinityProblem, AffinityRow
from cotutelle.engines.affinity.rows import (
    Meeting,
    item_scores,
    make_rows,
    mean_scores,
    rounded,
    spread,
)
from cotutelle.engines.affinity.shortlist import Shortlist, make_shortlist

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALL_PAIRS_UP_TO = 1_000_000_000
_BLOCK_CELLS = 2_000_000
_SHORTLISTED_AT_ONCE = 128
_SAMPLE = 48


@dataclass(frozen=True, slots=True)
class Scorer:
    """The mentors, indexed; how many of them each student keeps; which are scored exactly."""

    index: MentorIndex
    top: int | None
    best_items: int
    shortlist: Shortlist | None = None

    def blocks(self, students: People) -> Iterator[People]:
        """Cut the students, by id, into blocks of whole students; the same for any workers."""
        room = max(1, _BLOCK_CELLS // max(1, len(self.index.items.texts)))
        most = _SHORTLISTED_AT_ONCE if self.shortlist else room
        waiting: dict[str, Sequence[str]] = {}
        size = 0
        for student in sorted(students):
            waiting[student] = students[student]
            size += len(students[student])
            if (size >= room and not self.shortlist) or len(waiting) >= most:
                yield waiting
                waiting, size = {}, 0
        if waiting:
            yield waiting

    def score(self, students: People, method: Method) -> Iterator[AffinityRow]:
        """Yield the rows of some students: by student id, then score downwards, then mentor id."""
        block = place_students(students, sorted(students), self.index, method)
        return self._from_the_list(block) if self.shortlist else self._from_all(block)

    def _from_all(self, block: Items) -> Iterator[AffinityRow]:
        import numpy as np  # noqa: PLC0415 - heavy

        meaning, words = compare_all(block, self.index)
        scores = all_scores(block, self.index, meaning + words, self.best_items)
        every = np.arange(len(self.index.items.ids))
        for place in range(len(block.ids)):
            own = slice(*block.starts[place : place + 2].tolist())
            meeting = Meeting(block, place, self.index, every, meaning[own], words[own])
            yield from make_rows(meeting, scores[place], self.best_items, self.top)

    def _from_the_list(self, block: Items) -> Iterator[AffinityRow]:
        import numpy as np  # noqa: PLC0415 - heavy

        assert self.shortlist is not None and self.top is not None  # noqa: S101, PT018 - see score
        listed = self.shortlist.lists(block, self.index)
        for place, near in enumerate(listed):
            if block.sizes[place]:
                meeting = self._meet(block, place, near)
                yield from make_rows(meeting, self._exact(meeting), self.best_items, self.top)
                continue
            every = np.arange(min(self.top, len(self.index.items.ids)))
            nothing = np.zeros((0, int(self.index.items.sizes[every].sum())))
            meeting = Meeting(block, place, self.index, every, nothing, nothing)
            yield from make_rows(meeting, np.zeros(len(every)), self.best_items)

    def _meet(self, block: Items, place: int, mentors: NDArray[np.int64]) -> Meeting:
        """Compare one student with some mentors."""
        import numpy as np  # noqa: PLC0415 - heavy

        index, items = self.index, self.index.items
        assert index.lookup is not None  # noqa: S101 - make_scorer
        own = np.arange(*block.starts[place : place + 2].tolist())
        rows = spread(items.starts[mentors], items.sizes[mentors])
        shared = index.lookup.meet(block.words[own[0] : own[-1] + 1], items.words[rows])
        meaning, words = compare(
            block, own, items, rows, words=shared.cosines(), routes=index.routes
        )
        return Meeting(block, place, index, mentors, meaning, words, shared)

    def _exact(self, meeting: Meeting) -> NDArray[np.float64]:
        """Return the score of each mentor of the meeting."""
        import numpy as np  # noqa: PLC0415 - heavy

        floors = np.array([channels.floor for channels in meeting.floors])
        similarities = meeting.meaning + meeting.words
        per_item = item_scores(similarities, meeting.sizes, floors, self.best_items)
        return rounded(per_item.mean(axis=0))


def make_scorer(
    problem: AffinityProblem, method: Method, *, top: int | None, best_items: int
) -> Scorer:
    """Index the mentors; where all pairs of items would be too many, find out what to leave out."""
    chinese = method.models is not None and any_chinese(problem.students)
    index = index_mentors(problem.mentors, method, chinese_students=chinese)
    pairs = len(index.items.texts) * sum(len(items) for items in problem.students.values())
    every = Scorer(index, top, best_items)
    if top is None or pairs <= ALL_PAIRS_UP_TO or not hasattr(index.turned, "indptr"):
        return every
    ids = [student for student in sorted(problem.students) if problem.students[student]]
    ids = ids[:: max(1, len(ids) // _SAMPLE)][:_SAMPLE]
    if 4 * top >= len(index.items.ids) or len(ids) < 2:  # noqa: PLR2004 - one for each half
        return every
    sample = {student: problem.students[student] for student in ids}
    placed = place_students(sample, ids, index, method)
    exact = sample_scores(sample, every, method)
    shortlist = make_shortlist(index, placed, exact, top=top, best_items=best_items)
    return Scorer(index, top, best_items, shortlist)


def sample_scores(students: People, scorer: Scorer, method: Method) -> NDArray[np.float64]:
    """Return the scores of some students with all mentors, students × mentors."""
    import numpy as np  # noqa: PLC0415 - heavy

    index = scorer.index
    found = []
    for part in scorer.blocks(students):
        block = place_students(part, sorted(part), index, method)
        meaning, words = compare_all(block, index, "float32")
        found.append(all_scores(block, index, meaning + words, scorer.best_items))
    return np.concatenate(found)


def all_scores(
    block: Items, index: MentorIndex, similarities: NDArray[np.float64], best_items: int
) -> NDArray[np.float64]:
    """Return students × mentors, rounded."""
    import numpy as np  # noqa: PLC0415 - heavy

    base = np.array([[channels.floor for channels in line] for line in index.routes])
    floors = base.diagonal()[block.chinese.astype(int)]
    return mean_scores(item_scores(similarities, index.items.sizes, floors, best_items), block)
