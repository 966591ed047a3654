"""Hours: the roster, what differed from it, research time, and alerts."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.values import Day, In, Named, Out, PageQuery, Text300, named
from cotutelle.api.v1.versions import require_version
from cotutelle.core.access import check
from cotutelle.core.clock import today
from cotutelle.institutions.queries import time_zone_of
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import AccountKind, AlertKind, AlertState, DutyKind, ExceptionKind
from cotutelle.rotations.models import AccountLine, DutyEntry, HourException, HoursAlert
from cotutelle.rotations.queries.hours import (
    account_of,
    alerts_visible_to,
    monday_of,
    students_visible_to,
    week_of_student,
)
from cotutelle.rotations.services.hours import log_exception, withdraw_exception
from cotutelle.rotations.services.hours_alerts import close_alert

room = Room("hours")
Minutes = Annotated[int, Field(strict=True, ge=1, le=1440)]
Name80 = Annotated[str, Field(max_length=80, pattern=r"^[^\u0000]*$")]


class DutyOut(Out):
    """A planned shift of the roster."""

    kind: DutyKind
    starts_at: dt.time | None
    minutes: int


class DifferenceOut(Out):
    """What differed from the roster."""

    id: UUID
    day: dt.date
    kind: ExceptionKind
    duty: DutyKind
    minutes: int
    pulled_by: str
    note: str


class DayOut(Out):
    """A day: what was planned, and what differed."""

    day: dt.date
    planned: list[DutyOut]
    differences: list[DifferenceOut]


class WeekOut(Out):
    """Seven days from a Monday on."""

    days: list[DayOut]


class WeekQuery(In):
    """Any day of the week; the present one without it."""

    day: Day | None = None


class DifferenceNew(In):
    """What differed; "pulled_to_ward" is always research time."""

    day: Day
    kind: ExceptionKind
    duty: DutyKind = DutyKind.RESEARCH
    minutes: Minutes
    pulled_by: Name80 = ""
    note: Text300 = ""


class LineOut(Out):
    """A movement of research time, in minutes with their sign; some correct a grant for leave."""

    day: dt.date
    kind: AccountKind
    minutes: int
    note: str
    follows_leave: bool


class AccountOut(Out):
    """Research time in minutes: granted so far, taken by the ward, given back, had, owed."""

    granted: int
    taken: int
    repaid: int
    had: int
    owed: int


class AlertOut(Out):
    """Hours out of bounds: ``value`` is what is, ``bound`` what may be, both in hours."""

    id: UUID
    student: Named
    kind: AlertKind
    week: dt.date
    value: float
    bound: float
    state: AlertState
    opened_at: dt.datetime
    due_on: dt.date
    outcome: str


class AlertQuery(PageQuery):
    """Which alerts."""

    state: AlertState | Literal[""] = ""


class FollowUp(In):
    """What was done; the student reads it."""

    outcome: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\u0000]*$")]


def _difference(row: HourException) -> DifferenceOut:
    return DifferenceOut(
        id=row.public_id,
        day=row.day,
        kind=ExceptionKind(row.kind),
        duty=DutyKind(row.duty),
        minutes=row.minutes,
        pulled_by=row.pulled_by,
        note=row.note,
    )


def _duty(row: DutyEntry) -> DutyOut:
    return DutyOut(kind=DutyKind(row.kind), starts_at=row.starts_at, minutes=row.minutes)


def _week(student: Student, day: dt.date) -> WeekOut:
    return WeekOut(
        days=[
            DayOut(
                day=one,
                planned=[_duty(d) for d in duties],
                differences=[_difference(row) for row in logged],
            )
            for one, duties, logged in week_of_student(student, monday_of(day))
        ]
    )


def _alert(row: HoursAlert) -> AlertOut:
    return AlertOut(
        id=row.public_id,
        student=named(row.student),
        kind=AlertKind(row.kind),
        week=row.week,
        value=float(row.figures["value"]),
        bound=float(row.figures["bound"]),
        state=AlertState(row.state),
        opened_at=row.opened_at,
        due_on=row.due_on,
        outcome=row.outcome,
    )


def _account(student: Student) -> AccountOut:
    account = account_of(student)
    return AccountOut(
        granted=account.granted,
        taken=account.taken,
        repaid=account.repaid,
        had=account.had,
        owed=account.owed,
    )


def _line(row: AccountLine) -> LineOut:
    return LineOut(
        day=row.day,
        kind=AccountKind(row.kind),
        minutes=row.minutes,
        note=row.note,
        follows_leave=row.follows_leave,
    )


def _me(request: ApiRequest) -> Student:
    rows = Student.objects.select_related("unit", "person")
    return get_object_or_404(rows, person=request.person)


def _student(request: ApiRequest, student_id: UUID) -> Student:
    rows = students_visible_to(request.person, today(request.person.time_zone))
    found: Student = get_object_or_404(rows, public_id=student_id)
    check(request.person, "rotations.view_hours", found)
    return found


@room.get("/me/hours", WeekOut, permission="rotations.log_hours")
def show_my_hours(request: ApiRequest, query: Query[WeekQuery]) -> WeekOut:
    """Read a week of the caller's own hours."""
    me = _me(request)
    return _week(me, query.day or today(time_zone_of(me.unit)))


@room.post("/me/hours", DifferenceOut, permission="rotations.log_hours")
def log_my_hours(request: ApiRequest, body: DifferenceNew) -> DifferenceOut:
    """
    Log what differed from the roster.

    Refuses: `hours.future`, `hours.too_old`, `hours.nothing_planned`, `hours.more_than_planned`.
    """
    row = log_exception(
        _me(request),
        day=body.day,
        kind=body.kind,
        duty=body.duty,
        minutes=body.minutes,
        pulled_by=body.pulled_by,
        note=body.note,
        actor=request.person,
    )
    return _difference(row)


@room.change(
    "/me/hours/{uuid:difference_id}",
    DifferenceOut,
    permission="rotations.log_hours",
    method="DELETE",
)
def withdraw_my_hours(request: ApiRequest, difference_id: UUID) -> DifferenceOut:
    """
    Take back what was logged by mistake; research time returns to the account.

    Refuses: `hours.withdrawn`, `hours.too_old`.
    """
    rows = HourException.objects.select_related("student__unit")
    row = get_object_or_404(rows, public_id=difference_id, student__person=request.person)
    withdraw_exception(require_version(request, row), actor=request.person)
    return _difference(row)


@room.get("/me/research-time", AccountOut, permission="rotations.log_hours")
def show_my_research_time(request: ApiRequest) -> AccountOut:
    """Read the caller's research-time account."""
    return _account(_me(request))


@room.get("/me/research-time/lines", Page[LineOut], permission="rotations.log_hours")
def list_my_research_time(request: ApiRequest, query: Query[PageQuery]) -> Page[LineOut]:
    """List the movements of the caller's research time, newest first."""
    return page_of(
        AccountLine.objects.filter(student=_me(request)), query, _line, newest_first=True
    )


@room.get("/students/{uuid:student_id}/hours", WeekOut, permission="rotations.view_hours")
def show_hours_of_student(
    request: ApiRequest, student_id: UUID, query: Query[WeekQuery]
) -> WeekOut:
    """Read a week of a student's hours; only for those who can help."""
    student = _student(request, student_id)
    return _week(student, query.day or today(time_zone_of(student.unit)))


@room.get(
    "/students/{uuid:student_id}/research-time", AccountOut, permission="rotations.view_hours"
)
def show_research_time_of_student(request: ApiRequest, student_id: UUID) -> AccountOut:
    """Read a student's research-time account; only for those who can help."""
    return _account(_student(request, student_id))


@room.get("/hours-alerts", Page[AlertOut], permission="rotations.view_alerts")
def list_hours_alerts(request: ApiRequest, query: Query[AlertQuery]) -> Page[AlertOut]:
    """List alerts about hours that the caller may read."""
    rows = alerts_visible_to(request.person, today(request.person.time_zone))
    if query.state:
        rows = rows.filter(state=query.state)
    return page_of(rows, query, _alert)


@room.act("/hours-alerts/{uuid:alert_id}/close", AlertOut, permission="rotations.follow_up_alert")
def close_hours_alert(request: ApiRequest, alert_id: UUID, body: FollowUp) -> AlertOut:
    """
    Close an alert by saying what was done; the student is told.

    Refuses: `alert.outcome`, `alert.closed`.
    """
    row = get_object_or_404(
        alerts_visible_to(request.person, today(request.person.time_zone)), public_id=alert_id
    )
    close_alert(require_version(request, row), body.outcome, actor=request.person)
    return _alert(row)
