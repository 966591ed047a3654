"""Meet the goals of a model one after the other within the time there is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from ortools.math_opt.python import mathopt
from ortools.sat import sat_parameters_pb2

from cotutelle.engines.matching.exact.model import Model, Values
from cotutelle.engines.matching.exact.objectives import Goal

#: Which solver of OR-tools; CP-SAT with its linear relaxation was the fastest one here
#: (see benchmarks/matching_exact.py), HiGHS takes the same model.
SOLVER = mathopt.SolverType.CP_SAT

_NOISE = 1e-6
_Reason = mathopt.TerminationReason


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What the search found.

    Attributes
    ----------
    values
        Of all variables; None when nothing was found.
    proven
        Whether all goals are met as well as can be, or there is nothing to be found.
    size_bound
        Proven upper bound on the goal ``size`` under the goals before it; None when there is
        none because one of these is not proven.
    """

    values: Values | None
    proven: bool
    size_bound: int | None = None

    @property
    def infeasible(self) -> bool:
        """Whether it is proven that nothing can be found."""
        return self.values is None and self.proven


def meet_goals(
    model: Model, goals: Sequence[Goal], *, deadline: float, start: Values | None
) -> Outcome:
    """
    Return the best values found before ``deadline`` (of `time.monotonic`).

    Parameters
    ----------
    start
        Values that keep all rows; the result is never worse.
    """
    values, bound = start, None
    for goal in goals:
        best = None if values is None else goal.value(values)
        proven = best == 0 and not goal.maximize  # nothing is below none
        limit: int | None = best if proven else None
        if not proven:
            found, limit, proven = _improve(model, goal, deadline, values)
            if found is None and proven and values is None:
                return Outcome(None, proven=True)
            values = _better(goal, values, found)
            best = None if values is None else goal.value(values)
            proven = proven or (best is not None and best == limit)
        if goal.name == "size":
            bound = best if proven else limit
        if not proven or best is None:
            return Outcome(values, proven=False, size_bound=bound)
        if goal.maximize:
            model.add_row(goal.terms, lower=best)
        else:
            model.add_row(goal.terms, upper=best)
    return Outcome(values, proven=True, size_bound=bound)


def _better(goal: Goal, old: Values | None, new: Values | None) -> Values | None:
    if old is None or new is None:
        return old or new
    gain = goal.value(new) - goal.value(old)
    return new if (gain > 0) == goal.maximize and gain else old


def _improve(
    model: Model, goal: Goal, deadline: float, start: Values | None
) -> tuple[Values | None, int | None, bool]:
    """Return values, the bound on the goal (if any), and whether nothing better exists."""
    left = deadline - monotonic()
    if left <= 0:
        return None, None, False
    programme = model.programme
    total = mathopt.LinearSum([variable * factor for variable, factor in goal.terms])
    programme.set_linear_objective(total, is_maximize=goal.maximize)
    hints = mathopt.ModelSolveParameters()
    if start is not None:
        hints.solution_hints.append(mathopt.SolutionHint(variable_values=dict(start)))
    result = mathopt.solve(programme, SOLVER, params=_parameters(left), model_params=hints)
    reason = result.termination.reason
    if reason in (_Reason.INFEASIBLE, _Reason.INFEASIBLE_OR_UNBOUNDED):
        return None, None, True
    bound = result.termination.objective_bounds.dual_bound
    limit = None
    if math.isfinite(bound):
        limit = math.floor(bound + _NOISE) if goal.maximize else math.ceil(bound - _NOISE)
    if not result.solutions or reason not in (_Reason.OPTIMAL, _Reason.FEASIBLE):
        return None, limit, False
    values = model.values_of(model.matching_of(result.variable_values()))
    if values is None:
        raise RuntimeError(f"the solver's result breaks the model: {result.termination}")
    return values, limit, reason == _Reason.OPTIMAL


def _parameters(seconds: float) -> mathopt.SolveParameters:
    time_limit = timedelta(seconds=seconds)
    if mathopt.SolverType.CP_SAT == SOLVER:
        return mathopt.SolveParameters(
            time_limit=time_limit,
            threads=1,
            random_seed=1,
            cp_sat=sat_parameters_pb2.SatParameters(
                linearization_level=2, add_lp_constraints_lazily=False, max_num_cuts=0
            ),
        )
    return mathopt.SolveParameters(
        time_limit=time_limit, absolute_gap_tolerance=0.999, relative_gap_tolerance=0
    )
