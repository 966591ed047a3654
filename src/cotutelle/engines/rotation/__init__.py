"""
Month-level planning of rotations: who is where, and when.

Make a `RotationProblem`, call `plan_rotations`, check with `check_plan` and `check_bound`. What
needs a solver is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cotutelle.engines.rotation.checking import Violation, check_plan, recompute_score
from cotutelle.engines.rotation.plan import (
    Evidence,
    Infeasible,
    Plan,
    Progress,
    Report,
    Status,
)
from cotutelle.engines.rotation.problem import (
    Block,
    Order,
    RotationProblem,
    Stay,
    Trainee,
    Ward,
)
from cotutelle.engines.rotation.scoring import Score, score_of
from cotutelle.engines.rotation.validation import Fault, InvalidProblem, validate_problem

if TYPE_CHECKING:
    from cotutelle.engines.rotation.solving import plan_rotations

_LAZY = {"plan_rotations": "solving"}

__all__ = [
    "Block",
    "Evidence",
    "Fault",
    "Infeasible",
    "InvalidProblem",
    "Order",
    "Plan",
    "Progress",
    "Report",
    "RotationProblem",
    "Score",
    "Status",
    "Stay",
    "Trainee",
    "Violation",
    "Ward",
    "check_plan",
    "plan_rotations",
    "recompute_score",
    "score_of",
    "validate_problem",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
