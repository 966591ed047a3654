"""The best plan in which every trainee follows one of the schedules known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from cotutelle.engines.rotation._compiled import Compiled, compile_problem
from cotutelle.engines.rotation.columns import Cells, Column, column_of
from cotutelle.engines.rotation.problem import RotationProblem, Stay

if TYPE_CHECKING:
    from ortools.math_opt.python.mathopt import Variable


@dataclass(frozen=True, slots=True)
class Choice:
    """
    The best plan that consists of known schedules.

    Parameters
    ----------
    stays
        Trainee id → stays.
    score
        Score of the plan.
    is_proved
        No better plan consists of these schedules.
    """

    stays: Mapping[str, tuple[Stay, ...]]
    score: int
    is_proved: bool


def restricted_master(
    problem: RotationProblem,
    columns: Sequence[Sequence[Column]],
    incumbent: Mapping[str, Sequence[Stay]] | None = None,
    time_limit: float = 60.0,
    *,
    compiled: Compiled | None = None,
    seed: int = 0,
) -> Choice | None:
    """
    Return the best plan in which every trainee follows one of the columns.

    Parameters
    ----------
    problem
        A valid problem.
    columns
        For each trainee, in order of id, schedules that keep the trainee's own rules.
    incumbent
        A plan without violations to begin with; its schedules join the columns.
    time_limit
        Seconds of wall time.
    compiled
        The problem as arrays, if the caller has it already.
    seed
        Of the search; the result is a function of it when the search ends before its limit.

    Returns
    -------
    Choice or None
        ``None`` where no plan was found (or there is none).

    Notes
    -----
    HiGHS over one Boolean for each column; a cell has a constraint only where the columns could
    break it. The linear relaxation is so near that this takes seconds where a search that does
    not rest on it (CP-SAT) found less in minutes. One thread, and it cannot be stopped early.
    """
    compiled = compiled or compile_problem(problem)
    pools = [list(pool) for pool in columns]
    if incumbent is not None:
        for trainee, name in enumerate(compiled.trainee_ids):
            column = column_of(problem, compiled, trainee, incumbent.get(name, ()))
            if all(column.stays != known.stays for known in pools[trainee]):
                pools[trainee].append(column)
    if not all(pools):
        return None
    return _Selection(problem, compiled, pools).solve(time_limit, seed)


class _Selection:
    """The integer programme of `restricted_master`."""

    def __init__(
        self, problem: RotationProblem, compiled: Compiled, pools: list[list[Column]]
    ) -> None:
        from ortools.math_opt.python import mathopt  # noqa: PLC0415

        self.names, self.pools, self.fairness = compiled.trainee_ids, pools, problem.fairness
        self.model = mathopt.Model(name="schedules")
        self.model.objective.is_maximize = True
        self.model.objective.offset = -float(Cells(compiled).forced.sum())
        self.chosen = [[self.model.add_binary_variable() for _ in pool] for pool in pools]
        self._choose_one()
        self._limit(Cells(compiled))

    def _choose_one(self) -> None:
        model, worst = self.model, None
        if self.fairness:
            worst = model.add_variable(lb=float(min(c.own for pool in self.pools for c in pool)))
            model.objective.set_linear_coefficient(worst, float(self.fairness))
        for pool, chosen in zip(self.pools, self.chosen, strict=True):
            one = model.add_linear_constraint(lb=1.0, ub=1.0)
            for column, variable in zip(pool, chosen, strict=True):
                one.set_coefficient(variable, 1.0)
                model.objective.set_linear_coefficient(variable, float(column.own - column.keep))
            if worst is not None:
                below = model.add_linear_constraint(ub=0.0)
                below.set_coefficient(worst, 1.0)
                for column, variable in zip(pool, chosen, strict=True):
                    below.set_coefficient(variable, -float(column.own))

    def _limit(self, cells: Cells) -> None:
        present: dict[int, list[Variable]] = defaultdict(list)
        for pool, chosen in zip(self.pools, self.chosen, strict=True):
            for column, variable in zip(pool, chosen, strict=True):
                for cell in column.cells:
                    present[int(cell)].append(variable)
        for cell in sorted(present.keys() | {int(c) for c in np.flatnonzero(cells.low)}):
            low, aim, high = (int(a[cell]) for a in (cells.low, cells.aim, cells.high))
            here = present.get(cell, [])
            if not low and len(here) <= aim:
                continue
            row = self.model.add_linear_constraint(lb=float(low), ub=float(aim))
            for variable in here:
                row.set_coefficient(variable, 1.0)
            if high > aim:
                above = self.model.add_variable(lb=0.0, ub=float(high - aim))
                row.set_coefficient(above, -1.0)
                self.model.objective.set_linear_coefficient(above, -float(cells.smooth))

    def solve(self, time_limit: float, seed: int) -> Choice | None:
        """Return the best choice found."""
        from ortools.math_opt.python import mathopt  # noqa: PLC0415

        parameters = mathopt.SolveParameters(
            time_limit=timedelta(seconds=max(0.1, time_limit)),
            random_seed=seed % (1 << 31),
            relative_gap_tolerance=0.0,
            absolute_gap_tolerance=0.5,
        )
        result = mathopt.solve(self.model, mathopt.SolverType.HIGHS, params=parameters)
        if not result.has_primal_feasible_solution():
            return None
        stays = {}
        for name, pool, chosen in zip(self.names, self.pools, self.chosen, strict=True):
            used = result.variable_values(chosen)
            stays[name] = pool[int(np.argmax(used))].stays
        proved = result.termination.reason is mathopt.TerminationReason.OPTIMAL
        return Choice(stays, round(result.objective_value()), proved)
