"""
Plans made trainee by trainee: each takes the best schedule at what the places left cost.

`Draft` is a plan being worked on. `make_feasible` lets trainees choose in turn while overdrawn
and unfilled places become dearer. `Improver` takes a few trainees out and lets them choose again
(ruin and recreate), and goes on from a plan a little worse now and then (simulated annealing).

**Source.** Schrimpf and others, *Record breaking optimization results using the ruin and recreate
principle*, J. Comp. Phys. 159 (2000); prices of overdrawn cells that grow: McMurchie and Ebeling,
*PathFinder* (1995).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cotutelle.engines.rotation._compiled import Compiled, Person
from cotutelle.engines.rotation.oracle import Oracle, Schedule

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Labels that go on from a period while planning (see `Oracle.best`).
WIDTH = 64


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
        self.chosen: list[Schedule | None] = [None] * count
        self.upper, self.lower = compiled.upper.ravel(), compiled.lower.ravel()
        self.target = compiled.target.ravel()
        self.smooth = compiled.problem.smooth
        self.load = np.zeros(self.upper.size, dtype=np.int64)
        self.own = np.zeros(count, dtype=np.int64)
        self.keep = np.zeros(count, dtype=np.int64)
        self.present = np.zeros((self.load.size, count), dtype=np.bool_)

    def cells_of(self, trainee: int) -> Ints:
        """Return the cells (ward × horizon + period) the trainee occupies."""
        schedule = self.chosen[trainee]
        if schedule is None:
            return np.empty(0, dtype=np.int64)
        return cells_of(schedule, self.compiled)

    def put(self, trainee: int, schedule: Schedule | None) -> None:
        """Replace the trainee's schedule."""
        cells = self.cells_of(trainee)
        self.load[cells] -= 1
        self.present[cells, trainee] = False
        self.chosen[trainee] = schedule
        self.own[trainee] = schedule.score if schedule else 0
        self.keep[trainee] = schedule.keep if schedule else 0
        cells = self.cells_of(trainee)
        self.load[cells] += 1
        self.present[cells, trainee] = True

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
        """Return the number of places overdrawn or missing to a minimum."""
        over = np.maximum(self.load - self.upper, 0)
        return int(over.sum() + np.maximum(self.lower - self.load, 0).sum())

    def prices(self, weight: Floats | float, guide: Floats | float = 0.0) -> Floats:
        """Return what one more trainee costs in each cell, ``(wards, horizon)``."""
        full = (self.load >= self.upper).astype(np.float64)
        prices = guide + weight * (full - (self.load < self.lower))
        if self.smooth:
            prices += self.smooth * (self.load >= self.target)
        return prices.reshape(self.compiled.upper.shape)

    def copy_from(self, chosen: Sequence[Schedule | None]) -> None:
        """Take over these schedules."""
        for trainee, schedule in enumerate(chosen):
            if schedule is not self.chosen[trainee]:
                self.put(trainee, schedule)


def cells_of(schedule: Schedule, compiled: Compiled) -> Ints:
    """Return the cells of a schedule as one number each."""
    cells: Ints = schedule.cells[:, 0] * compiled.problem.horizon + schedule.cells[:, 1]
    return cells


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


def make_feasible(
    draft: Draft,
    oracle: Oracle,
    random: np.random.Generator,
    *,
    go_on: Callable[[], bool],
    guide: Floats | float = 0.0,
    sweeps: int = 40,
) -> bool:
    """
    Let trainees choose in turn until no place is overdrawn or missing.

    Parameters
    ----------
    draft
        Is filled and changed.
    guide
        Prices ``(wards × horizon)`` added to those of full cells.
    go_on
        Asked before each choice; False ends.
    sweeps
        Most rounds; the first asks everybody, the others those in overdrawn cells, or everybody
        while places are missing.

    Returns
    -------
    bool
        Whether all places are kept.
    """
    unit = unit_of(draft.compiled)
    weight = np.full(draft.load.size, unit)
    for sweep in range(sweeps):
        for trainee in random.permutation(_concerned(draft)):
            if not go_on():
                return False
            draft.put(trainee, None)
            draft.put(trainee, oracle.best(trainee, draft.prices(weight, guide), width=WIDTH))
        if not draft.broken():
            return True
        wrong = (draft.load > draft.upper) | (draft.load < draft.lower)
        weight[wrong] += unit * (1 + sweep)
    return False


def _concerned(draft: Draft) -> Ints:
    """Return who has no schedule, or sits in an overdrawn cell, or may fill a missing place."""
    if (draft.load < draft.lower).any():
        return np.arange(len(draft.chosen))
    over = draft.load > draft.upper
    return np.array(
        [
            trainee
            for trainee, schedule in enumerate(draft.chosen)
            if schedule is None or over[draft.cells_of(trainee)].any()
        ],
        dtype=np.int64,
    )


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
            draft.put(trainee, self._oracle.best(trainee, prices, scale, width=WIDTH))
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
        wish = self._oracle.best(seed, self._ideal(), width=WIDTH)
        cells = cells_of(wish, draft.compiled)
        full = cells[draft.load[cells] >= draft.upper[cells]]
        rivals = np.flatnonzero(draft.present[full].any(axis=0))
        rivals = random.permutation(rivals)[: size // 2]
        others = random.choice(count, min(size, count), replace=False, p=weights)
        return list(dict.fromkeys([seed, *rivals.tolist(), *others.tolist()]))[:size]

    def _ideal(self) -> Floats:
        prices = np.zeros(self.draft.load.size) + self.guide
        return prices.reshape(self.draft.compiled.upper.shape)
