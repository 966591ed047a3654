"""What fell away comes back, what was followed up stays so, days belong to the ward."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from cotutelle.availability.models import Span
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Calendar, CalendarDay
from cotutelle.people.enums import Role
from cotutelle.rotations.enums import DutyKind, ExceptionKind, MeetingState, MemberRole
from cotutelle.rotations.models import Meeting
from cotutelle.rotations.services import hours as services
from cotutelle.rotations.services.hours_alerts import close_alert, evaluate_student
from cotutelle.rotations.services.weekly_publication import publish_week
from tests.factories.people import make_person
from tests.factories.rotations_hours import make_hours_world, plan_week
from tests.factories.rotations_setup import HospitalFactory
from tests.factories.rotations_weekly import make_round, make_term, member

pytestmark = pytest.mark.django_db


def test_a_meeting_that_fell_away_by_a_holiday_comes_back_with_its_calendar_entry() -> None:
    hospital = HospitalFactory.create()
    office = make_person(Role.RESIDENCY_OFFICE, unit=hospital)
    calendar = Calendar.objects.create(unit=hospital, name_zh="校历")
    hospital.calendar = calendar
    hospital.save()
    with time_machine.travel(dt.datetime(2026, 10, 26, 4, tzinfo=dt.UTC), tick=False):
        term = make_term(hospital)
        series = make_round(term, weekday=2, starts_at=dt.time(14))
        publish_week(term, actor=office)
        day = dt.date(2026, 11, 11)
        holiday = CalendarDay.objects.create(calendar=calendar, day=day, kind="holiday")
        publish_week(term, actor=office)
        row = Meeting.objects.get(original_on=day)
        assert row.state == MeetingState.CANCELLED
        holiday.delete()
        publish_week(term, actor=office)
    row.refresh_from_db()
    assert row.state == MeetingState.PLANNED
    student = member(series, MemberRole.STUDENT)
    span = Span.objects.get(person=student, source=f"rotations.meeting:{row.pk}")
    assert (span.state, span.sequence) == ("confirmed", 2)


@pytest.fixture
def world() -> Any:
    with time_machine.travel(dt.datetime(2026, 11, 21, 4, tzinfo=dt.UTC), tick=False):
        yield make_hours_world()


def test_an_alert_that_was_followed_up_is_not_opened_again_for_its_week(world: Any) -> None:
    monday = dt.date(2026, 11, 16)
    plan_week(world.student, monday, clinical=16 * 60, research=0)
    opened = evaluate_student(world.student, monday)
    assert opened
    for alert in opened:
        close_alert(alert, "Spoke with the ward", actor=world.office)
    assert evaluate_student(world.student, monday) == []


def test_a_day_has_no_more_than_a_day_of_extra_time(world: Any) -> None:
    def log(minutes: int) -> None:
        services.log_exception(
            world.student,
            day=dt.date(2026, 11, 20),
            kind=ExceptionKind.EXTRA,
            duty=DutyKind.CLINICAL,
            minutes=minutes,
            actor=world.student.person,
        )

    log(1000)
    with pytest.raises(RuleViolation) as refusal:
        log(441)
    assert refusal.value.code == "hours.length"
    log(440)
