"""Granting research time: what the wards give, week by week, less the days on leave."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction

from cotutelle.core.clock import now
from cotutelle.ledger.services import record_many
from cotutelle.programmes.models import Leave, Student
from cotutelle.programmes.queries.leave import COUNTED, leaves_between
from cotutelle.rotations.enums import AccountKind
from cotutelle.rotations.models import AccountLine, Stay
from cotutelle.rotations.queries.hours import monday_of, policies_for

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
    reference = f"granted:{monday.isoformat()}"
    stays = (
        Stay.objects.filter(
            starts_on__lte=monday, ends_on__gte=monday, ward__research_half_days__gt=0
        )
        .select_related("ward", "participant__student__unit")
        .order_by("id")
    )
    wards = {stay.participant.student: stay.ward for stay in stays}
    policies = policies_for(student.unit for student in wards)
    away = _days_away(wards, monday)
    granted = AccountLine.objects.filter(student__in=wards, reference=reference)
    there = set(granted.values_list("student_id", flat=True))
    new = []
    for student, ward in wards.items():
        days = WORKING_DAYS - len(away[student.pk])
        if student.pk in there or not days:
            continue
        half_day_minutes = round(policies[student.unit_id].half_day_hours * 60)
        new.append(
            AccountLine(
                student=student,
                day=monday,
                kind=AccountKind.GRANTED,
                minutes=round(ward.research_half_days * half_day_minutes * days / WORKING_DAYS),
                reference=reference,
                at=now(),
            )
        )
    AccountLine.objects.bulk_create(new, batch_size=1_000, ignore_conflicts=True)
    record_many(
        "rotations.research_time.granted",
        actor=None,
        items=[(line.student, None, {"week": monday, "minutes": line.minutes}) for line in new],
    )
    return len(new)


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
