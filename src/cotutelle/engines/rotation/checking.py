"""
The independent check of a plan: every hard rule, and the score once more.

Nothing here is shared with the solver or with `scoring`. The plan is laid out as a calendar,
one cell per trainee and period, and everything is counted in that calendar.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cotutelle.engines.rotation.problem import Block, RotationProblem, Stay, Trainee, Ward


@dataclass(frozen=True, slots=True)
class Violation:
    """
    One hard rule that a plan breaks.

    Parameters
    ----------
    code
        ``unknown_trainee``, ``unknown_block``, ``unknown_ward``, ``not_allowed_ward``,
        ``forbidden``, ``twice``, ``missing_block``, ``group_count``, ``outside_window``,
        ``away``, ``overlap``, ``order``, ``hospital_count``, ``pin_ignored``,
        ``over_capacity`` or ``under_minimum``.
    trainee, ward, period
        Whom, where and when it concerns; ``None`` where the rule knows none.
    message
        A sentence for people who read files.
    """

    code: str
    trainee: str | None
    ward: str | None
    period: int | None
    message: str


def check_plan(
    problem: RotationProblem, stays: Mapping[str, Sequence[Stay]]
) -> tuple[Violation, ...]:
    """
    Return every hard rule that a plan breaks; an empty tuple says that it keeps all.

    Parameters
    ----------
    problem
        A valid problem.
    stays
        Trainee id → stays in any order; who is missing has none.

    Returns
    -------
    tuple
        By trainee in order of id, then by ward and period.

    Notes
    -----
    O(number of stays + wards × horizon) time.
    """
    wards = {ward.id: ward for ward in problem.wards}
    present: Counter[tuple[str, int]] = Counter()
    known = {trainee.id for trainee in problem.trainees}
    found = [
        Violation("unknown_trainee", id_, None, None, f"{id_}: no such trainee")
        for id_ in sorted(stays.keys() - known)
    ]
    for trainee in sorted(problem.trainees, key=lambda trainee: trainee.id):
        person = _Person(trainee, wards, problem.horizon, tuple(stays.get(trainee.id, ())))
        found.extend(person.violations())
        present.update(person.cells())
    for ward in sorted(problem.wards, key=lambda ward: ward.id):
        found.extend(_places(ward, present, problem.horizon))
    return tuple(found)


def _places(ward: Ward, present: Counter[tuple[str, int]], horizon: int) -> Iterator[Violation]:
    for period in range(horizon):
        count = present[ward.id, period]
        if ward.upper is not None and count > ward.upper[period]:
            message = f"ward {ward.id}, period {period}: {count} of at most {ward.upper[period]}"
            yield Violation("over_capacity", None, ward.id, period, message)
        if ward.lower and count < ward.lower[period]:
            message = f"ward {ward.id}, period {period}: {count} of at least {ward.lower[period]}"
            yield Violation("under_minimum", None, ward.id, period, message)


class _Person:
    """One trainee's stays against the trainee's own rules."""

    def __init__(
        self, trainee: Trainee, wards: Mapping[str, Ward], horizon: int, stays: tuple[Stay, ...]
    ) -> None:
        self.trainee = trainee
        self.wards = wards
        self.horizon = horizon
        self.stays = stays
        self.blocks = {block.id: block for block in trainee.blocks}
        self.done = [stay for stay in stays if stay.block in self.blocks]
        self.count = Counter(stay.block for stay in self.done)

    def cells(self) -> Iterator[tuple[str, int]]:
        """Yield ward and period of every occupied period inside the horizon."""
        for stay in self.done:
            for period in self._periods(stay):
                if 0 <= period < self.horizon:
                    yield stay.ward, period

    def violations(self) -> Iterator[Violation]:
        for stay in self.stays:
            yield from self._stay(stay)
        yield from self._overlaps()
        yield from self._amounts()
        yield from self._orders()
        yield from self._hospitals()
        for pin in self.trainee.pins:
            if pin not in self.stays:
                where = f"block {pin.block} is pinned to ward {pin.ward} from {pin.start}"
                yield self._broken("pin_ignored", where, pin.ward, pin.start)

    def _periods(self, stay: Stay) -> range:
        return range(stay.start, stay.start + self.blocks[stay.block].months)

    def _broken(
        self, code: str, message: str, ward: str | None = None, period: int | None = None
    ) -> Violation:
        return Violation(code, self.trainee.id, ward, period, f"{self.trainee.id}: {message}")

    def _stay(self, stay: Stay) -> Iterator[Violation]:
        what, ward = f"block {stay.block} in ward {stay.ward}", self.wards.get(stay.ward)
        block = self.blocks.get(stay.block)
        if ward is None:
            yield self._broken("unknown_ward", f"{what}: no such ward", stay.ward, stay.start)
        elif {ward.id, ward.hospital} & self.trainee.forbidden:
            yield self._broken("forbidden", f"{what}: forbidden", stay.ward, stay.start)
        if block is None:
            yield self._broken("unknown_block", f"{what}: no such block", stay.ward, stay.start)
            return
        if ward is not None and stay.ward not in block.wards:
            message = f"{what}: the ward is not for this block"
            yield self._broken("not_allowed_ward", message, stay.ward, stay.start)
        if not self._in_window(stay, block):
            message = f"{what} from {stay.start}: outside the window"
            yield self._broken("outside_window", message, stay.ward, stay.start)
        for period in sorted(self.trainee.away.intersection(self._periods(stay))):
            yield self._broken("away", f"{what}: away in period {period}", stay.ward, period)

    def _in_window(self, stay: Stay, block: Block) -> bool:
        latest = self.horizon - 1 if block.latest is None else block.latest
        periods = self._periods(stay)
        return max(block.earliest, 0) <= periods[0] and periods[-1] <= min(latest, self.horizon - 1)

    def _overlaps(self) -> Iterator[Violation]:
        taken: dict[int, list[str]] = defaultdict(list)
        for stay in self.done:
            for period in self._periods(stay):
                taken[period].append(stay.block)
        for period, blocks in sorted(taken.items()):
            if len(blocks) > 1:
                message = f"period {period} is taken by {', '.join(sorted(blocks))}"
                yield self._broken("overlap", message, None, period)

    def _amounts(self) -> Iterator[Violation]:
        for block in self.trainee.blocks:
            if self.count[block.id] > 1:
                message = f"block {block.id} is done {self.count[block.id]} times"
                yield self._broken("twice", message)
            if not block.group and not self.count[block.id]:
                yield self._broken("missing_block", f"block {block.id} is not done")
        done = Counter(self.blocks[block].group for block in self.count)
        for group, demanded in sorted(self.trainee.groups.items()):
            if done[group] != demanded:
                message = f"group {group}: {done[group]} blocks done of exactly {demanded}"
                yield self._broken("group_count", message)

    def _orders(self) -> Iterator[Violation]:
        ends: dict[str, int] = {}
        starts: dict[str, int] = {}
        for stay in self.done:
            ends[stay.block] = max(ends.get(stay.block, -1), self._periods(stay)[-1])
            starts[stay.block] = min(starts.get(stay.block, stay.start), stay.start)
        for order in self.trainee.orders:
            if order.after not in starts:
                continue
            if order.before in ends:
                kept = ends[order.before] < starts[order.after]
            else:
                kept = not order.needed
            if not kept:
                message = f"block {order.after} is done without {order.before} before it"
                yield self._broken("order", message, None, starts[order.after])

    def _hospitals(self) -> Iterator[Violation]:
        most = self.trainee.most_in_hospital
        if most is None:
            return
        done = Counter(self.wards[s.ward].hospital for s in self.done if s.ward in self.wards)
        for hospital, count in sorted(done.items()):
            if count > most:
                message = f"{count} blocks in hospital {hospital}, at most {most}"
                yield self._broken("hospital_count", message)


def recompute_score(problem: RotationProblem, stays: Mapping[str, Sequence[Stay]]) -> int:
    """
    Return the score of a plan that keeps all rules, counted in its calendar.

    Independent of `scoring.score_of`, with which it must agree.

    Parameters
    ----------
    problem
        A valid problem.
    stays
        A plan in which `check_plan` finds nothing but, at most, places over or under.
    """
    own, total = [], 0
    load: Counter[tuple[str, int]] = Counter()
    for trainee in problem.trainees:
        now = _calendar(trainee, stays.get(trainee.id, ()), problem.horizon)
        load.update((ward, period) for period, ward in enumerate(now) if ward is not None)
        own.append(_value(problem, trainee, stays.get(trainee.id, ()), now))
        if trainee.id in problem.previous:
            then = _calendar(trainee, problem.previous[trainee.id], problem.horizon)
            total -= problem.keep * sum(a != b for a, b in zip(then, now, strict=True))
    for ward in problem.wards:
        for period, target in enumerate(ward.target):
            total -= problem.smooth * max(0, load[ward.id, period] - target)
    return total + sum(own) + problem.fairness * min(own, default=0)


def _calendar(trainee: Trainee, stays: Sequence[Stay], horizon: int) -> list[str | None]:
    months = {block.id: block.months for block in trainee.blocks}
    calendar: list[str | None] = [None] * horizon
    for stay in stays:
        for period in range(stay.start, stay.start + months[stay.block]):
            calendar[period] = stay.ward
    return calendar


def _value(
    problem: RotationProblem,
    trainee: Trainee,
    stays: Sequence[Stay],
    calendar: Sequence[str | None],
) -> int:
    hospital_of = {ward.id: ward.hospital for ward in problem.wards}
    hospitals = [hospital_of[ward] for ward in calendar if ward is not None]
    last = max((p for p, ward in enumerate(calendar) if ward is not None), default=-1)
    idle = last + 1 - len(hospitals)
    moves = sum(a != b for a, b in pairwise(hospitals))
    worth = 0
    for block in trainee.blocks:
        worth += sum(block.score + block.wards[s.ward] for s in stays if s.block == block.id)
    return worth - trainee.idle_cost * idle - trainee.change_cost * moves
