"""What a solver returns, with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cotutelle.engines.rotation.problem import Stay

Status = Literal["optimal", "feasible", "elastic"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    Prices from which anybody can recompute the bound (Lagrangian dual).

    Parameters
    ----------
    cells
        ``(ward id, period)`` → price of one place there (positive: scarce; negative: a minimum
        that pulls). A cell without a price costs nothing.
    fairness
        Trainee id → share of the weight on the worst-off trainee; the shares are at least 0 and
        sum to ``RotationProblem.fairness`` (within 1e-6).
    """

    cells: Mapping[tuple[str, int], float] = field(default_factory=dict)
    fairness: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """
    A plan and what is known of its quality.

    Parameters
    ----------
    stays
        Trainee id → stays in order of start.
    score
        Score of the plan as `RotationProblem` defines it.
    bound
        No plan scores more than this; ``None`` where none was computed.
    status
        ``"optimal"`` (score = bound), ``"feasible"``, or ``"elastic"``: some places are
        overdrawn or unfilled (`over`, `under`), the best that could be found.
    trainee_scores
        Trainee id → own score.
    best_alone
        Trainee id → the score this trainee would reach if nobody else were there; satisfaction
        is ``trainee_scores / best_alone``.
    evidence
        Prices that prove the bound.
    over, under
        ``(ward id, period)`` → places too many, or missing to the minimum. Empty unless elastic.
    cpu_seconds
        Processor time spent.
    """

    stays: Mapping[str, tuple[Stay, ...]]
    score: int
    bound: float | None
    status: Status
    trainee_scores: Mapping[str, int]
    best_alone: Mapping[str, int]
    evidence: Evidence | None = None
    over: Mapping[tuple[str, int], int] = field(default_factory=dict)
    under: Mapping[tuple[str, int], int] = field(default_factory=dict)
    cpu_seconds: float = 0.0

    @property
    def gap(self) -> float | None:
        """(bound − score) ÷ |score|, or ``None`` without a bound."""
        if self.bound is None:
            return None
        return max(0.0, self.bound - self.score) / max(1, abs(self.score))


@dataclass(frozen=True, slots=True)
class Progress:
    """What a caller is told while the solver works; ``score`` is ``None`` until feasible."""

    seconds: float
    stage: str
    score: int | None
    bound: float | None
    overdrawn: int
    plan: Plan | None


Report = Callable[[Progress], bool]
"""Called now and then; returning ``False`` stops the solver, which keeps its best plan."""


class Infeasible(ValueError):
    """Some trainee has no plan even alone; ``trainees`` names them with the rules in the way."""

    def __init__(self, trainees: Mapping[str, str]) -> None:
        self.trainees = dict(trainees)
        names = ", ".join(sorted(self.trainees))
        super().__init__(f"problem: no plan exists even alone for {names}")
