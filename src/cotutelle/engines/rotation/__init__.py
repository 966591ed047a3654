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
    from cotutelle.engines.rotation.diagnosis import Diagnosis, Finding, diagnose
    from cotutelle.engines.rotation.events import (
        agreement_ends,
        freeze_past,
        trainee_away,
        trainee_leaves,
        ward_closes,
        ward_loses_places,
    )
    from cotutelle.engines.rotation.replanning import Difference, Replan, differences, replan
    from cotutelle.engines.rotation.rules import WAIVERS, Repair, Rule, apply_repair
    from cotutelle.engines.rotation.solving import plan_rotations

_LAZY = {
    "Diagnosis": "diagnosis",
    "Difference": "replanning",
    "Finding": "diagnosis",
    "Repair": "rules",
    "Replan": "replanning",
    "Rule": "rules",
    "WAIVERS": "rules",
    "agreement_ends": "events",
    "apply_repair": "rules",
    "check_bound": "bound_check",
    "diagnose": "diagnosis",
    "differences": "replanning",
    "freeze_past": "events",
    "plan_rotations": "solving",
    "replan": "replanning",
    "trainee_away": "events",
    "trainee_leaves": "events",
    "ward_closes": "events",
    "ward_loses_places": "events",
}

__all__ = [
    "WAIVERS",
    "Block",
    "Diagnosis",
    "Difference",
    "Evidence",
    "Fault",
    "Finding",
    "Infeasible",
    "InvalidProblem",
    "Order",
    "Plan",
    "Progress",
    "Repair",
    "Replan",
    "Report",
    "RotationProblem",
    "Rule",
    "Score",
    "Status",
    "Stay",
    "Trainee",
    "Violation",
    "Ward",
    "agreement_ends",
    "apply_repair",
    "check_bound",
    "check_plan",
    "diagnose",
    "differences",
    "freeze_past",
    "plan_from_json",
    "plan_rotations",
    "plan_to_json",
    "problem_from_json",
    "problem_to_json",
    "recompute_score",
    "replan",
    "score_of",
    "trainee_away",
    "trainee_leaves",
    "validate_problem",
    "ward_closes",
    "ward_loses_places",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
