"""Alerts about hours: opened by bounds, closed by what was done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now, today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.queries import deadline
from cotutelle.ledger.services import record
from cotutelle.mentorship.queries import supervisors_of
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.notices.wording import day as day_words
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import AlertKind, AlertState
from cotutelle.rotations.models import HoursAlert, HoursPolicy
from cotutelle.rotations.queries.hours import (
    WEEK,
    Account,
    Averages,
    accounts_of,
    averages_of,
    department_of,
    monday_of,
    policies_for,
    ward_on,
    weeks_of,
)
from cotutelle.rotations.task_kinds.hours import FOLLOW_UP
from cotutelle.workflow.services import close_tasks, open_tasks


def breaches(
    averages: Averages | None, account: Account, policy: HoursPolicy
) -> dict[AlertKind, tuple[float, float]]:
    """
    Return which bounds are broken: kind → (what is, what may be), both in hours.

    Averages are weekly over the policy's weeks that have data; without data only the account
    speaks.
    """
    found: dict[AlertKind, tuple[float, float]] = {}
    if averages is not None:
        if averages.clinical > policy.clinical_most_hours:
            found[AlertKind.CLINICAL_HIGH] = (averages.clinical, float(policy.clinical_most_hours))
        if averages.total > policy.total_most_hours:
            found[AlertKind.TOTAL_HIGH] = (averages.total, float(policy.total_most_hours))
        if averages.research < Decimal(policy.research_least_hours):
            found[AlertKind.RESEARCH_LOW] = (averages.research, float(policy.research_least_hours))
    most_owed = float(policy.owed_alarm_half_days * Decimal(policy.half_day_hours))
    if account.owed / 60 >= most_owed > 0:
        found[AlertKind.BALANCE_LOW] = (account.owed / 60, most_owed)
    return found


def evaluate_student(student: Student, monday: dt.date) -> list[HoursAlert]:
    """Do what `evaluate_students` does for one."""
    return evaluate_students([student], monday)


@transaction.atomic
def evaluate_students(students: Sequence[Student], monday: dt.date) -> list[HoursAlert]:
    """
    Open an alert for each bound one of ``students`` breaks in the weeks up to that of ``monday``.

    An alert already open is not opened again, nor one closed for the same week. The student, both mentors and the department are
    told, and the department gets a task. A handful of queries, however many students are well.
    """
    week = monday_of(monday)
    policies = policies_for(student.unit for student in students)
    longest = max((p.average_weeks for p in policies.values()), default=1)
    weeks = weeks_of(students, week - (longest - 1) * WEEK, longest)
    accounts = accounts_of(students)
    is_known = set(
        HoursAlert.objects.filter(
            Q(state=AlertState.OPEN) | Q(week=week), student__in=students
        ).values_list("student_id", "kind")
    )
    opened = []
    for student in students:
        policy = policies[student.unit_id]
        averages = averages_of(weeks[student.pk][-policy.average_weeks :])
        broken = breaches(averages, accounts[student.pk], policy)
        for kind, (value, bound) in broken.items():
            if (student.pk, kind) not in is_known:
                opened.append(_open(student, kind, week, value, bound, policy))
    return [alert for alert in opened if alert is not None]


def remind_overdue() -> int:
    """Ask the departments once more to follow up alerts that are overdue; return how many."""
    overdue = HoursAlert.objects.filter(state=AlertState.OPEN, due_on__lt=today())
    rows = list(overdue.select_related("student__person", "student__unit", "ward__unit"))
    with transaction.atomic():
        for alert in rows:
            notify(
                department_of(alert.student, alert.ward),
                "rotations.alert_overdue",
                params={
                    "student": bilingual(alert.student.person),
                    "kind": alert.kind,
                    "figures": alert.figures,
                    "due": day_words(alert.due_on),
                },
                url=reverse("rotations:alert", args=[alert.public_id]),
                unit=alert.student.unit,
            )
    return len(rows)


def _open(  # noqa: PLR0917  the facts of one alert
    student: Student,
    kind: AlertKind,
    week: dt.date,
    value: float,
    bound: float,
    policy: HoursPolicy,
) -> HoursAlert | None:
    """Insert without waiting for others who do the same; ``None`` when one is open already."""
    due_at = deadline(student.unit, now(), policy.follow_up_days)
    (made,) = HoursAlert.objects.bulk_create(
        [
            HoursAlert(
                student=student,
                ward=ward_on(student, today()),
                kind=kind,
                week=week,
                figures={"value": round(value, 1), "bound": bound},
                opened_at=now(),
                due_on=due_at.date(),
            )
        ],
        ignore_conflicts=True,
    )
    alert = HoursAlert.objects.filter(public_id=made.public_id).first()
    if alert is None:
        return None
    record(
        "rotations.alert.opened",
        actor=None,
        subject=alert,
        after={"kind": kind, "week": week, **alert.figures},
    )
    _tell(alert, due_at)
    return alert


def _tell(alert: HoursAlert, due_at: dt.datetime) -> None:
    student = alert.student
    params = {
        "student": bilingual(student.person),
        "kind": alert.kind,
        "figures": alert.figures,
        "due": day_words(alert.due_on),
    }
    url = reverse("rotations:alert", args=[alert.public_id])
    notify([student.person], "rotations.alert_student", params=params, url=url, unit=student.unit)
    department = department_of(student, alert.ward)
    notify(
        [*supervisors_of(student), *department],
        "rotations.alert_helper",
        params=params,
        url=url,
        unit=student.unit,
    )
    open_tasks(
        department,
        kind=FOLLOW_UP,
        subject=alert,
        unit=student.unit,
        due_at=due_at,
        params=params,
        url=url,
    )


@transaction.atomic
def close_alert(alert: HoursAlert, outcome: str, *, actor: Person) -> None:
    """
    Close an alert by what was done; the student is told, the tasks are closed.

    Refuses: ``alert.outcome`` (nothing said), ``alert.closed``.
    """
    check(actor, "rotations.follow_up_alert", alert)
    if not outcome.strip():
        raise RuleViolation("alert.outcome", _("Say what was done."), field="outcome")
    moved = HoursAlert.objects.filter(pk=alert.pk, state=AlertState.OPEN).update(
        state=AlertState.CLOSED, closed_at=now(), closed_by=actor, outcome=outcome.strip()
    )
    if not moved:
        raise RuleViolation("alert.closed", _("Somebody closed this alert already."))
    alert.refresh_from_db()
    close_tasks(subject=alert, kind=FOLLOW_UP)
    record("rotations.alert.closed", actor=actor, subject=alert, after={"outcome": alert.outcome})
    notify(
        [alert.student.person],
        "rotations.alert_closed",
        params={
            "kind": alert.kind,
            "figures": alert.figures,
            "outcome": alert.outcome,
        },
        url=reverse("rotations:alert", args=[alert.public_id]),
        unit=alert.student.unit,
    )
