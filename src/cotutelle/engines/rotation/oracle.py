"""The best schedule of one trainee against prices: exact, or with a bound on what is missed."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cotutelle.engines.rotation import _dp, _labels, _relaxation
from cotutelle.engines.rotation._compiled import UNBOUNDED, Compiled, Ints, Person, compile_problem
from cotutelle.engines.rotation.problem import RotationProblem, Stay

Floats = NDArray[np.float64]

#: Larger tables (numbers) are left to labels.
_MOST_STATES = 6_000_000
_MOST_BLOCKS = 17
#: Schedules of each trainee remembered: what cannot reach the best of them is not looked at.
_MET = 16
#: Labels that go on from a period: most of all.
_WIDE = 16_000
#: Search for the best by labels: blocks followed in the relaxation, rounds of tolls, labels.
_STAGES = ((0, 100, 64), (4, 20, 100), (6, 12, 320), (8, 8, 1600), (8, 8, _WIDE))
#: Most labels kept at a time.
_ROOM = 3_000_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """
    What one trainee would do at the given prices.

    Parameters
    ----------
    value
        ``scale`` × own score − keep − prices; -inf if no schedule was found.
    upper
        No schedule has a higher value; equal to ``value`` where it is proved best.
    score
        Own score as `RotationProblem` defines it.
    keep
        ``RotationProblem.keep`` × periods that differ from the plan in force.
    stays
        In order of start.
    cells
        ``(k, 2)`` ward index and period of each period occupied.
    """

    value: float
    upper: float
    score: int
    keep: int
    stays: tuple[Stay, ...]
    cells: Ints


class _Scratch(threading.local):
    """Tables that each thread uses again and again."""

    table = np.empty(0)
    left = np.empty(0)
    reached = np.empty(0, dtype=np.bool_)
    lengths = np.empty(0, dtype=np.int64)


class Oracle:
    """
    Best schedules of single trainees.

    One person's schedules form a dynamic programme over (blocks done, period, last hospital). Up
    to 17 blocks it runs over all subsets; beyond, over labels bounded by a relaxation, which
    follows more and more of the blocks that it would repeat, until exact or `_WIDE`. Indices follow
    the sorted ids. Each thread needs its own oracle; tolls and the last schedule are remembered
    from call to call, which changes speed, never a proved value.

    Parameters
    ----------
    problem
        A valid problem.
    compiled
        The same problem as arrays, if the caller has it already.
    """

    def __init__(self, problem: RotationProblem, compiled: Compiled | None = None) -> None:
        self.compiled = compiled or compile_problem(problem)
        self._scratch = _Scratch()
        self._spaces: dict[int, _Space] = {}

    def best(
        self, trainee: int, prices: Floats, scale: float = 1.0, *, width: int = _WIDE
    ) -> Schedule:
        """
        Return the trainee's best schedule.

        Parameters
        ----------
        trainee
            Index in the sorted ids.
        prices
            ``(wards, horizon)``, of one place in each cell; may be negative, +inf closes a cell.
        scale
            Weight of the own score, at least 0.
        width
            Where there are too many subsets: most labels that go on from one period. Fewer are
            faster, and may miss the best (then ``upper`` exceeds ``value``).
        """
        person = self.compiled.people[trainee]
        if not person.possible:
            return _nothing(-np.inf)
        space = self._spaces.get(trainee)
        if space is None:
            space = self._spaces[trainee] = _Space(person)
        before = space.nowhere if person.before is None else person.before
        _dp.gains(
            person.months, person.first, person.ward, person.score, person.open_, before,
            np.ascontiguousarray(prices, dtype=np.float64), scale, float(person.idle_cost),
            0.0 if person.before is None else float(person.keep),
            space.gain, space.idle, space.trail,
        )  # fmt: skip
        change = person.change_cost * scale
        if space.states <= _MOST_STATES and person.months.size <= _MOST_BLOCKS:
            count = self._by_table(person, space, change)
            if count < 0 or _most_in_one(person, space.path[:count]) <= person.most:
                return _schedule(self.compiled, trainee, space, count)
            known_upper = float(space.value[0])
            return self._by_labels(trainee, space, change, width, known_upper)
        return self._by_labels(trainee, space, change, width, np.inf)

    def upper(self, trainee: int, prices: Floats, scale: float = 1.0) -> float:
        """Return a value that no schedule of the trainee exceeds (see `best`)."""
        return self.best(trainee, prices, scale).upper

    def _by_table(self, person: Person, space: _Space, change: float) -> int:
        scratch = self._scratch
        if scratch.table.size < space.states:
            scratch.table = np.empty(space.states)
            scratch.reached = np.empty(1 << _MOST_BLOCKS, dtype=np.bool_)
            scratch.lengths = np.empty(1 << _MOST_BLOCKS, dtype=np.int64)
        known = _dp.best_known(
            space.met, space.met_counts, person.months, space.of, person.hospital, space.gain,
            space.idle, space.trail, change,
        )  # fmt: skip
        count = int(
            _dp.best_of_all(
                person.months,
                person.need,
                person.bar,
                person.kind,
                person.quota,
                person.members,
                person.first,
                person.hospital,
                space.gain,
                space.idle,
                space.trail,
                person.due,
                change,
                person.hospitals,
                space.slack,
                known,
                space.hope,
                scratch.table,
                scratch.reached,
                scratch.lengths,
                space.path,
                space.value,
            )
        )
        if count > 0:
            space.note(count)
        return count

    def _by_labels(
        self, trainee: int, space: _Space, change: float, width: int, ceiling: float
    ) -> Schedule:
        """
        Search more and more widely until the best is proved or the width is reached.

        **Source.** Righini and Salani (Networks 51, 2008): the state space of the relaxation is
        refined only by the blocks that it repeats.
        """
        person, loose = self.compiled.people[trainee], space.loosened()
        found = self._again(trainee, space, change)
        money = (space.gain, space.idle, space.trail)
        tolls = (loose.order, loose.toll, loose.fee, loose.late)
        followed = np.empty(0, dtype=np.int64)
        for most_followed, rounds, wide in _STAGES:
            now = min(wide, width)
            followed = loose.follow(followed, most_followed)
            left = self._left(loose, followed)
            bound = float(
                _relaxation.set_tolls(
                    person.months, person.kind, person.first, person.hospital, person.place,
                    *loose.sorts_of(followed), loose.digit, *money, change, loose.most,
                    loose.order, loose.least, *tolls[1:], left, found.value, rounds, loose.twice,
                )
            )  # fmt: skip
            ceiling = min(ceiling, bound)
            if bound == -np.inf:
                return _nothing(-np.inf)
            count = _labels.best_labels(
                person.months, person.need, person.bar, person.kind, person.quota, loose.digit,
                person.first, person.hospital, loose.counted, *money, person.due, change,
                person.most, *tolls, followed, left, found.value, now,
                min(_ROOM, now * (space.idle.size + person.ward.size + 1)), space.path, space.value,
            )  # fmt: skip
            ceiling = min(ceiling, float(space.value[1]))
            if count >= 0:
                found = _schedule(self.compiled, trainee, space, count)
                space.last = space.path[:count].copy()
            if found.value >= ceiling - 1e-9 or wide >= width:
                break
        upper = max(ceiling, found.value)
        return Schedule(found.value, upper, found.score, found.keep, found.stays, found.cells)

    def _again(self, trainee: int, space: _Space, change: float) -> Schedule:
        """Return the last schedule found, at the present prices."""
        count = space.last.shape[0]
        if not count:
            return _nothing(-np.inf)
        person = self.compiled.people[trainee]
        options, starts = space.last.T
        blocks = np.searchsorted(person.first, options, side="right") - 1
        ends = starts + person.months[blocks]
        hospitals = person.hospital[options]
        busy = np.zeros(space.idle.size, dtype=np.bool_)
        for start, end in zip(starts, ends, strict=True):
            busy[start:end] = True
        value = space.gain[options, starts].sum() + space.idle[: ends[-1]][~busy[: ends[-1]]].sum()
        value += space.trail[ends[-1]] - change * (hospitals[1:] != hospitals[:-1]).sum()
        if value == -np.inf:
            return _nothing(-np.inf)
        space.path[:count], space.value[0] = space.last, value
        return _schedule(self.compiled, trainee, space, count)

    def _left(self, loose: _Loose, followed: Ints) -> NDArray[np.float64]:
        """Return room for the table of the relaxation."""
        shape = (1 << followed.size, *loose.shape)
        size = int(np.prod(shape))
        if self._scratch.left.size < size:
            self._scratch.left = np.empty(size)
        return self._scratch.left[:size].reshape(shape)


class _Space:
    """What is worked out once for a trainee, and arrays used again at each call."""

    def __init__(self, person: Person) -> None:
        horizon = person.open_.shape[1]
        self.slack = max(0, horizon - person.least_months)
        self.states = (1 << min(person.months.size, 40)) * (self.slack + 1) * person.hospitals
        self.nowhere = np.full(horizon, -1, dtype=np.int64)
        self.gain = np.empty((person.ward.size, horizon))
        self.idle = np.empty(horizon)
        self.trail = np.empty(horizon + 1)
        self.path = np.empty((max(1, person.months.size), 2), dtype=np.int64)
        self.value = np.empty(2)
        self.last = np.empty((0, 2), dtype=np.int64)
        self.of = np.repeat(np.arange(person.months.size), np.diff(person.first))
        self.hope = np.empty((person.months.size, horizon + 1))
        self.met = np.zeros((_MET, *self.path.shape), dtype=np.int64)
        self.met_counts = np.zeros(_MET, dtype=np.int64)
        self._next = 0
        self._person = person
        self._loose: _Loose | None = None

    def note(self, count: int) -> None:
        """Remember the schedule in ``path``, if it is new, in place of the oldest remembered."""
        alike = (self.met[:, :count] == self.path[:count]).all(axis=(1, 2))
        if (alike & (self.met_counts == count)).any():
            return
        self.met[self._next, :count] = self.path[:count]
        self.met_counts[self._next] = count
        self._next = (self._next + 1) % _MET

    def loosened(self) -> _Loose:
        """Return the arrays of the relaxation, made when first needed."""
        if self._loose is None:
            self._loose = _Loose(self._person)
        return self._loose


class _Loose:
    """What the relaxation needs, and the tolls, remembered from call to call."""

    def __init__(self, person: Person) -> None:
        horizon = person.open_.shape[1]
        self.digit = np.cumprod(np.concatenate([[1], person.quota + 1])).astype(np.int64)
        numbers = int(self.digit[-1])
        self._person = person
        self.least = self._least(person, numbers)
        self.order = np.array(_pairs(person), dtype=np.int64).reshape(-1, 3)
        is_counted = person.most < person.quota.sum()
        self.counted = person.place if is_counted else np.empty(0, dtype=np.int64)
        self.most = person.most if is_counted else 0
        self.toll = np.zeros(person.months.size)
        self.fee = np.zeros(int(person.place.max(initial=-1)) + 1)
        self.late = np.zeros((self.order.shape[0], horizon + 1))
        self.shape = (horizon + 1, numbers, person.hospitals)
        self.twice = np.zeros(person.months.size, dtype=np.int64)

    def follow(self, followed: Ints, most: int) -> Ints:
        """Return the blocks followed and those done twice most often, up to ``most``."""
        room = np.log2(_MOST_STATES / np.prod(self.shape))
        more = int(min(most, room)) - followed.size
        often = np.argsort(-self.twice, kind="stable")[: max(0, more)]
        return np.concatenate([followed, often[self.twice[often] > 0]])

    def sorts_of(self, followed: Ints) -> tuple[Ints, Ints]:
        """Return the sort of each block, and the sorts for `relax`: followed blocks are their own."""
        person = self._person
        rows: dict[tuple[int, ...], int] = {}
        sort = np.empty(person.months.size, dtype=np.int64)
        place = {int(b): 1 << i for i, b in enumerate(followed)}
        for b in range(person.months.size):
            row = [int(person.kind[b]), int(person.months[b]), place.get(b, 0), 0, 0]
            if b in place:
                row[3] = sum(bit for a, bit in place.items() if int(person.need[b]) >> a & 1)
                row[4] = sum(bit for a, bit in place.items() if int(person.bar[b]) >> a & 1)
            sort[b] = rows.setdefault(tuple(row), len(rows))
        return sort, np.array(list(rows), dtype=np.int64).reshape(-1, 5)

    def _least(self, person: Person, numbers: int) -> Ints:
        """Return the fewest months that numbers of blocks need, and those done before them."""
        least = np.zeros((numbers, 2), dtype=np.int64)
        for kind, quota in enumerate(person.quota):
            months = np.sort(person.months[person.kind == kind])
            sums = np.concatenate([[0], np.cumsum(months)])
            number = np.arange(numbers) % self.digit[kind + 1] // self.digit[kind]
            least += sums[np.stack([number, quota - number], axis=1)]
        return least


def _pairs(person: Person) -> list[tuple[int, int, int]]:
    """Return (forerunner, follower, may the follower be done alone?) of each order."""
    pairs = []
    for b in range(person.months.size):
        needs, bars = int(person.need[b]), int(person.bar[b])
        pairs += [(a, b, 0) for a in range(person.months.size) if needs >> a & 1]
        alone = [a for a in range(person.months.size) if bars >> a & 1]
        pairs += [(b, a, 1) for a in alone if not int(person.need[a]) >> b & 1]
    return pairs


def _nothing(upper: float) -> Schedule:
    return Schedule(-np.inf, upper, 0, 0, (), np.empty((0, 2), dtype=np.int64))


def _most_in_one(person: Person, path: Ints) -> int:
    """Return the most blocks in one hospital."""
    if person.most >= path.shape[0]:
        return 0
    return int(np.bincount(person.place[path[:, 0]]).max(initial=0))


def _schedule(compiled: Compiled, trainee: int, space: _Space, count: int) -> Schedule:
    """Return the path as stays with its score."""
    if count < 0:
        return _nothing(-np.inf)
    person = compiled.people[trainee]
    options, starts = space.path[:count, 0], space.path[:count, 1]
    blocks = np.searchsorted(person.first, options, side="right") - 1
    months = person.months[blocks]
    occupied = int(months.sum())
    idle = int(starts[-1] + months[-1]) - occupied if count else 0
    hospitals = person.hospital[options]
    changes = int((hospitals[1:] != hospitals[:-1]).sum())
    score = int(person.score[options].sum()) - person.idle_cost * idle
    within = np.arange(occupied) - np.repeat(np.cumsum(months) - months, months)
    periods = np.repeat(starts, months) + within
    wards = np.repeat(person.ward[options], months)
    cells = np.stack([wards, periods], axis=1)
    return Schedule(
        value=float(space.value[0]),
        upper=float(space.value[0]),
        score=score - person.change_cost * changes,
        keep=_keep(person, wards, cells[:, 1]),
        stays=tuple(
            Stay(person.blocks[b], compiled.ward_ids[person.ward[o]], int(s))
            for b, o, s in zip(blocks, options, starts, strict=True)
        ),
        cells=cells,
    )


def _keep(person: Person, wards: Ints, periods: Ints) -> int:
    if person.before is None:
        return 0
    now = np.full(person.before.size, -1, dtype=np.int64)
    now[periods] = wards
    return person.keep * int((now != person.before).sum())


__all__ = ["UNBOUNDED", "Oracle", "Schedule"]
