"""
Plans made trainee by trainee: each takes the best schedule at what the places left cost.

`Draft` is a plan being worked on. `negotiate` lets trainees choose in turn while overdrawn
and unfilled places become dearer. `Improver` takes a few trainees out and lets them choose again
(ruin and recreate), and goes on from a plan a little worse now and then (simulated annealing).

**Source.** Schrimpf and others, *Record breaking optimization results using the ruin and recreate
principle*, J. Comp. Phys. 159 (2000); prices of overdrawn cells that grow: McMurchie and Ebeling,
*PathFinder* (1995).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from cotutelle.engines.rotation._compiled import Compiled, Person
from cotutelle.engines.rotation.columns import Column
from cotutelle.engines.rotation.oracle import Oracle

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Labels that go on from a period while planning (see `Oracle.best`), and where that finds nothing.
_WIDTHS = (64, 1600)
#: Share of the others who are asked too while places are missing.
_SOME = 0.2


class Draft:
    """
    A schedule for each trainee, with the loads and scores that follow.

    Attributes
    ----------
    chosen
        For each trainee (index in the sorted ids) the schedule, or ``None``.
    load
        ``(wards × horizon)`` trainees present.
    present
        ``(wards × horizon, trainees)``: who is where.
    own, keep
        For each trainee own score and cost of what differs from the plan in force.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        count = len(compiled.trainee_ids)
        self.chosen: list[Column | None] = [None] * count
        self.upper, self.lower = compiled.upper.ravel(), compiled.lower.ravel()
        self.target = compiled.target.ravel()
        self.smooth = compiled.problem.smooth
        self.load = np.zeros(self.upper.size, dtype=np.int64)
        self.own = np.zeros(count, dtype=np.int64)
        self.keep = np.zeros(count, dtype=np.int64)
        self.present = np.zeros((self.load.size, count), dtype=np.bool_)

    def put(self, trainee: int, schedule: Column | None) -> None:
        """Replace the trainee's schedule."""
        before = self.chosen[trainee]
        if before is not None:
            self.load[before.cells] -= 1
            self.present[before.cells, trainee] = False
        self.chosen[trainee] = schedule
        self.own[trainee] = schedule.own if schedule else 0
        self.keep[trainee] = schedule.keep if schedule else 0
        if schedule is not None:
            self.load[schedule.cells] += 1
            self.present[schedule.cells, trainee] = True

    def score(self) -> int:
        """Return the score as `RotationProblem` defines it."""
        problem = self.compiled.problem
        total = int(self.own.sum() - self.keep.sum())
        if problem.fairness and self.own.size:
            total += problem.fairness * int(self.own.min())
        if self.smooth:
            total -= self.smooth * int(np.maximum(self.load - self.target, 0).sum())
        return total

    def broken(self) -> int:
        """Return the number of places overdrawn or missing, and of periods nobody planned."""
        over = np.maximum(self.load - self.upper, 0)
        missing = sum(1 for schedule in self.chosen if schedule is None)
        places = int(over.sum() + np.maximum(self.lower - self.load, 0).sum())
        return places + missing * self.compiled.problem.horizon

    def prices(self, weight: Floats | float, guide: Floats | float = 0.0) -> Floats:
        """Return what one more trainee costs in each cell, ``(wards, horizon)``."""
        full = (self.load >= self.upper).astype(np.float64)
        prices = guide + weight * (full - (self.load < self.lower))
        if self.smooth:
            prices += self.smooth * (self.load >= self.target)
        return prices.reshape(self.compiled.upper.shape)

    def copy_from(self, chosen: Sequence[Column | None]) -> None:
        """Take over these schedules."""
        for trainee, schedule in enumerate(chosen):
            if schedule is not self.chosen[trainee]:
                self.put(trainee, schedule)


def ask(oracle: Oracle, trainee: int, prices: Floats, scale: float = 1.0) -> Column | None:
    """Return the trainee's best schedule at the prices; fast, and nearly always the best."""
    for width in _WIDTHS:
        schedule = oracle.best(trainee, prices, scale, width=width)
        if schedule.value > -np.inf:
            return Column.of(trainee, schedule, oracle.compiled.problem.horizon)
    return None


def unit_of(compiled: Compiled) -> float:
    """Return how much it usually matters to a trainee which of a block's wards it is."""
    spreads = [_spread(person) for person in compiled.people]
    return max(1.0, float(np.mean(spreads))) if spreads else 1.0


def _spread(person: Person) -> float:
    if not person.ward.size:
        return 0.0
    most = np.maximum.reduceat(person.score, person.first[:-1])
    least = np.minimum.reduceat(person.score, person.first[:-1])
    return float((most - least).mean()) + person.change_cost


@dataclass(frozen=True, slots=True)
class Pace:
    """
    How fast places become dearer, in units of what a ward matters (`unit_of`).

    Parameters
    ----------
    first, growth
        Price of a full cell in the first sweep, and its growth from sweep to sweep.
    step
        Lasting price of each place overdrawn (or missing, negative) after a sweep.
    """

    first: float
    growth: float
    step: float

    def slower(self) -> Pace:
        """Return about half this pace: better plans in twice the time."""
        return Pace(self.first / 2, 1 + (self.growth - 1) / 2, self.step / 2)


FIRST = Pace(0.8, 2.0, 0.48)
"""For a plan at all: as fast as can be, and not good."""
QUICK = Pace(0.1, 1.25, 0.06)
"""For a fair plan; slower ones are better."""

#: Price of a full cell at most, in units. It must not drown the lasting prices.
_DEAREST = 8.0
#: Sweeps without fewer places overdrawn until lasting prices grow faster (then a trainee pushes
#: another, who pushes a third), and until there is no hope.
_STALLED, _HOPELESS = 4, 150
_PUSH = 0.1


def negotiate(
    draft: Draft,
    oracle: Oracle,
    random: np.random.Generator,
    pace: Pace,
    go_on: Callable[[], bool],
) -> Floats | None:
    """
    Let trainees choose in turn until no place is overdrawn or missing.

    Everybody begins near the own best, and the plan gives way no more than it must: the slower
    places become dearer, the better the plan.

    Parameters
    ----------
    draft
        Is filled and changed.
    go_on
        Asked before each choice; False ends.

    Returns
    -------
    array or None
        The lasting prices of all cells; ``None`` if places are still overdrawn or missing.
    """
    unit = unit_of(draft.compiled)
    lasting = np.zeros(draft.load.size)
    weight = pace.first * unit
    least, since = draft.broken() + 1, 0
    for sweep in count():
        for trainee in random.permutation(_concerned(draft, random, everybody=sweep % 3 == 0)):
            if not go_on():
                return None
            draft.put(trainee, None)
            draft.put(trainee, ask(oracle, trainee, draft.prices(weight, lasting)))
        if not draft.broken():
            return lasting
        broken = draft.broken()
        least, since = (broken, 0) if broken < least else (least, since + 1)
        if since >= _HOPELESS and weight >= _DEAREST * unit:
            break
        stuck = since >= _STALLED and weight >= 2 * unit
        step = _PUSH * weight if stuck else pace.step * unit
        lasting += step * np.maximum(draft.load - draft.upper, 0)
        lasting -= step * np.maximum(draft.lower - draft.load, 0)
        weight = min(weight * pace.growth, unit * _DEAREST)
    return None


def _concerned(draft: Draft, random: np.random.Generator, *, everybody: bool) -> Ints:
    """Return who has no schedule or sits in an overdrawn cell; others where places are missing."""
    count = len(draft.chosen)
    missing = (draft.load < draft.lower).any()
    if missing and everybody:
        return np.arange(count)
    over = draft.load > draft.upper
    concerned = draft.present[over].any(axis=0)
    concerned |= np.array([schedule is None for schedule in draft.chosen], dtype=np.bool_)
    if missing:
        concerned |= random.random(count) < _SOME
    return np.flatnonzero(concerned)


class Improver:
    """
    Ruin and recreate with annealing.

    Parameters
    ----------
    draft
        A plan that keeps all places; is changed.
    oracle, random
        Whom to ask, and chance.

    Attributes
    ----------
    best, best_score
        The best plan so far that keeps all places.
    """

    def __init__(self, draft: Draft, oracle: Oracle, random: np.random.Generator) -> None:
        self.draft = draft
        self._oracle = oracle
        self._random = random
        self.best = list(draft.chosen)
        self.best_score = draft.score()
        self._now = float(self.best_score)
        self._unit = unit_of(draft.compiled)
        self.guide: Floats | float = 0.0
        self.regret: Floats = np.ones(len(draft.chosen))
        self.tried = self.taken = 0

    def look_for_regret(self) -> None:
        """Learn who would gain most where places only cost the guide's prices."""
        draft, prices = self.draft, self._ideal()
        for trainee, now in enumerate(draft.chosen):
            wish = ask(self._oracle, trainee, prices)
            if wish is not None and now is not None:
                self.regret[trainee] = max(
                    0.0, self._worth(wish, prices) - self._worth(now, prices)
                )

    def _worth(self, column: Column, prices: Floats) -> float:
        return column.own - column.keep - float(prices.ravel()[column.cells].sum())

    def restart(self) -> None:
        """Go back to the best plan."""
        self.draft.copy_from(self.best)
        self._now = float(self.best_score)

    def round(self, heat: float, size: int) -> None:
        """
        Take up to ``size`` trainees out and let them choose again; keep the result by chance.

        Parameters
        ----------
        heat
            A loss of ``heat`` units is kept one time in e.
        """
        draft, random = self.draft, self._random
        members = self._members(size)
        before = [draft.chosen[trainee] for trainee in members]
        worst = self._worst()
        for trainee in members:
            draft.put(trainee, None)
        weight = self._unit * 10.0 ** random.uniform(0.0, 2.0)
        guide = self.guide * random.uniform(0.0, 1.0)
        for at in random.permutation(len(members)):
            trainee = members[at]
            scale = 1.0 + draft.compiled.problem.fairness * (trainee in worst)
            prices = draft.prices(weight, guide)
            draft.put(trainee, ask(self._oracle, trainee, prices, scale))
        self.tried += 1
        score = draft.score() - self._unit * 10.0 * draft.broken()
        loss = self._now - score
        if loss <= 0 or random.random() < np.exp(-loss / max(1e-9, heat * self._unit)):
            self._now = score
            self.taken += 1
            if score > self.best_score and not draft.broken():
                self.best, self.best_score = list(draft.chosen), int(score)
            return
        for trainee, schedule in zip(members, before, strict=True):
            draft.put(trainee, schedule)

    def _worst(self) -> set[int]:
        """Return who is worst off, if that counts."""
        own = self.draft.own
        if not self.draft.compiled.problem.fairness:
            return set()
        return set(np.flatnonzero(own == own.min()).tolist())

    def _members(self, size: int) -> list[int]:
        """Return one who could be better off, some of those in the way, and some others."""
        draft, random = self.draft, self._random
        count = len(draft.chosen)
        weights = self.regret + 0.05 * float(self.regret.mean()) + 1e-9
        weights = weights / weights.sum()
        seed = int(random.choice(count, p=weights))
        wish = ask(self._oracle, seed, self._ideal())
        cells = wish.cells if wish is not None else np.empty(0, dtype=np.int64)
        full = cells[draft.load[cells] >= draft.upper[cells]]
        rivals = np.flatnonzero(draft.present[full].any(axis=0))
        rivals = random.permutation(rivals)[: size // 2]
        others = random.choice(count, min(size, count), replace=False, p=weights)
        return list(dict.fromkeys([seed, *rivals.tolist(), *others.tolist()]))[:size]

    def _ideal(self) -> Floats:
        prices = np.zeros(self.draft.load.size) + self.guide
        return prices.reshape(self.draft.compiled.upper.shape)
