"""Reading leave: who is away, which rule decides, how many days count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from cotutelle.core.clock import today
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import below
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.defaults import LEAVE_RULES, RuleData
from cotutelle.programmes.enums import LeaveState
from cotutelle.programmes.models import Enrolment, ExtensionRule, Leave, LeaveRule
from cotutelle.programmes.rules import LEAVE_OFFICES, WARD_ROLES
from cotutelle.workflow.models import Approval
from cotutelle.workflow.queries import approvals_of, why_not_decide

EVIDENCE = "programmes.leave_evidence"
COUNTED = (LeaveState.APPROVED, LeaveState.RETURNED)
SHOWN = (LeaveState.ASKED, *COUNTED)
_ONE_DAY = dt.timedelta(days=1)


def leaves_visible_to(actor: Person) -> QuerySet[Leave]:
    """Return leave of the actor, of their students, of their units and of their wards."""
    from cotutelle.mentorship.models import Mentorship  # noqa: PLC0415  the sibling imports us

    offices = LEAVE_OFFICES | {Role.STUDENT_ADVISER}
    units = [g.unit for g in actor.active_grants if g.role in offices]
    wards = [g.unit for g in actor.active_grants if g.role in WARD_ROLES]
    supervised = Mentorship.objects.filter(
        student=OuterRef("enrolment__student_id"), mentor__person=actor, state="active"
    )
    found = (
        Q(enrolment__student__person=actor)
        | below(units, "enrolment__student__unit__path")
        | below(wards, "ward__path")
        | Q(Exists(supervised))
    )
    return Leave.objects.filter(found).select_related(
        "enrolment__student__person",
        "enrolment__student__unit",
        "enrolment__student__cohort",
        "ward",
        "evidence",
        "return_confirmed_by",
    )


def approvals_on(leave: Leave) -> list[Approval]:
    """Return what was asked about ``leave``, in the order of the steps."""
    return sorted(approvals_of(leave), key=lambda one: one.pk)


def to_decide(actor: Person, approvals: Iterable[Approval]) -> Approval | None:
    """Return the pending approval that ``actor`` may decide, if there is one."""
    pending = (one for one in approvals if one.state == "pending")
    return next((one for one in pending if why_not_decide(actor, one) is None), None)


def reads_reason(actor: Person, leave: Leave, approvals: Sequence[Approval] | None = None) -> bool:
    """Tell whether ``actor`` reads reason and evidence: the student and those who decide it."""
    if leave.enrolment.student.person_id == actor.pk:
        return True
    rows = approvals_on(leave) if approvals is None else approvals
    return any(one.decided_by_id == actor.pk or why_not_decide(actor, one) is None for one in rows)


# ---------------------------------------------------------------- rules


def nearest(unit: Unit, owners: Iterable[int]) -> int | None:
    """Return the unit of ``owners`` that is ``unit`` or the nearest above it."""
    known = set(owners)
    line = [int(key) for key in unit.path.split("/") if key]
    return next((key for key in reversed(line) if key in known), None)


def _above(unit: Unit) -> list[int]:
    return [int(key) for key in unit.path.split("/") if key]


def leave_rules_for(unit: Unit, ward: Unit | None = None) -> tuple[RuleData, ...]:
    """
    Return the rules on leave of the nearest unit that keeps its own, or the usual ones.

    Those of the hospital of ``ward`` come before those of the student's ``unit``.
    """
    for one in (ward, unit):
        if one is None:
            continue
        rows = list(LeaveRule.objects.filter(unit_id__in=_above(one)))
        owner = nearest(one, (row.unit_id for row in rows))
        if owner is not None:
            return tuple(
                RuleData(row.kind, row.up_to_days, tuple(row.steps), row.needs_evidence)
                for row in rows
                if row.unit_id == owner
            )
    return LEAVE_RULES


def rule_for(unit: Unit, kind: str, days: int, ward: Unit | None = None) -> RuleData | None:
    """Return the shortest rule that covers ``days`` of ``kind``; rules of the kind come first."""
    rules = leave_rules_for(unit, ward)
    own = [one for one in rules if one.kind == kind] or [one for one in rules if not one.kind]
    fitting = [one for one in own if one.up_to_days >= days]
    return min(fitting, key=lambda one: one.up_to_days, default=None)


def extension_rule_for(unit: Unit) -> ExtensionRule | None:
    """Return the rule of the nearest unit that keeps one; the strictest where it keeps several."""
    rows = list(ExtensionRule.objects.filter(unit_id__in=_above(unit)))
    owner = nearest(unit, (row.unit_id for row in rows))
    mine = [row for row in rows if row.unit_id == owner]
    return min(mine, key=lambda row: (row.threshold_days, row.pk), default=None)


def rule_units(actor: Person) -> QuerySet[Unit]:
    """Return the units whose rules on leave ``actor`` keeps."""
    roles = (Role.GRADUATE_OFFICER, Role.RESIDENCY_OFFICE)
    keys = [g.unit_id for g in actor.active_grants if g.role in roles]
    return Unit.objects.filter(pk__in=keys).order_by("path")


# ---------------------------------------------------------------- days


def days_by_year(leaves: Iterable[Leave]) -> dict[int, int]:
    """Return how many days of ``leaves`` lie in each calendar year; a day in two counts once."""
    found: dict[int, int] = {}
    counted = dt.date.min
    for leave in sorted(leaves, key=lambda one: one.starts_on):
        first, last = max(leave.starts_on, counted), leave.last_day
        counted = max(counted, last + _ONE_DAY)
        while first <= last:
            end = min(last, dt.date(first.year, 12, 31))
            found[first.year] = found.get(first.year, 0) + (end - first).days + 1
            first = end + _ONE_DAY
    return found


@dataclass(frozen=True, slots=True)
class Away:
    """Days away that count under a rule, and those above its threshold."""

    days: int
    over: int


def away_of(enrolment: Enrolment, rule: ExtensionRule | None) -> Away:
    """Return what leave of ``enrolment`` counts under ``rule``; without one nothing is over."""
    leaves = Leave.objects.filter(enrolment=enrolment, state__in=COUNTED)
    if rule is not None and rule.kinds:
        leaves = leaves.filter(kind__in=rule.kinds)
    years = days_by_year(leaves)
    total = sum(years.values())
    if rule is None:
        return Away(total, 0)
    if not rule.is_yearly:
        return Away(total, max(0, total - rule.threshold_days))
    return Away(total, sum(max(0, n - rule.threshold_days) for n in years.values()))


def leaves_between(rows: QuerySet[Leave], first: dt.date, last: dt.date) -> list[Leave]:
    """Return leave asked for or agreed to that touches the days from ``first`` to ``last``."""
    lasts = Q(ends_on__gte=first) | Q(returned_on__gt=first)
    found = rows.filter(lasts, starts_on__lte=last, state__in=SHOWN)
    return [one for one in found.order_by("starts_on", "id") if one.last_day >= first]


def overdue(day: dt.date | None = None) -> QuerySet[Leave]:
    """Return leave that has ended without a reported return."""
    day = day or today()
    rows = Leave.objects.filter(state=LeaveState.APPROVED, ends_on__lt=day - _ONE_DAY)
    return rows.select_related("enrolment__student__person", "enrolment__student__unit", "ward")
