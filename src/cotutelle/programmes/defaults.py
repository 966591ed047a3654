"""The rules on leave that hold until a unit keeps its own: examples, to be confirmed by it."""

from __future__ import annotations

from dataclasses import dataclass

from cotutelle.programmes.enums import LeaveKind, LeaveStep

_SHORT = (LeaveStep.DEPARTMENT.value, LeaveStep.MENTORS.value)
_LONG = (*_SHORT, LeaveStep.RESIDENCY_OFFICE.value)


@dataclass(frozen=True, slots=True)
class RuleData:
    """
    Who must agree to a leave up to ``up_to_days``, in this order.

    An empty ``kind`` holds for all kinds that have no rule of their own.
    """

    kind: str
    up_to_days: int
    steps: tuple[str, ...]
    needs_evidence: bool = False


LEAVE_RULES: tuple[RuleData, ...] = (
    RuleData("", 3, _SHORT),
    RuleData("", 30, _LONG),
    RuleData(LeaveKind.SICK.value, 3, _SHORT),
    RuleData(LeaveKind.SICK.value, 180, _LONG, needs_evidence=True),
    RuleData(LeaveKind.MATERNITY.value, 190, _LONG, needs_evidence=True),
    RuleData(LeaveKind.FAMILY.value, 30, _LONG),
)
# Province, days, counted by year: an example, marked so wherever it is shown.
EXTENSION_PROVINCE, EXTENSION_DAYS, EXTENSION_YEARLY = "示例省份 / Example province", 20, True
