"""One trainee's best schedule at given prices, by arrays over sets of blocks (for `bound_check`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cotutelle.engines.rotation.problem import Block, RotationProblem, Stay, Trainee, Ward

_Floats = NDArray[np.float64]
_NOTHING = -np.inf


class Prices:
    """Prices by ward, summed up so that a stay's price is one difference."""

    def __init__(self, problem: RotationProblem, cells: Mapping[tuple[str, int], float]) -> None:
        self.wards: dict[str, Ward] = {ward.id: ward for ward in problem.wards}
        rows = {ward: np.zeros(problem.horizon) for ward in self.wards}
        for (ward, period), price in cells.items():
            rows[ward][period] = price
        self.by_ward = rows


@dataclass(frozen=True, slots=True)
class _Option:
    """Doing block number ``block`` in ``ward``: what it earns by start (missing: not allowed)."""

    block: int
    ward: str
    hospital: int
    months: int
    earns: Mapping[int, float]


class _Person:
    """All the options of one trainee, with costs of idle periods, at given prices."""

    def __init__(
        self, problem: RotationProblem, trainee: Trainee, prices: Prices, scale: float
    ) -> None:
        self.trainee, self.horizon, self.scale = trainee, problem.horizon, scale
        places = _places_before(problem, trainee)
        keep = problem.keep if places is not None else 0
        self.before = places or [None] * problem.horizon
        self.hospitals = sorted({prices.wards[w].hospital for b in trainee.blocks for w in b.wards})
        self.idle = [
            -scale * trainee.idle_cost - keep * (place is not None) for place in self.before
        ]
        self.tail = [
            -float(keep * sum(place is not None for place in self.before[end:]))
            for end in range(problem.horizon + 1)
        ]
        self.options = [
            option
            for number, block in enumerate(trainee.blocks)
            for option in self._options(number, block, prices, keep)
        ]
        self.stays = sum(not block.group for block in trainee.blocks)
        self.stays += sum(trainee.groups.values())

    def _options(self, number: int, block: Block, prices: Prices, keep: int) -> list[_Option]:
        pins = [pin for pin in self.trainee.pins if pin.block == block.id]
        options = []
        for ward_id, score in sorted(block.wards.items()):
            ward = prices.wards[ward_id]
            if not pins and self.trainee.forbidden & {ward_id, ward.hospital}:
                continue
            costs = prices.by_ward[ward_id] + [keep * (p != ward_id) for p in self.before]
            sums = np.concatenate(([0.0], np.cumsum(costs)))
            worth = self.scale * (block.score + score)
            earns = {
                start: worth - float(sums[start + block.months] - sums[start])
                for start in _starts(self.trainee, block, ward_id, pins, self.horizon)
            }
            hospital = self.hospitals.index(ward.hospital) + 1
            options.append(_Option(number, ward_id, hospital, block.months, earns))
        return options


def _places_before(problem: RotationProblem, trainee: Trainee) -> list[str | None] | None:
    if trainee.id not in problem.previous:
        return None
    months = {block.id: block.months for block in trainee.blocks}
    places: list[str | None] = [None] * problem.horizon
    for stay in problem.previous[trainee.id]:
        end = stay.start + months[stay.block]
        for period in range(stay.start, end):
            places[period] = stay.ward
    return places


def _starts(trainee: Trainee, block: Block, ward: str, pins: list[Stay], horizon: int) -> list[int]:
    if pins:
        return [pin.start for pin in pins if pin.ward == ward]
    last = horizon - 1 if block.latest is None else min(block.latest, horizon - 1)
    return [
        start
        for start in range(max(0, block.earliest), last - block.months + 2)
        if trainee.away.isdisjoint(range(start, start + block.months))
    ]


class _Table:
    """
    The dynamic programme over codes.

    The low bits of a code are the followed blocks done; then one digit for each hospital whose
    blocks are counted, and one for the number of stays in blocks that are not followed.
    """

    def __init__(self, person: _Person, followed: frozenset[int], counted: frozenset[int]) -> None:
        self.person = person
        self.bit = {number: 1 << i for i, number in enumerate(sorted(followed))}
        most = person.trainee.most_in_hospital or 0
        stride = 1 << len(followed)
        self.digit: dict[int, tuple[int, int]] = {}
        for hospital in sorted(counted):
            self.digit[hospital] = (stride, most)
            stride *= most + 1
        mandatory = sum(not person.trainee.blocks[i].group for i in followed)
        loose = person.stays - mandatory if len(followed) < len(person.trainee.blocks) else 0
        self.loose = (stride, loose)
        self.codes = stride * (loose + 1)
        self.follower = dict.fromkeys(self.bit, 0)
        self.needed = dict.fromkeys(self.bit, 0)
        names = {block.id: i for i, block in enumerate(person.trainee.blocks)}
        for order in person.trainee.orders:
            before, after = names[order.before], names[order.after]
            if before in self.bit and after in self.bit:
                self.follower[before] |= self.bit[after]
                if order.needed:
                    self.needed[after] |= self.bit[before]

    def solve(self) -> tuple[float, list[_Option]]:
        """Return the largest value and the options chosen, in order of time."""
        person, shape = self.person, (len(self.person.hospitals) + 1, self.codes)
        ended = [np.full(shape, _NOTHING) for _ in range(person.horizon + 1)]
        ended[0][0, 0] = 0.0
        waiting = ended[0].copy()
        for start in range(person.horizon):
            if start:
                waiting = np.maximum(waiting + person.idle[start - 1], ended[start])
            for hospital in range(1, shape[0]):
                arrived = self._arrive(waiting, hospital)
                codes = np.flatnonzero(arrived > _NOTHING)
                for option in person.options:
                    if option.hospital == hospital and start in option.earns and codes.size:
                        self._place(option, start, arrived, codes, ended)
        return self._finish(ended)

    def _arrive(self, waiting: _Floats, hospital: int) -> _Floats:
        costs = np.full((waiting.shape[0], 1), self.person.scale * self.person.trainee.change_cost)
        costs[[0, hospital]] = 0.0
        best: _Floats = (waiting - costs).max(axis=0)
        return best

    def _place(
        self,
        option: _Option,
        start: int,
        arrived: _Floats,
        codes: NDArray[np.intp],
        ended: list[_Floats],
    ) -> None:
        bit = self.bit.get(option.block)
        if bit is None:
            stride, most = self.loose
            codes, step = codes[codes // stride < most], stride
        else:
            need = self.needed[option.block]
            banned = bit | self.follower[option.block]
            codes, step = codes[((codes & banned) == 0) & ((codes & need) == need)], bit
        if option.hospital in self.digit:
            stride, most = self.digit[option.hospital]
            codes, step = codes[codes // stride % (most + 1) < most], step + stride
        row = ended[start + option.months][option.hospital]
        values = arrived[codes] + option.earns[start]
        row[codes + step] = np.maximum(row[codes + step], values)

    def _final(self) -> NDArray[np.bool_]:
        person, codes = self.person, np.arange(self.codes)
        done = codes // self.loose[0]
        must = 0
        groups: Counter[str] = Counter()
        for number, bit in self.bit.items():
            block = person.trainee.blocks[number]
            has = (codes & bit) != 0
            done = done + has
            if not block.group or any(pin.block == block.id for pin in person.trainee.pins):
                must |= bit
            groups[block.group] += 1
        final: NDArray[np.bool_] = (done == person.stays) & ((codes & must) == must)
        for group in groups:
            if group:
                bits = [b for n, b in self.bit.items() if person.trainee.blocks[n].group == group]
                chosen = sum(((codes & bit) != 0).astype(np.int64) for bit in bits)
                final &= chosen <= person.trainee.groups.get(group, 0)
        return final

    def _finish(self, ended: list[_Floats]) -> tuple[float, list[_Option]]:
        final = self._final()
        best, place = _NOTHING, (0, 0, 0)
        for end, rows in enumerate(ended):
            values = np.where(final, rows, _NOTHING)
            at = int(values.argmax())
            value = float(values.flat[at]) + self.person.tail[end]
            if value > best:
                best, place = value, (end, at // self.codes, at % self.codes)
        return best, self._trace(ended, *place) if best > _NOTHING else []

    def _trace(self, ended: list[_Floats], end: int, hospital: int, code: int) -> list[_Option]:
        """Walk back from a state to the options that led to it."""
        chosen: list[_Option] = []
        while hospital:
            option, end, hospital, code = self._step_back(ended, end, hospital, code)
            chosen.append(option)
        return chosen[::-1]

    def _step_back(
        self, ended: list[_Floats], end: int, hospital: int, code: int
    ) -> tuple[_Option, int, int, int]:
        person, target = self.person, ended[end][hospital, code]
        found = (np.inf, person.options[0], 0, 0, 0)
        change = person.scale * person.trainee.change_cost
        for option in person.options:
            start = end - option.months
            step = self.bit.get(option.block, self.loose[0])
            step += self.digit[hospital][0] if hospital in self.digit else 0
            if option.hospital != hospital or start not in option.earns or step > code:
                continue
            if option.block in self.bit and not code & self.bit[option.block]:
                continue
            for source in range(len(person.hospitals) + 1):
                value = option.earns[start] - (change if source not in (0, hospital) else 0.0)
                for since in range(start, -1, -1):
                    error = abs(ended[since][source, code - step] + value - target)
                    if error < found[0]:
                        found = (error, option, since, source, code - step)
                    if since:
                        value += person.idle[since - 1]
        return found[1:]


def best_value(
    problem: RotationProblem, trainee: Trainee, prices: Prices, scale: float, codes: int
) -> float:
    """
    Return the most a trainee can earn at ``prices``, or a bound on it.

    Parameters
    ----------
    problem, trainee
        The trainee and what surrounds them.
    prices
        Price of each cell.
    scale
        Weight of the trainee's own score.
    codes
        Most codes; when blocks and counters do not fit, the value is an upper bound.

    Returns
    -------
    float
        ``-inf`` where the trainee has no schedule.
    """
    person = _Person(problem, trainee, prices, scale)
    everything = frozenset(range(len(trainee.blocks)))
    followed = everything if 1 << len(everything) <= codes // 2 else frozenset[int]()
    counted: frozenset[int] = frozenset()
    table = _Table(person, followed, counted)
    while True:
        value, chosen = table.solve()
        more, hospitals = _broken(person, chosen, table)
        for blocks in (more, more[:1]):
            bigger = _Table(person, followed.union(table.bit, blocks), counted | hospitals)
            if bigger.codes <= codes:
                break
        if not (more or hospitals) or bigger.codes > codes:
            return value
        table, counted = bigger, counted | hospitals


def _broken(person: _Person, chosen: list[_Option], table: _Table) -> tuple[list[int], set[int]]:
    """Return the blocks to follow and the hospitals to count, for rules the schedule breaks."""
    trainee = person.trainee
    times = Counter(option.block for option in chosen)
    blocks = {number for number, count in times.items() if count > 1}
    names = [trainee.blocks[option.block].id for option in chosen]
    for order in trainee.orders:
        early = order.before in names and order.after in names[: names.index(order.before)]
        if early or (order.needed and order.after in names and order.before not in names):
            blocks |= {
                i for i, b in enumerate(trainee.blocks) if b.id in (order.before, order.after)
            }
    pinned = {pin.block for pin in trainee.pins}
    blocks |= {
        i
        for i, b in enumerate(trainee.blocks)
        if b.id not in names and chosen and (not b.group or b.id in pinned)
    }
    for group, count in trainee.groups.items():
        members = [i for i, b in enumerate(trainee.blocks) if b.group == group]
        if sum(times[i] for i in members) > count:
            blocks |= {i for i in members if times[i]}
    attended = Counter(option.hospital for option in chosen)
    most = trainee.most_in_hospital
    full = set() if most is None else {h for h, count in attended.items() if count > most}
    new = sorted(blocks - table.bit.keys(), key=lambda i: (-times[i], i))
    return new, full - table.digit.keys()
