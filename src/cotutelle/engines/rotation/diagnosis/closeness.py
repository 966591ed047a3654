"""Who has no plan even alone, and what stands in the way of a plan that nearly works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cotutelle.engines.rotation.checking import check_plan
from cotutelle.engines.rotation.diagnosis.scope import Scope, around_wards, whole_trainees
from cotutelle.engines.rotation.oracle import Oracle
from cotutelle.engines.rotation.placement import Goal, Limits, place
from cotutelle.engines.rotation.problem import RotationProblem, Stay

_SECONDS = 5.0


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
