"""Nobody, and no room, is published into two meetings at once; what ends leaves no loose ends."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from cotutelle.availability.models import Span
from cotutelle.core.errors import RuleViolation
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.rotations.enums import MeetingState, MemberRole, Presence, SeriesKind, TermState
from cotutelle.rotations.models import Attendance, Meeting, Series, Term
from cotutelle.rotations.services import weekly_meetings, weekly_placing, weekly_planning
from cotutelle.rotations.services.weekly_publication import changes_of, publish_week
from cotutelle.rotations.services.weekly_series import (
    MemberData,
    SeriesData,
    end_series,
    save_series,
)
from cotutelle.rotations.services.weekly_teams import propose_series
from cotutelle.rotations.task_kinds.weekly import FIND_NEW_SLOT, FREE_SLOT
from cotutelle.workflow.models import Task
from cotutelle.workflow.services import open_task
from tests.factories.people import make_person
from tests.factories.rotations_setup import HospitalFactory
from tests.factories.rotations_weekly import (
    make_mentors,
    make_room,
    make_round,
    make_term,
    member,
    pair_up,
)

pytestmark = pytest.mark.django_db
CLINICAL, RESEARCH, STUDENT = (
    MemberRole.CLINICAL_MENTOR, MemberRole.RESEARCH_MENTOR, MemberRole.STUDENT,
)  # fmt: skip
TWO = dt.time(14)


@pytest.fixture(autouse=True)
def _before_term() -> Any:
    with time_machine.travel(dt.datetime(2026, 10, 26, 4, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def hospital() -> Any:
    return HospitalFactory.create()


@pytest.fixture
def office(hospital: Any) -> Any:
    return make_person(Role.RESIDENCY_OFFICE, unit=hospital, language="en")


@pytest.fixture
def term(hospital: Any) -> Term:
    return make_term(hospital)


def code_of(call: Any) -> str:
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code


def members_of(series: Series, *more: MemberData) -> list[MemberData]:
    rows = series.members.select_related("person").order_by("pk")
    return [*(MemberData(m.person, m.role, m.is_needed) for m in rows), *more]


def join(series: Series, person: Person, office: Person, *, is_needed: bool = True) -> Series:
    data = SeriesData(series.kind, series.name_zh, series.name_en, series.minutes)
    more = MemberData(person, STUDENT, is_needed)
    return save_series(series.term, data, members_of(series, more), series=series, actor=office)


# ------------------------------------------------------------ publishing


def test_who_was_put_into_two_rounds_at_once_is_not_published_so(term: Term, office: Any) -> None:
    one, other = (make_round(term, weekday=2, starts_at=TWO) for _n in range(2))
    shared = member(one, STUDENT)
    join(other, shared, office)
    assert code_of(lambda: publish_week(term, actor=office)) == "term.clash"
    assert not Meeting.objects.exists()
    client = Client()
    client.force_login(office)
    page = client.get(reverse("rotations:term-review", args=[term.public_id])).content.decode()
    assert f"{shared.name_en} on 4 Nov 2026, 14:00" in page

    other.members.filter(person=shared).update(is_needed=False)
    publish_week(term, actor=office)


def test_a_room_is_not_published_to_two_at_once(hospital: Any, term: Term, office: Any) -> None:
    room = make_room(hospital)
    for _n in range(2):
        make_round(term, weekday=2, starts_at=TWO, needs_room=True, room=room)
    assert code_of(lambda: publish_week(term, actor=office)) == "term.clash"


def test_a_new_slot_goes_round_what_was_moved_by_hand(term: Term, office: Any) -> None:
    one, other = make_round(term, weekday=2, starts_at=TWO), make_round(term)
    join(other, member(one, STUDENT), office)
    publish_week(term, actor=office)
    first = one.meetings.get(original_on=dt.date(2026, 11, 4))
    friday = dt.datetime(2026, 11, 6, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    weekly_meetings.move_meeting(first, starts_at=friday, actor=office)
    place = weekly_placing.place_series
    assert code_of(lambda: place(other, 4 * 8, actor=office)) == "series.clash"
    place(other, 4 * 8 + 2, actor=office)
    assert other.meetings.count() == 7


def test_who_joins_a_published_round_is_free_then_or_only_wished(term: Term, office: Any) -> None:
    one, other = (make_round(term, weekday=2, starts_at=TWO) for _n in range(2))
    publish_week(term, actor=office)
    shared = member(one, STUDENT)
    assert code_of(lambda: join(other, shared, office)) == "series.clash"
    assert not other.members.filter(person=shared).exists()
    join(other, shared, office, is_needed=False)
    assert Span.objects.filter(person=shared, state="confirmed").count() == 14


def test_a_week_is_planned_around_the_published_weeks_of_other_terms(office: Any) -> None:
    elsewhere, here = make_term(), make_term(office.unit)
    shared = make_person(Role.MENTOR)
    there = make_round(elsewhere, research=shared, weekday=0, starts_at=dt.time(8))
    make_round(here, research=shared)
    publish_week(elsewhere, actor=make_person(Role.RESIDENCY_OFFICE, unit=elsewhere.unit))
    mine = here.series.get()
    assert weekly_placing.options_of(mine, None).says[0]
    assert not weekly_placing.options_of(mine, None).says[2]
    weekly_planning.compute_week(here, actor=office)
    publish_week(here, actor=office)

    end_series(there, actor=make_person(Role.RESIDENCY_OFFICE, unit=elsewhere.unit))
    assert not weekly_placing.options_of(mine, None).says[0]


def test_who_is_proposed_into_a_published_round_has_it_in_the_calendar(
    hospital: Any, term: Term, office: Any
) -> None:
    clinical, research = make_mentors(hospital)
    pair_up(clinical, research)
    propose_series(term, half_days=False, actor=office)
    weekly_placing.place_series(term.series.get(), 0, actor=office)
    publish_week(term, actor=office)
    late = pair_up(clinical, research).student.person
    propose_series(term, half_days=False, actor=office)
    assert Span.objects.filter(person=late, state="confirmed").count() == 7


# ------------------------------------------------------------ slots and hours of the clock


def test_a_slot_that_the_grid_no_longer_has_is_not_published(term: Term, office: Any) -> None:
    make_round(term, weekday=2, starts_at=TWO)
    make_round(term, weekday=5, starts_at=TWO)  # a Saturday from when the week had six days
    make_round(term, weekday=3, starts_at=dt.time(17), minutes=120)  # beyond the end of the day
    publish_week(term, actor=office)
    assert {row.original_on.weekday() for row in Meeting.objects.all()} == {2}


def test_the_hour_that_the_clock_skips_or_repeats_is_an_hour_long(hospital: Any) -> None:
    hospital.time_zone = "Europe/Berlin"
    hospital.save()
    office = make_person(Role.RESIDENCY_OFFICE, unit=hospital)
    night = {
        "weekdays": 7, "day_starts": dt.time(0), "day_ends": dt.time(6),
        "break_starts": None, "break_ends": None, "slot_minutes": 30,
    }  # fmt: skip
    dates = {"starts_on": dt.date(2026, 3, 23), "ends_on": dt.date(2026, 11, 1)}
    with time_machine.travel(dt.datetime(2026, 3, 20, 4, tzinfo=dt.UTC), tick=False):
        term = make_term(hospital, **night, **dates)
        row = make_round(term, weekday=6, starts_at=dt.time(2, 30), minutes=30)
        publish_week(term, actor=office)
        assert {m.ends_at - m.starts_at for m in row.meetings.all()} == {dt.timedelta(minutes=30)}
        assert not changes_of(term)
        first = row.meetings.get(original_on=dt.date(2026, 3, 29))
        early = dt.datetime(2026, 3, 29, 1, 45, tzinfo=ZoneInfo("Europe/Berlin"))
        moved = weekly_meetings.move_meeting(first, starts_at=early, actor=office)
    assert moved.ends_at - moved.starts_at == dt.timedelta(minutes=30)


# ------------------------------------------------------------ who leaves, what ends


def ask_everybody(series: Series) -> None:
    for row in series.members.select_related("person"):
        for kind in (FIND_NEW_SLOT, FREE_SLOT):
            open_task(
                assignee=row.person, kind=kind, subject=series, unit=series.term.unit,
                due_at=None, params={"name": "x"},
            )  # fmt: skip


def test_nobody_is_asked_for_a_time_of_what_they_left_or_what_ended(
    term: Term, office: Any
) -> None:
    series = make_round(term)
    ask_everybody(series)
    student, lead = member(series, STUDENT), member(series, CLINICAL)
    data = SeriesData(SeriesKind.JOINT_ROUND, "查房", "Round")
    staying = [m for m in members_of(series) if m.person != student]
    save_series(term, data, staying, series=series, actor=office)
    opened = Task.objects.filter(state="open")
    assert not opened.filter(assignee=student).exists()
    assert opened.filter(assignee=lead).count() == 2

    end_series(series, actor=office)

    assert not opened.exists()
    address = reverse("rotations:series-place", args=[series.public_id])
    for person, name in ((office, "rotations:term-series"), (lead, "rotations:my-week")):
        client = Client()
        client.force_login(person)
        args = [term.public_id] if person == office else []
        assert client.get(address).headers["Location"] == reverse(name, args=args)
    assert code_of(lambda: weekly_placing.place_series(series, 0, actor=office)) == "series.ended"


def test_a_meeting_of_what_ended_does_not_come_back(term: Term, office: Any) -> None:
    series = make_round(term, weekday=2, starts_at=TWO)
    publish_week(term, actor=office)
    end_series(series, actor=office)
    row = series.meetings.get(original_on=dt.date(2026, 11, 4))
    assert row.state == MeetingState.CANCELLED
    restore = weekly_meetings.restore_meeting
    assert code_of(lambda: restore(row, actor=office)) == "series.ended"
    client = Client()
    client.force_login(office)
    page = client.get(reverse("rotations:meeting", args=[row.public_id]))
    assert not page.context["may_restore"]


def test_who_left_a_round_stays_in_the_record_of_what_was_held(term: Term, office: Any) -> None:
    series = make_round(term, weekday=2, starts_at=TWO)
    publish_week(term, actor=office)
    left = member(series, STUDENT)
    mentors = {member(series, role).pk: Presence.PRESENT for role in (CLINICAL, RESEARCH)}
    with time_machine.travel(dt.datetime(2026, 11, 5, 4, tzinfo=dt.UTC), tick=False):
        held = series.meetings.get(original_on=dt.date(2026, 11, 4))
        weekly_meetings.record_meeting(held, mentors | {left.pk: Presence.REMOTE}, actor=office)
        data = SeriesData(SeriesKind.JOINT_ROUND, "查房", "Round")
        staying = [m for m in members_of(series) if m.person != left]
        save_series(term, data, staying, series=series, actor=office)
        row = weekly_meetings.record_meeting(held, mentors, actor=office)
    assert row.state == MeetingState.HELD
    assert Attendance.objects.get(meeting=held, person=left).presence == Presence.REMOTE


def test_an_archived_week_takes_nobodys_time(office: Any) -> None:
    old, new = make_term(office.unit), make_term(office.unit)
    shared = make_person(Role.MENTOR)
    make_round(old, research=shared, weekday=0, starts_at=dt.time(8))
    make_round(new, research=shared)
    Term.objects.filter(pk=old.pk).update(state=TermState.ARCHIVED)
    assert not weekly_placing.options_of(new.series.get(), None).says[0]
