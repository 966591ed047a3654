"""Who has no plan even alone, and what stands in the way of a plan that nearly works."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cotutelle.engines.rotation.checking import check_plan
from cotutelle.engines.rotation.diagnosis.scope import Scope, around_wards, whole_trainees
from cotutelle.engines.rotation.oracle import Oracle
from cotutelle.engines.rotation.placement import Goal, Limits, place
from cotutelle.engines.rotation.plan import Progress
from cotutelle.engines.rotation.problem import RotationProblem, Stay

_SECONDS = 5.0
_PATIENCE = 1.0
"""Least CPU seconds without progress after which a plan that cannot be whole is close enough."""


class CloseEnough:
    """
    Whether the search for the plan that comes closest may end.

    It may at a plan that keeps all places, or one that misses no more than it must. A search
    without much hope also may once it has brought nothing for half as long as the best took.

    Parameters
    ----------
    least
        Places that any plan is known to overdraw or leave unfilled.
    is_hopeless
        Whether no plan keeps all rules, or a plan that is hard to find is not worth the time.
    """

    def __init__(self, least: int = 0, *, is_hopeless: bool = False) -> None:
        self._least, self._is_hopeless = least, is_hopeless
        self._began = self._found = time.process_time()
        self._nothing = self._missing = -1

    def __call__(self, progress: Progress) -> bool:
        """Tell from the progress of the search, which first tells what is missing without plan."""
        if progress.score is not None or progress.overdrawn <= self._least:
            return True
        now, missing = time.process_time(), progress.overdrawn
        if self._nothing < 0:
            self._nothing = self._missing = missing
        if missing < self._missing:
            self._missing, self._found = missing, now
        took = self._found - self._began
        has_plan = self._missing < self._nothing
        return self._is_hopeless and has_plan and now - self._found > max(_PATIENCE, took / 2)


def without_plan(problem: RotationProblem) -> list[str]:
    """Return, in order of id, the trainees whose own rules leave them no plan."""
    oracle = Oracle(replace(problem, previous={}))
    prices = np.zeros((len(problem.wards), problem.horizon))
    goal, limits = Goal(cells=frozenset()), Limits(_SECONDS)
    found = []
    for index, trainee in enumerate(sorted(each.id for each in problem.trainees)):
        suspect = not np.isfinite(oracle.best(index, prices).value)
        if suspect and place(problem, {trainee}, {}, goal, limits) is None:
            found.append(trainee)
    return found


def in_the_way(problem: RotationProblem, stays: Mapping[str, Sequence[Stay]], seen: Scope) -> Scope:
    """Return ``seen`` and what ``stays``, the best found, shows to be in the way besides."""
    broken = check_plan(problem, stays)
    cells = {(v.ward, v.period) for v in broken if v.ward and v.period is not None}
    people = {v.trainee for v in broken if v.trainee is not None}
    wider = seen | whole_trainees(problem, people) | around_wards(problem, cells, whole=False)
    if wider == seen:
        wider = seen | around_wards(problem, cells, whole=True)
    return wider
