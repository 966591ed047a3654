"""
Week-level planning: joint rounds, research half-days, rooms.

Make a `WeeklyProblem`, call `plan_week`, check with `check_week`. The solver is imported only
when a part of the week needs it.
"""

from __future__ import annotations

from cotutelle.engines.weekly.checking import (
    Objectives,
    Violation,
    check_week,
    recompute_objectives,
)
from cotutelle.engines.weekly.files import (
    plan_from_json,
    plan_to_json,
    problem_from_json,
    problem_to_json,
)
from cotutelle.engines.weekly.fixes import find_fixes
from cotutelle.engines.weekly.problem import (
    Activity,
    Fix,
    Party,
    Placement,
    Room,
    WeeklyPlan,
    WeeklyProblem,
)
from cotutelle.engines.weekly.solving import Progress, Report, plan_week
from cotutelle.engines.weekly.validation import Fault, InvalidProblem, validate_problem

__all__ = [
    "Activity",
    "Fault",
    "Fix",
    "InvalidProblem",
    "Objectives",
    "Party",
    "Placement",
    "Progress",
    "Report",
    "Room",
    "Violation",
    "WeeklyPlan",
    "WeeklyProblem",
    "check_week",
    "find_fixes",
    "plan_from_json",
    "plan_to_json",
    "plan_week",
    "problem_from_json",
    "problem_to_json",
    "recompute_objectives",
    "validate_problem",
]
