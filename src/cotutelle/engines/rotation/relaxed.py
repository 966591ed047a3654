"""The linear programme over schedules: its prices say which places are scarce."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from cotutelle.engines.rotation.columns import ROUNDING, Cells, Column, Floats, Ints
from cotutelle.engines.rotation.problem import RotationProblem

_MOST_STEPS = 5000
"""Steps of the simplex method after which an interior point method takes over for good."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A solved linear programme: value, prices of cells, shares of trainees, use of columns."""

    value: float
    prices: Floats
    shares: Floats
    used: tuple[tuple[Column, float], ...]
    overdrawn: float


class MasterProgramme:
    """
    The linear programme over the columns known, solved again and again as columns come.

    A cell's row appears when columns could overfill it or leave it short. Places too many or too
    few cost ``penalty``, so that there is always a solution.

    Parameters
    ----------
    problem, cells
        The problem, and its cells.
    potential
        How many trainees could be in each cell.
    trainees
        Number of trainees.
    penalty
        Cost of each place too many or too few.

    Attributes
    ----------
    is_heavy
        Whether it is too large for the simplex method.
    """

    def __init__(
        self, problem: RotationProblem, cells: Cells, potential: Ints, trainees: int, penalty: float
    ) -> None:
        from ortools.math_opt.python import mathopt  # noqa: PLC0415

        self._model = mathopt.Model(name="schedules")
        self._model.objective.is_maximize = True
        self._cells = cells
        self._columns: list[tuple[Column, Any]] = []
        self._fairness = problem.fairness
        self._one = [self._model.add_linear_constraint(lb=1.0, ub=1.0) for _ in range(trainees)]
        self._rows: dict[int, Any] = {}
        self._slack: list[Any] = []
        for cell in np.flatnonzero((potential > cells.aim) | (cells.low > 0)):
            self._add_row(int(cell), penalty)
        self._worst: list[Any] = []
        if problem.fairness and trainees:
            worst = self._model.add_variable(lb=-np.inf)
            self._model.objective.set_linear_coefficient(worst, float(problem.fairness))
            for _ in range(trainees):
                row = self._model.add_linear_constraint(ub=0.0)
                row.set_coefficient(worst, 1.0)
                self._worst.append(row)
        self._solver = mathopt.IncrementalSolver(self._model, mathopt.SolverType.GLOP)
        self.is_heavy = False

    def _add_row(self, cell: int, penalty: float) -> None:
        cells, objective = self._cells, self._model.objective
        low, aim, high = int(cells.low[cell]), int(cells.aim[cell]), int(cells.high[cell])
        row = self._model.add_linear_constraint(lb=low or -np.inf, ub=aim)
        over = self._model.add_variable(lb=0.0)
        objective.set_linear_coefficient(over, -penalty)
        row.set_coefficient(over, -1.0)
        self._slack.append(over)
        if low:
            under = self._model.add_variable(lb=0.0)
            objective.set_linear_coefficient(under, -penalty)
            row.set_coefficient(under, 1.0)
            self._slack.append(under)
        if high > aim:
            above = self._model.add_variable(lb=0.0, ub=float(high - aim))
            objective.set_linear_coefficient(above, -float(cells.smooth))
            row.set_coefficient(above, -1.0)
        self._rows[cell] = row

    def add(self, column: Column) -> None:
        """Take one more schedule into the choice."""
        variable = self._model.add_variable(lb=0.0)
        self._model.objective.set_linear_coefficient(variable, float(column.own - column.keep))
        self._one[column.trainee].set_coefficient(variable, 1.0)
        for cell in column.cells:
            row = self._rows.get(int(cell))
            if row is not None:
                row.set_coefficient(variable, 1.0)
        if self._worst:
            self._worst[column.trainee].set_coefficient(variable, -float(column.own))
        self._columns.append((column, variable))

    def solve(self, seconds: float) -> Relaxed | None:
        """Return the optimum over the columns known, or ``None`` when time ran out."""
        from ortools.math_opt.python import mathopt  # noqa: PLC0415

        limit = timedelta(seconds=max(seconds, 0.01))
        if not self.is_heavy:
            parameters = mathopt.SolveParameters(
                presolve=mathopt.Emphasis.OFF, time_limit=limit, iteration_limit=_MOST_STEPS
            )
            result = self._solver.solve(params=parameters)
            self.is_heavy = result.termination.limit is mathopt.Limit.ITERATION
        if self.is_heavy:
            parameters = mathopt.SolveParameters(
                lp_algorithm=mathopt.LPAlgorithm.BARRIER, time_limit=limit
            )
            result = mathopt.solve(self._model, mathopt.SolverType.HIGHS, params=parameters)
        if result.termination.reason is not mathopt.TerminationReason.OPTIMAL:
            return None
        prices = np.zeros(self._cells.low.size)
        prices[list(self._rows)] = result.dual_values(list(self._rows.values()))
        shares = np.zeros(len(self._one))
        if self._worst:
            shares[:] = result.dual_values(self._worst)
        amounts = result.variable_values([variable for _, variable in self._columns])
        return Relaxed(
            value=result.objective_value() - float(self._cells.forced.sum()),
            prices=prices,
            shares=np.maximum(shares, 0.0),
            used=tuple(
                (column, amount)
                for (column, _), amount in zip(self._columns, amounts, strict=True)
                if amount > ROUNDING
            ),
            overdrawn=float(sum(result.variable_values(self._slack))),
        )
