"""Granting research time: what the wards give, week by week, less the days on leave."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count, Q, Sum

from cotutelle.core.clock import now
from cotutelle.ledger.services import record_many
from cotutelle.programmes.enums import LeaveState
from cotutelle.programmes.models import Leave, Student
from cotutelle.programmes.queries.leave import COUNTED, leaves_between
from cotutelle.rotations.enums import AccountKind
from cotutelle.rotations.models import AccountLine
from cotutelle.rotations.models.hours import FOLLOWS_LEAVE
from cotutelle.rotations.queries.hours import monday_of, policies_for
from cotutelle.rotations.queries.stays import stays_on

WORKING_DAYS = 5


@transaction.atomic
def grant_week(monday: dt.date) -> int:
    """
    Grant everybody on a ward in the week of ``monday`` the research time the ward gives.

    Each of the five days on leave that is agreed to takes a fifth of it. A week that is granted
    already is left alone, so the job may run as often as it likes. Returns how many students
    were granted time.
    """
    monday = monday_of(monday)
    reference = _granted(monday)
    due = {student: minutes for student, (minutes, _away) in _due(monday).items() if minutes}
    granted = AccountLine.objects.filter(student__in=due, reference=reference)
    there = set(granted.values_list("student_id", flat=True))
    new = [
        _line(student, monday, minutes, reference)
        for student, minutes in due.items()
        if student.pk not in there
    ]
    _keep(new, monday, "rotations.research_time.granted")
    return len(new)


@transaction.atomic
def follow_leave(monday: dt.date) -> int:
    """
    Let what the week of ``monday`` was granted follow leave agreed to, or cut short, since.

    The difference becomes a line of its own. Only those are looked at who have leave in the
    week, or had when a line was made for it; whoever was granted nothing, for a leave of the
    whole week, and came back earlier is granted now. Returns how many lines were added.
    """
    monday = monday_of(monday)
    due = _due(monday)
    rows = AccountLine.objects.filter(
        Q(reference=_granted(monday)) | Q(reference__startswith=_followed(monday)),
        student__in=due,
    )
    sums = {
        key: (total, lines)
        for key, total, lines in rows.values_list("student")
        .annotate(total=Sum("minutes"), lines=Count("pk"))
        .order_by()
    }
    back = _back_early((one for one in due if one.pk not in sums), monday)
    new = [_line(one, monday, due[one][0], _granted(monday)) for one in back if due[one][0]]
    for student, (minutes, is_away) in due.items():
        had, lines = sums.get(student.pk, (minutes, 0))
        if had != minutes and (is_away or lines > 1):
            reference = f"{_followed(monday)}{lines}"
            new.append(_line(student, monday, minutes - had, reference))
    _keep(new, monday, "rotations.research_time.followed_leave")
    return len(new)


def _granted(monday: dt.date) -> str:
    return f"granted:{monday.isoformat()}"


def _followed(monday: dt.date) -> str:
    return f"{FOLLOWS_LEAVE}{monday.isoformat()}:"


def _due(monday: dt.date) -> dict[Student, tuple[int, bool]]:
    """Return the minutes due to everybody on a ward that gives some, and who is on leave."""
    stays = (
        stays_on(monday)
        .filter(ward__research_half_days__gt=0)
        .select_related("ward", "participant__student__unit")
        .order_by("id")
    )
    wards = {stay.participant.student: stay.ward for stay in stays}
    policies = policies_for(student.unit for student in wards)
    away = _days_away(wards, monday)
    found = {}
    for student, ward in wards.items():
        half_day_minutes = round(policies[student.unit_id].half_day_hours * 60)
        days = WORKING_DAYS - len(away[student.pk])
        minutes = round(ward.research_half_days * half_day_minutes * days / WORKING_DAYS)
        found[student] = minutes, days < WORKING_DAYS
    return found


def _line(student: Student, monday: dt.date, minutes: int, reference: str) -> AccountLine:
    return AccountLine(
        student=student,
        day=monday,
        kind=AccountKind.GRANTED,
        minutes=minutes,
        reference=reference,
        at=now(),
    )


def _keep(new: list[AccountLine], monday: dt.date, action: str) -> None:
    AccountLine.objects.bulk_create(new, batch_size=1_000, ignore_conflicts=True)
    record_many(
        action,
        actor=None,
        items=[(line.student, None, {"week": monday, "minutes": line.minutes}) for line in new],
    )


def _back_early(students: Iterable[Student], monday: dt.date) -> list[Student]:
    """Return who had asked for leave on all five days and has returned, in no fixed order."""
    known = {student.pk: student for student in students}
    week = {monday + dt.timedelta(days=n) for n in range(WORKING_DAYS)}
    rows = Leave.objects.filter(
        enrolment__student__in=known, state=LeaveState.RETURNED,
        starts_on__lte=max(week), ends_on__gte=monday,
    )  # fmt: skip
    asked: dict[int, set[dt.date]] = defaultdict(set)
    for key, first, last in rows.values_list("enrolment__student", "starts_on", "ends_on"):
        asked[key].update(day for day in week if first <= day <= last)
    return [known[key] for key, days in asked.items() if days == week]


def _days_away(students: Iterable[Student], monday: dt.date) -> dict[int, set[dt.date]]:
    """Return the days from ``monday`` to Friday on agreed leave, by student key; one query."""
    week = [monday + dt.timedelta(days=n) for n in range(WORKING_DAYS)]
    rows = Leave.objects.filter(enrolment__student__in=list(students), state__in=COUNTED)
    away: dict[int, set[dt.date]] = defaultdict(set)
    for leave in leaves_between(rows.select_related("enrolment"), week[0], week[-1]):
        away[leave.enrolment.student_id].update(
            day for day in week if leave.starts_on <= day <= leave.last_day
        )
    return away
