"""The problem as arrays: what the compiled kernels read. Indices follow the sorted ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cotutelle.engines.rotation.problem import Block, RotationProblem, Trainee

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: More than anybody: stands for "no bound" in the arrays of capacities and targets.
UNBOUNDED = 1 << 30


@dataclass(frozen=True, slots=True)
class Person:
    """
    One trainee's blocks and options, reduced to what can still be chosen.

    Parameters
    ----------
    blocks
        Block ids in order; blocks that cannot be done are left out.
    months, need, bar, kind
        Of each block: length; blocks (bits) that must be done before; blocks that may not have
        been done before; 0 if it must be done, otherwise 1 + its elective group.
    quota, members
        Of each kind: how many of its blocks are done, and which they are (bits).
    first
        Options of block b are ``first[b]:first[b + 1]``.
    ward, hospital, place, score
        Of each option: ward index; hospital that counts for changes (all 0 if they are free);
        hospital that counts for the most blocks there; score.
    open_
        ``(blocks, horizon)``: may the block begin in this period?
    due
        ``due[t]``: blocks (bits) that must be done and can no longer begin at t.
    before
        Ward index of each period in the plan in force, -1 where idle; ``None`` without one.
    possible
        False where a look at the data shows that there is no schedule.
    """

    blocks: tuple[str, ...]
    months: Ints
    need: Ints
    bar: Ints
    kind: Ints
    quota: Ints
    members: Ints
    first: Ints
    ward: Ints
    hospital: Ints
    place: Ints
    score: Ints
    open_: NDArray[np.bool_]
    due: Ints
    before: Ints | None
    most: int
    idle_cost: int
    change_cost: int
    keep: int
    possible: bool

    @property
    def hospitals(self) -> int:
        """Number of hospitals that count for changes, at least 1."""
        return int(self.hospital.max(initial=0)) + 1

    @property
    def least_months(self) -> int:
        """Fewest months any complete schedule occupies."""
        total = 0
        for kind, quota in enumerate(self.quota):
            total += int(np.sort(self.months[self.kind == kind])[:quota].sum())
        return total


@dataclass(frozen=True, slots=True)
class Compiled:
    """The whole problem; arrays of cells have the shape ``(wards, horizon)``."""

    problem: RotationProblem
    ward_ids: tuple[str, ...]
    trainee_ids: tuple[str, ...]
    upper: Ints
    lower: Ints
    target: Ints
    people: tuple[Person, ...]


def compile_problem(problem: RotationProblem) -> Compiled:
    """Return the problem as arrays."""
    wards = sorted(problem.wards, key=lambda ward: ward.id)
    trainees = sorted(problem.trainees, key=lambda trainee: trainee.id)
    index = {ward.id: number for number, ward in enumerate(wards)}
    hospital = {ward.id: ward.hospital for ward in wards}
    horizon = problem.horizon
    empty = (UNBOUNDED,) * horizon
    return Compiled(
        problem=problem,
        ward_ids=tuple(index),
        trainee_ids=tuple(trainee.id for trainee in trainees),
        upper=_cells([w.upper if w.upper is not None else empty for w in wards], horizon),
        lower=_cells([w.lower or (0,) * horizon for w in wards], horizon),
        target=_cells([w.target or empty for w in wards], horizon),
        people=tuple(_person(trainee, problem, index, hospital) for trainee in trainees),
    )


def _cells(rows: list[tuple[int, ...]], horizon: int) -> Ints:
    return np.array(rows, dtype=np.int64).reshape(len(rows), horizon)


def _person(
    trainee: Trainee,
    problem: RotationProblem,
    ward_index: Mapping[str, int],
    hospital: Mapping[str, str],
) -> Person:
    trainee = _without_barred_wards(trainee, hospital)
    blocks, kind_of, quota, possible = _choices(trainee, problem.horizon)
    position = {block.id: number for number, block in enumerate(blocks)}
    need, bar = _orders(trainee, blocks, kind_of)
    options = [
        (position[block.id], ward, block.score + score)
        for block in blocks
        for ward, score in sorted(block.wards.items())
    ]
    places = sorted({hospital[ward] for _, ward, _ in options})
    place = _ints(places.index(hospital[ward]) for _, ward, _ in options)
    open_ = np.array(
        [_starts(block, trainee, problem.horizon) for block in blocks], dtype=np.bool_
    ).reshape(len(blocks), problem.horizon)
    kinds = _ints(kind_of[block.id] for block in blocks)
    return Person(
        blocks=tuple(position),
        months=_ints(block.months for block in blocks),
        need=need,
        bar=bar,
        kind=kinds,
        quota=_ints(quota),
        members=_ints(
            sum(1 << b for b, own in enumerate(kinds) if own == kind) for kind in range(len(quota))
        ),
        first=_ints(np.searchsorted([b for b, _, _ in options], range(len(blocks) + 1))),
        ward=_ints(ward_index[ward] for _, ward, _ in options),
        hospital=place if trainee.change_cost else np.zeros_like(place),
        place=place,
        score=_ints(score for _, _, score in options),
        open_=open_,
        due=_due(open_, kinds),
        before=_before(problem, trainee, ward_index),
        most=UNBOUNDED if trainee.most_in_hospital is None else trainee.most_in_hospital,
        idle_cost=trainee.idle_cost,
        change_cost=trainee.change_cost,
        keep=problem.keep,
        possible=possible,
    )


def _ints(values: object) -> Ints:
    return np.array(list(values), dtype=np.int64)  # type: ignore[call-overload]


def _without_barred_wards(trainee: Trainee, hospital: Mapping[str, str]) -> Trainee:
    """Return the trainee with the wards left that neither a ban nor a pin excludes."""
    pinned = {pin.block: pin.ward for pin in trainee.pins}

    def stays_open(block: Block, ward: str) -> bool:
        barred = ward in trainee.forbidden or hospital[ward] in trainee.forbidden
        return not barred and pinned.get(block.id, ward) == ward

    blocks = tuple(
        replace(block, wards={w: s for w, s in block.wards.items() if stays_open(block, w)})
        for block in sorted(trainee.blocks, key=lambda block: block.id)
    )
    return replace(trainee, blocks=blocks)


def _choices(
    trainee: Trainee, horizon: int
) -> tuple[tuple[Block, ...], dict[str, int], list[int], bool]:
    """Return the blocks that can be done, the kind of each, how many of each kind, and whether
    there can be a schedule."""
    pinned = {pin.block for pin in trainee.pins}
    free_of = dict(trainee.groups)
    for block in trainee.blocks:
        if block.group and block.id in pinned:
            free_of[block.group] = free_of.get(block.group, 0) - 1
    doable = {
        block.id: block
        for block in trainee.blocks
        if block.wards
        and (not block.group or block.id in pinned or free_of.get(block.group, 0) > 0)
        and any(_starts(block, trainee, horizon))
    }
    while lost := {
        o.after for o in trainee.orders if o.needed and o.after in doable and o.before not in doable
    }:
        doable = {name: block for name, block in doable.items() if name not in lost}
    wanted = {b.id for b in trainee.blocks if not b.group} | pinned
    possible = wanted <= doable.keys()
    kind_of = {name: 0 for name in doable if name in wanted}
    quota = [0]
    for group in sorted({block.group for block in trainee.blocks} - {""}):
        count = free_of.get(group, 0)
        free = [n for n, block in doable.items() if block.group == group and n not in pinned]
        possible = possible and 0 <= count <= len(free)
        if count == len(free):
            kind_of |= dict.fromkeys(free, 0)
        elif count > 0:
            kind_of |= dict.fromkeys(free, len(quota))
            quota.append(count)
    quota[0] = sum(1 for kind in kind_of.values() if kind == 0)
    blocks = tuple(block for name, block in doable.items() if name in kind_of)
    return blocks, kind_of, quota, possible


def _starts(block: Block, trainee: Trainee, horizon: int) -> list[bool]:
    """Return for each period whether the block may begin there."""
    last = horizon - 1 if block.latest is None else min(block.latest, horizon - 1)
    taken = set(trainee.away)
    only = None
    for pin in trainee.pins:
        if pin.block == block.id:
            only = pin.start
        else:
            months = next((b.months for b in trainee.blocks if b.id == pin.block), 0)
            taken |= set(range(pin.start, pin.start + months))
    return [
        start >= block.earliest
        and start + block.months - 1 <= last
        and (only is None or start == only)
        and taken.isdisjoint(range(start, start + block.months))
        for start in range(horizon)
    ]


def _orders(
    trainee: Trainee, blocks: tuple[Block, ...], kind_of: Mapping[str, int]
) -> tuple[Ints, Ints]:
    """
    Return for each block what must, and what may not, have been done before it begins.

    Blocks that nothing tells apart are put in the order of their ids: no schedule is lost, and
    far fewer subsets are left.
    """
    position = {block.id: number for number, block in enumerate(blocks)}
    need, bar = [0] * len(blocks), [0] * len(blocks)
    for order in trainee.orders:
        before, after = position.get(order.before), position.get(order.after)
        if before is None or after is None:
            continue
        if order.needed or not kind_of[order.before]:
            need[after] |= 1 << before
        bar[before] |= 1 << after
    special = {pin.block for pin in trainee.pins}
    special |= {name for order in trainee.orders for name in (order.before, order.after)}
    last_alike: dict[object, int] = {}
    for number, block in enumerate(blocks):
        if block.id in special:
            continue
        alike = replace(block, id="", wards={})
        key = (repr(alike), tuple(sorted(block.wards.items())), kind_of[block.id])
        if key in last_alike:
            need[number] |= 1 << last_alike[key]
        last_alike[key] = number
    return _ints(need), _ints(bar)


def _due(open_: NDArray[np.bool_], kinds: Ints) -> Ints:
    horizon = open_.shape[1]
    due = np.zeros(horizon + 1, dtype=np.int64)
    for block, starts in enumerate(open_):
        if kinds[block] == 0:
            due[int(np.flatnonzero(starts)[-1]) + 1 :] |= 1 << block
    return due


def _before(
    problem: RotationProblem, trainee: Trainee, ward_index: Mapping[str, int]
) -> Ints | None:
    """Return the ward of each period in the plan in force."""
    if trainee.id not in problem.previous or not problem.keep:
        return None
    months = {block.id: block.months for block in trainee.blocks}
    wards = np.full(problem.horizon, -1, dtype=np.int64)
    for stay in problem.previous[trainee.id]:
        wards[stay.start : stay.start + months[stay.block]] = ward_index[stay.ward]
    return wards
