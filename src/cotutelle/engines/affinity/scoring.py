"""
Scores, rows and reasons.

The student × mentor × item cube is never held: students pass in blocks small enough that one block
against all the mentors' items stays near sixteen megabytes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.problem import (
    AffinityProblem,
    AffinityRow,
    AffinityTable,
    ItemMatch,
    PairReason,
)
from cotutelle.engines.affinity.reasons import TermPicker
from cotutelle.engines.affinity.spaces import Encoder, Space, TfidfEncoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


BEST_ITEMS = 5
SCORE_DECIMALS = 6
_BLOCK_CELLS = 2_000_000


def score_affinity(
    problem: AffinityProblem,
    *,
    top: int | None = None,
    best_items: int = BEST_ITEMS,
    encoder: Encoder | None = None,
) -> AffinityTable:
    """
    Score every student against every mentor.

    For each item of the student, the mean of the ``best_items`` most similar items of the mentor
    (all of them where there are fewer); the score is the mean over the student's items. Items that
    say nothing (blank, or only function words) are left out on both sides.

    Parameters
    ----------
    problem
        The texts.
    top
        Mentors kept per student, ≥ 1; all without it. Pairs that share nothing score 0 and come
        after every positive one; equal scores stand in the order of the mentor ids.
    best_items
        Items of a mentor that count per item of the student, ≥ 1.
    encoder
        How texts are compared; TF-IDF without it.

    Returns
    -------
    AffinityTable
        The same for any order of the ids in the input.

    Raises
    ------
    ValueError
        ``top`` or ``best_items`` is below 1.

    Notes
    -----
    Time is that of one sparse product of the student items with the mentor items, memory that of
    the rows returned; ``iter_affinity`` streams them.

    **Source**: the best-few mean over a profile's items follows the expertise models compared by
    Stelmakh et al., "A Gold Standard Dataset for the Reviewer Assignment Problem" (2023).
    """
    rows = iter_affinity(problem, top=top, best_items=best_items, encoder=encoder)
    return AffinityTable(tuple(rows))


def iter_affinity(
    problem: AffinityProblem,
    *,
    top: int | None = None,
    best_items: int = BEST_ITEMS,
    encoder: Encoder | None = None,
) -> Iterator[AffinityRow]:
    """Yield the rows of ``score_affinity`` in its order, holding one block at a time."""
    _check_counts(top=top, best_items=best_items)
    return _stream(problem, top, best_items, encoder or TfidfEncoder())


def explain_pair(
    problem: AffinityProblem,
    student: str,
    mentor: str,
    *,
    best_items: int = BEST_ITEMS,
    encoder: Encoder | None = None,
) -> PairReason:
    """
    Return one pair's row with every similarity that entered its score.

    Raises
    ------
    ValueError
        ``student`` or ``mentor`` is not in the problem, or ``best_items`` is below 1.
    """
    _check_counts(top=None, best_items=best_items)
    if student not in problem.students:
        raise ValueError(f"student: {student!r} is not among the students")
    if mentor not in problem.mentors:
        raise ValueError(f"mentor: {mentor!r} is not among the mentors")
    only = AffinityProblem(problem.mentors, {student: problem.students[student]})
    index = _index_mentors(only.mentors, encoder or TfidfEncoder())
    for block in _blocks(only.students, index):
        scores = _block_scores(block, index, best_items)[0]
        place = index.ids.index(mentor)
        counted = _counted(block, 0, index, place, best_items)
        picker = _picker(block, 0, index)
        row = _pair_row(
            block, 0, index, place, score=float(scores[place]), counted=counted, picker=picker
        )
        return PairReason(row, tuple(tuple(group) for group in counted))
    raise AssertionError("one student makes one block")


def percentiles(scores: Mapping[str, float]) -> dict[str, float]:
    """
    Return, for one student's score per mentor, the share of mentors that score lower, 0–100.

    Equal scores get equal percentiles; n log n.
    """
    ordered = sorted(scores.values())
    return {
        mentor: 100 * bisect_left(ordered, score) / len(ordered) for mentor, score in scores.items()
    }


def _check_counts(*, top: int | None, best_items: int) -> None:
    if top is not None and top < 1:
        raise ValueError(f"top: {top} is below 1")
    if best_items < 1:
        raise ValueError(f"best_items: {best_items} is below 1")


@dataclass(frozen=True, slots=True)
class _Mentors:
    """The mentors' items that say something, as rows in the order of the mentor ids."""

    ids: list[str]
    space: Space
    rows: Any
    turned: Any
    items: NDArray[np.int64]
    starts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Block:
    """Some students: their item rows and the similarities to all the mentors' rows."""

    ids: list[str]
    texts: list[str]
    rows: Any
    items: NDArray[np.int64]
    starts: NDArray[np.int64]
    similarities: NDArray[np.float64]


def _index_mentors(mentors: Mapping[str, Any], encoder: Encoder) -> _Mentors:
    ids = sorted(mentors)
    texts = [text for mentor in ids for text in mentors[mentor]]
    space = encoder.fit(texts)
    rows, items, starts, _ = _encode(mentors, ids, texts, space)
    turned = rows.T.tocsr() if hasattr(rows, "tocsr") else rows.T
    return _Mentors(ids, space, rows, turned, items, starts)


def _encode(
    people: Mapping[str, Any], ids: list[str], texts: list[str], space: Space
) -> tuple[Any, NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Encode the items of some people and drop the rows that say nothing."""
    import numpy as np  # noqa: PLC0415 - heavy

    rows = space.encode(texts)
    if hasattr(rows, "tocsr"):
        says = np.asarray(abs(rows).sum(axis=1)).ravel() > 0
    else:
        says = np.abs(rows).sum(axis=1) > 0
    kept = np.flatnonzero(says)
    sizes = np.array([len(people[person]) for person in ids], dtype=np.int64)
    first = np.concatenate(([0], np.cumsum(sizes)))
    before = np.concatenate(([0], np.cumsum(says, dtype=np.int64)))
    items = kept - np.repeat(first[:-1], sizes)[kept]
    return rows[kept], items, before[first], [texts[row] for row in kept]


def _blocks(students: Mapping[str, Any], index: _Mentors) -> Iterator[_Block]:
    """Cut the students, by id, into blocks of whole students."""
    room = max(1, _BLOCK_CELLS // max(1, len(index.items)))
    waiting: list[str] = []
    size = 0
    for student in sorted(students):
        waiting.append(student)
        size += len(students[student])
        if size >= room or len(waiting) >= room:
            yield _block(students, waiting, index)
            waiting, size = [], 0
    if waiting:
        yield _block(students, waiting, index)


def _block(students: Mapping[str, Any], ids: list[str], index: _Mentors) -> _Block:
    import numpy as np  # noqa: PLC0415 - heavy

    texts = [text for student in ids for text in students[student]]
    rows, items, starts, kept = _encode(students, ids, texts, index.space)
    product = rows @ index.turned
    dense = product.toarray() if hasattr(product, "toarray") else np.asarray(product)
    return _Block(ids, kept, rows, items, starts, np.clip(dense, 0.0, 1.0))


def _block_scores(block: _Block, index: _Mentors, best_items: int) -> NDArray[np.float64]:
    """Return students × mentors."""
    import numpy as np  # noqa: PLC0415 - heavy

    sizes = np.diff(index.starts)
    per_item = np.zeros((len(block.items), len(index.ids)))
    for size in np.unique(sizes[sizes > 0]):
        which = np.flatnonzero(sizes == size)
        columns = index.starts[which][:, None] + np.arange(size)
        found = block.similarities[:, columns]
        if size > best_items:
            found = np.partition(found, size - best_items, axis=2)[:, :, size - best_items :]
        per_item[:, which] = found.mean(axis=2)
    scores = np.zeros((len(block.ids), len(index.ids)))
    counts = np.diff(block.starts)
    says = np.flatnonzero(counts)
    if len(says):
        sums = np.add.reduceat(per_item, block.starts[says], axis=0)
        scores[says] = sums / counts[says][:, None]
    return np.round(scores, SCORE_DECIMALS)


def _stream(
    problem: AffinityProblem, top: int | None, best_items: int, encoder: Encoder
) -> Iterator[AffinityRow]:
    import numpy as np  # noqa: PLC0415 - heavy

    if not problem.mentors:
        return
    index = _index_mentors(problem.mentors, encoder)
    for block in _blocks(problem.students, index):
        scores = _block_scores(block, index, best_items)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
        for student in range(len(block.ids)):
            picker = _picker(block, student, index)
            for place in order[student].tolist():
                score = float(scores[student, place])
                counted = _counted(block, student, index, place, best_items) if score else []
                yield _pair_row(
                    block, student, index, place, score=score, counted=counted, picker=picker
                )


def _counted(
    block: _Block, student: int, index: _Mentors, place: int, best_items: int
) -> list[list[ItemMatch]]:
    """Return, per item of the student, the mentor's items that entered the mean, best first."""
    first, end = block.starts[student : student + 2].tolist()
    left, right = index.starts[place : place + 2].tolist()
    found = block.similarities[first:end, left:right]
    order = (-found).argsort(axis=1, kind="stable")[:, :best_items].tolist()
    values = found.tolist()
    numbers = index.items[left:right].tolist()
    return [
        [ItemMatch(item, numbers[column], row[column]) for column in columns]
        for item, row, columns in zip(block.items[first:end].tolist(), values, order, strict=True)
    ]


def _pair_row(
    block: _Block,
    student: int,
    index: _Mentors,
    place: int,
    *,
    score: float,
    counted: list[list[ItemMatch]],
    picker: TermPicker | None,
) -> AffinityRow:
    nearest: dict[int, ItemMatch] = {}
    for match in (match for group in counted for match in group):
        best = nearest.get(match.mentor_item)
        if match.similarity > (best.similarity if best else 0.0):
            nearest[match.mentor_item] = match
    ordered = sorted(nearest.values(), key=lambda match: (-match.similarity, match.mentor_item))
    terms: tuple[str, ...] = ()
    if score and picker:
        terms = picker.pick(_mentor_rows(index, place), _shares(counted, index, place))
    return AffinityRow(block.ids[student], index.ids[place], score, terms, tuple(ordered))


def _picker(block: _Block, student: int, index: _Mentors) -> TermPicker | None:
    """Return what names this student's terms; nothing where the columns have no names."""
    first, end = block.starts[student : student + 2].tolist()
    if not len(index.space.terms) or first == end:
        return None
    return TermPicker(index.space.terms, block.rows[first:end], block.texts[first:end])


def _mentor_rows(index: _Mentors, place: int) -> Any:
    left, right = index.starts[place : place + 2].tolist()
    return index.rows[left:right]


def _shares(counted: list[list[ItemMatch]], index: _Mentors, place: int) -> NDArray[np.float64]:
    """Return what each pair of items weighs in the score: student's items × mentor's items."""
    import numpy as np  # noqa: PLC0415 - heavy

    left, right = index.starts[place : place + 2].tolist()
    columns = {number: column for column, number in enumerate(index.items[left:right].tolist())}
    shares = np.zeros((len(counted), right - left))
    for row, group in enumerate(counted):
        for match in group:
            shares[row, columns[match.mentor_item]] = 1 / (len(group) * len(counted))
    return shares
