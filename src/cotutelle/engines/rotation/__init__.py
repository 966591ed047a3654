"""
Month-level planning of rotations: who is where, and when.

Make a `RotationProblem`, call `plan_rotations`, check with `check_plan` and `check_bound`. What
needs a solver is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cotutelle.engines.rotation.checking import Violation, check_plan, recompute_score
from cotutelle.engines.rotation.files import (
    plan_from_json,
    plan_to_json,
    problem_from_json,
    problem_to_json,
)
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
    from cotutelle.engines.rotation.bound_check import check_bound
    from cotutelle.engines.rotation.solving import plan_rotations

_LAZY = {"check_bound": "bound_check", "plan_rotations": "solving"}

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
    "check_bound",
    "check_plan",
    "plan_from_json",
    "plan_rotations",
    "plan_to_json",
    "problem_from_json",
    "problem_to_json",
    "recompute_score",
    "score_of",
    "validate_problem",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
