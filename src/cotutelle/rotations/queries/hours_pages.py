"""Hours as pages show them: a week's days, research shifts to log, lists and figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from cotutelle.notices.models import Notice
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import AccountKind, AlertState, DutyKind, ExceptionKind
from cotutelle.rotations.models import (
    AccountLine,
    DutyEntry,
    HourException,
    HoursAlert,
    Ward,
)
from cotutelle.rotations.queries.hours import (
    WEEK,
    Account,
    Averages,
    WeekHours,
    accounts_of,
    averages_of,
    monday_of,
    policies_for,
    students_visible_to,
    week_of_student,
    weeks_of,
)
from cotutelle.rotations.queries.stays import stays_on

CHART_WEEKS = 8
ASKED_DAYS = 7
LIST_WEEKS = 4
WARD_TAKES = (DutyKind.CLINICAL, DutyKind.ON_CALL)


@dataclass(frozen=True, slots=True)
class Shift:
    """A planned shift on a page; ``lost`` minutes of it were logged as not had."""

    duty: DutyEntry
    lost: int

    @property
    def left(self) -> int:
        """Minutes that can still be logged as taken."""
        return max(0, self.duty.minutes - self.lost)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the week grid."""

    day: dt.date
    shifts: Sequence[Shift]
    logged: Sequence[HourException]
    is_today: bool
    is_past: bool


def days_of(student: Student, monday: dt.date, today: dt.date) -> list[Day]:
    """Return the seven days of a week with their shifts and differences; two queries."""
    return [
        Day(day, _shifts(duties, logged), logged, day == today, day <= today)
        for day, duties, logged in week_of_student(student, monday)
    ]


def _shifts(duties: Sequence[DutyEntry], logged: Sequence[HourException]) -> list[Shift]:
    """Spread the minutes logged as not had over the shifts of their kind, first to last."""
    lost = dict.fromkeys(DutyKind, 0)
    for row in logged:
        if row.kind != ExceptionKind.EXTRA:
            lost[DutyKind(row.duty)] += row.minutes
    shifts = []
    for duty in duties:
        part = min(duty.minutes, lost[DutyKind(duty.kind)])
        lost[DutyKind(duty.kind)] -= part
        shifts.append(Shift(duty, part))
    return shifts


def research_shifts(student: Student, today: dt.date) -> list[tuple[dt.date, Shift]]:
    """Return the research shifts of the last seven days that are not lost yet, newest first."""
    first = today - dt.timedelta(days=ASKED_DAYS - 1)
    days = days_of(student, monday_of(first), today) + days_of(student, monday_of(today), today)
    found = {
        (day.day, shift.duty.pk): (day.day, shift)
        for day in days
        if first <= day.day <= today
        for shift in day.shifts
        if shift.duty.kind == DutyKind.RESEARCH and shift.left
    }
    return [found[key] for key in sorted(found, reverse=True)]


def recent_weeks(student: Student, today: dt.date, weeks: int = CHART_WEEKS) -> list[WeekHours]:
    """Return the ``weeks`` weeks up to the present one."""
    return weeks_of([student], monday_of(today) - (weeks - 1) * WEEK, weeks)[student.pk]


def wards_today(students: Sequence[Student], today: dt.date) -> dict[int, Ward]:
    """Return where each student is today, by student key; one query."""
    stays = stays_on(today).filter(participant__student__in=students)
    rows = stays.select_related("ward__unit", "ward__hospital", "participant")
    return {stay.participant.student_id: stay.ward for stay in rows}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a student stands: averages over the policy's weeks, account, ward, open alerts."""

    student: Student
    averages: Averages | None
    account: Account
    ward: Ward | None
    alerts: int


def standings_of(students: Sequence[Student], today: dt.date) -> list[Standing]:
    """Return how ``students`` stand, in their order; six queries, however many."""
    policies = policies_for(student.unit for student in students)
    longest = max((p.average_weeks for p in policies.values()), default=1)
    weeks = weeks_of(students, monday_of(today) - (longest - 1) * WEEK, longest)
    accounts, wards = accounts_of(students), wards_today(students, today)
    is_open = HoursAlert.objects.filter(student__in=students, state=AlertState.OPEN).order_by()
    alerts = dict(is_open.values_list("student_id").annotate(n=Count("id")))
    return [
        Standing(
            one,
            averages_of(weeks[one.pk][-policies[one.unit_id].average_weeks :]),
            accounts[one.pk],
            wards.get(one.pk),
            alerts.get(one.pk, 0),
        )
        for one in students
    ]


def listed_students(actor: Person, today: dt.date) -> QuerySet[Student]:
    """
    Return the students with hours whom ``actor`` may read, with what lists are sorted by.

    ``owed`` minutes of research time, ``taken`` minutes of ward work in the last four weeks,
    ``open_alerts``.
    """
    known = Q(duties__isnull=False) | Q(research_lines__isnull=False)
    with_data = Student.objects.filter(known).values("pk")
    rows = students_visible_to(actor, today).filter(pk__in=with_data).exclude(person=actor)
    first = monday_of(today) - (LIST_WEEKS - 1) * WEEK
    lines = AccountLine.objects.filter(student=OuterRef("pk")).exclude(kind=AccountKind.GRANTED)
    duties = DutyEntry.objects.filter(
        student=OuterRef("pk"), day__gte=first, day__lt=monday_of(today) + WEEK, kind__in=WARD_TAKES
    )
    alerts = HoursAlert.objects.filter(student=OuterRef("pk"), state=AlertState.OPEN)
    return rows.annotate(
        owed=-_sum(lines, "minutes"),
        taken=_sum(duties, "minutes"),
        open_alerts=Coalesce(
            Subquery(alerts.order_by().values("student").annotate(n=Count("id")).values("n")), 0
        ),
    )


def _sum(rows: QuerySet[AccountLine] | QuerySet[DutyEntry], name: str) -> Coalesce:
    total = rows.order_by().values("student").annotate(total=Sum(name)).values("total")
    return Coalesce(Subquery(total, output_field=IntegerField()), 0)


def told_about(alert: HoursAlert, url: str) -> list[Person]:
    """Return who was told of ``alert``, whose page is ``url``."""
    notices = Notice.objects.filter(
        url=url, kind__in=("rotations.alert_student", "rotations.alert_helper")
    )
    return list(Person.objects.filter(pk__in=notices.values("person")).order_by("name_sort", "pk"))
