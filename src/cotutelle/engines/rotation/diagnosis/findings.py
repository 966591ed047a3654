"""What arithmetic alone shows to be missing, before anything is searched."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cotutelle.engines.rotation.placement import allowed_stays
from cotutelle.engines.rotation.problem import Block, RotationProblem, Trainee, Ward
from cotutelle.engines.rotation.rules import Kind

Ints = NDArray[np.int64]
_Starts = tuple[int, tuple[int, ...]]
"""Months of a block and the starts its trainee's own rules leave."""

_MOST = 12


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that cannot come out even.

    Parameters
    ----------
    code
        ``places`` (these wards need more person-months in these periods than they have),
        ``minimum`` (fewer can come than must), ``months`` (a trainee must do more months than
        there are), ``block`` (a block has no possible place and time for a trainee) or
        ``trainee`` (no plan even alone).
    needed, has
        Person-months, or months; 0 where nothing is counted.
    wards
        Ward ids.
    periods
        First and last period, both included.
    trainee, block
        Whom and what, or ``""``.
    kinds
        Kinds of rule of which, dropped as a whole, each would by itself help (``trainee``).
    """

    code: str
    needed: int = 0
    has: int = 0
    wards: tuple[str, ...] = ()
    periods: tuple[int, int] | None = None
    trainee: str = ""
    block: str = ""
    kinds: tuple[Kind, ...] = ()


def arithmetic(problem: RotationProblem) -> tuple[Finding, ...]:
    """
    Compare what cannot be avoided with what there is.

    For every set of wards that some block needs and every run of months: the months that fall
    inside wherever the blocks are put, against the places. For every minimum: who could come.

    Parameters
    ----------
    problem
        A valid problem.

    Returns
    -------
    The worst for each set of wards, each ward's minimum and each trainee; at most 12 of a sort.
    O(sets of wards × distinct blocks × horizon²) time.
    """
    wards = {ward.id: ward for ward in problem.wards}
    people = [_Person(trainee, wards, problem.horizon) for trainee in problem.trainees]
    return (
        *_own_months(problem, people),
        *_too_few_places(problem, people)[:_MOST],
        *_minimums(problem, people)[:_MOST],
    )


def least_missing(findings: Iterable[Finding]) -> int:
    """Return how many places (in person-months) no plan can help overdrawing or not filling."""
    counted: set[tuple[str, str, int]] = set()
    total = 0
    for finding in findings:
        if finding.code not in ("places", "minimum") or finding.periods is None:
            continue
        first, last = finding.periods
        cells = {
            (finding.code, ward, period)
            for ward in finding.wards
            for period in range(first, last + 1)
        }
        if counted.isdisjoint(cells):
            counted |= cells
            total += finding.needed - finding.has
    return total


class _Person:
    """A trainee's blocks with the wards and starts that are possible."""

    def __init__(self, trainee: Trainee, wards: Mapping[str, Ward], horizon: int) -> None:
        self.trainee = trainee
        found: dict[str, tuple[set[str], set[int]]] = {b.id: (set(), set()) for b in trainee.blocks}
        for block, stay in allowed_stays(trainee, wards, horizon):
            found[block.id][0].add(stay.ward)
            found[block.id][1].add(stay.start)
        self.wards = {block: frozenset(where) for block, (where, _) in found.items()}
        self.starts: dict[str, _Starts] = {
            block.id: (block.months, tuple(sorted(found[block.id][1]))) for block in trainee.blocks
        }

    def must(self) -> Iterable[Block]:
        """Yield the blocks that have to be done."""
        pinned = {pin.block for pin in self.trainee.pins}
        for block in self.trainee.blocks:
            if not block.group or block.id in pinned:
                yield block


def _own_months(problem: RotationProblem, people: Sequence[_Person]) -> Iterable[Finding]:
    found: list[Finding] = []
    for person in people:
        trainee = person.trainee
        found += [
            Finding("block", block.months, trainee=trainee.id, block=block.id)
            for block in person.must()
            if not person.starts[block.id][1]
        ]
        needed = sum(block.months for block in trainee.blocks if not block.group)
        for group, count in trainee.groups.items():
            lengths = sorted(block.months for block in trainee.blocks if block.group == group)
            needed += sum(lengths[:count])
        has = problem.horizon - len(trainee.away)
        if needed > has:
            found.append(Finding("months", needed, has, trainee=trainee.id))
    return sorted(found, key=lambda each: (each.trainee, each.block))[:_MOST]


def _inside(starts: _Starts, horizon: int, *, least: bool) -> Ints:
    """Return the fewest (or most) months inside periods a to b, for every a and b."""
    months, at = starts
    first = np.arange(horizon)[None, :, None]
    last = np.arange(horizon)[None, None, :] + 1
    begin = np.array(at, dtype=np.int64)[:, None, None]
    overlap = np.minimum(begin + months, last) - np.maximum(begin, first)
    inside = np.clip(overlap, 0, None)
    chosen: Ints = inside.min(axis=0) if least else inside.max(axis=0)
    return chosen


def _too_few_places(problem: RotationProblem, people: Sequence[_Person]) -> list[Finding]:
    demand: dict[frozenset[str], Counter[_Starts]] = defaultdict(Counter)
    for person in people:
        for block in person.must():
            if person.starts[block.id][1]:
                demand[person.wards[block.id]][person.starts[block.id]] += 1
    known: dict[_Starts, Ints] = {}
    totals: dict[frozenset[str], Ints] = {}
    for names, counted in demand.items():
        totals[names] = np.zeros((problem.horizon,) * 2, dtype=np.int64)
        for starts, count in counted.items():
            if starts not in known:
                known[starts] = _inside(starts, problem.horizon, least=True)
            totals[names] += count * known[starts]
    wards = {ward.id: ward for ward in problem.wards}
    unions = {
        *demand,
        *(
            names | frozenset(w.id for w in problem.wards if w.department == ward.department)
            for names in demand
            for ward in [wards[min(names)]]
            if ward.department
        ),
    }
    found = [_worst(problem, names, totals) for names in unions]
    return sorted(
        (each for each in found if each is not None),
        key=lambda each: (len(each.wards), each.has - each.needed, each.wards),
    )


def _worst(
    problem: RotationProblem, names: frozenset[str], totals: Mapping[frozenset[str], Ints]
) -> Finding | None:
    """Return the shortest run of months in which ``names`` have too few places."""
    chosen = [ward for ward in problem.wards if ward.id in names]
    if any(ward.upper is None for ward in chosen):
        return None
    months = np.zeros(problem.horizon, dtype=np.int64)
    for ward in chosen:
        months += np.array(ward.upper, dtype=np.int64)
    needed = np.zeros((problem.horizon,) * 2, dtype=np.int64)
    for part, total in totals.items():
        if part <= names:
            needed += total
    return _shortest("places", tuple(sorted(names)), needed, _runs(months))


def _runs(months: Ints) -> Ints:
    """Return the sum of ``months`` from a to b, for every a and b."""
    up_to = np.concatenate([[0], np.cumsum(months)])
    sums: Ints = up_to[None, 1:] - up_to[:-1, None]
    return sums


def _shortest(code: str, wards: tuple[str, ...], needed: Ints, has: Ints) -> Finding | None:
    missing = np.triu(needed - has)
    if not (missing > 0).any():
        return None
    short = min((b - a, -int(missing[a, b]), a, b) for a, b in np.argwhere(missing > 0))
    first, last = int(short[2]), int(short[3])
    return Finding(code, int(needed[first, last]), int(has[first, last]), wards, (first, last))


def _minimums(problem: RotationProblem, people: Sequence[_Person]) -> list[Finding]:
    found = []
    length = np.arange(problem.horizon)
    longest = np.clip(length[None, :] - length[:, None] + 1, 0, None)
    known: dict[_Starts, Ints] = {}
    for ward in problem.wards:
        if not any(ward.lower):
            continue
        can_come = np.zeros((problem.horizon,) * 2, dtype=np.int64)
        for person in people:
            mine = np.zeros_like(can_come)
            for block, where in person.wards.items():
                if ward.id in where:
                    starts = person.starts[block]
                    if starts not in known:
                        known[starts] = _inside(starts, problem.horizon, least=False)
                    mine += known[starts]
            can_come += np.minimum(mine, longest)
        must = _runs(np.array(ward.lower, dtype=np.int64))
        short = _shortest("minimum", (ward.id,), must, can_come)
        if short is not None:
            found.append(short)
    return sorted(found, key=lambda each: each.wards)
