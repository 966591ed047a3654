"""
The same model for HiGHS, whose linear relaxation places and keeps many at once faster.

Source: Huangfu and Hall (2018), "Parallelizing the dual revised simplex method" (HiGHS), called
through OR-tools MathOpt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ortools.math_opt.python import mathopt

_BELOW_ONE = 0.5
_INFINITE = 1e15


@dataclass(frozen=True, slots=True)
class Reached:
    """Values by variable, the objective, and whether it is proven best."""

    values: tuple[int, ...]
    objective: int
    is_proven: bool
    bound: float


class Mip:
    """A copy of a CP-SAT model whose constraints are linear, clauses or at-most-ones."""

    def __init__(self, proto: Any) -> None:
        self._model = mathopt.Model()
        self._variables = []
        for variable in proto.variables:
            low, high = list(variable.domain)
            self._variables.append(self._model.add_integer_variable(lb=low, ub=high))
        for constraint in proto.constraints:
            for low, high, terms in _rows(constraint):
                row = self._model.add_linear_constraint(lb=low, ub=high)
                for coefficient, variable in terms:
                    row.set_coefficient(self._variables[variable], coefficient)

    def maximise(
        self, terms: Sequence[tuple[int, int]], seconds: float, hint: Sequence[int] | None
    ) -> Reached | None:
        """Return the best found in time for the sum of ``coefficient × variable``."""
        self._model.maximize(self._sum(terms))
        hints = []
        if hint is not None:
            values = dict(zip(self._variables, map(float, hint), strict=True))
            hints.append(mathopt.SolutionHint(variable_values=values))
        result = mathopt.solve(
            self._model,
            mathopt.SolverType.HIGHS,
            params=mathopt.SolveParameters(
                time_limit=timedelta(seconds=seconds),
                relative_gap_tolerance=0.0,
                absolute_gap_tolerance=_BELOW_ONE,
            ),
            model_params=mathopt.ModelSolveParameters(solution_hints=hints),
        )
        if not result.has_primal_feasible_solution():
            return None
        return Reached(
            tuple(round(value) for value in result.variable_values(self._variables)),
            round(result.objective_value()),
            result.termination.reason == mathopt.TerminationReason.OPTIMAL,
            result.dual_bound(),
        )

    def hold(self, terms: Sequence[tuple[int, int]], reached: int) -> None:
        """Keep this objective from falling below what was reached."""
        self._model.add_linear_constraint(lb=reached, expr=self._sum(terms))

    def _sum(self, terms: Sequence[tuple[int, int]]) -> Any:
        return mathopt.fast_sum([factor * self._variables[index] for factor, index in terms])


def _rows(constraint: Any) -> Iterator[tuple[float, float, list[tuple[int, int]]]]:
    """Yield ``(lower, upper, terms)``; all literals of `Model` are plain variables."""
    if constraint.has_linear():
        linear = constraint.linear
        low, high = list(linear.domain)
        yield (
            low if low > -_INFINITE else float("-inf"),
            high if high < _INFINITE else float("inf"),
            list(zip(linear.coeffs, linear.vars, strict=True)),
        )
    elif constraint.has_at_most_one():
        yield float("-inf"), 1, [(1, literal) for literal in constraint.at_most_one.literals]
    else:
        (condition,) = constraint.enforcement_literal
        for literal in constraint.bool_and.literals:
            yield 0, float("inf"), [(1, literal), (-1, condition)]
