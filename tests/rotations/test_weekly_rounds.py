"""The joint rounds of one person on the first page: next meeting, who cannot come, what was missed."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from cotutelle.availability.services import publish_span
from cotutelle.core.clock import now
from cotutelle.rotations.enums import MeetingState, MemberRole, Presence
from cotutelle.rotations.models import Series, Term
from cotutelle.rotations.queries.weekly_rounds import own_rounds
from cotutelle.rotations.services.weekly_calendar import publish_meetings
from cotutelle.rotations.services.weekly_meetings import record_meeting
from tests.factories.rotations_setup import HospitalFactory
from tests.factories.rotations_weekly import make_meeting, make_round, make_term, member

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 21, 4, tzinfo=dt.UTC)
AHEAD = dt.datetime(2026, 11, 25, 14, tzinfo=ZONE)
CLINICAL, RESEARCH, STUDENT = (
    MemberRole.CLINICAL_MENTOR, MemberRole.RESEARCH_MENTOR, MemberRole.STUDENT,
)  # fmt: skip
QUERIES = 8


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def series() -> Series:
    term = make_term(HospitalFactory.create(), published_at=now())
    return make_round(term, weekday=2, starts_at=dt.time(14))


def busy(person: Any, *, kind: str, is_all_day: bool = True) -> None:
    publish_span(
        person, kind=kind, source=f"test:{kind}", is_all_day=is_all_day,
        params={"ward": "IM1", "department": "IM", "name": "IM"},
        starts_at=AHEAD - dt.timedelta(hours=1), ends_at=AHEAD + dt.timedelta(hours=1),
    )  # fmt: skip


def missed(series: Series, weeks_ago: int) -> None:
    meeting = make_meeting(series, AHEAD - dt.timedelta(weeks=weeks_ago))
    presences = {member(series, CLINICAL).pk: Presence.PRESENT}
    presences[member(series, STUDENT).pk] = Presence.PRESENT
    record_meeting(meeting, presences, actor=member(series, CLINICAL))


def test_a_mentor_reads_who_is_taken_or_on_leave_at_the_next_meeting(series: Series) -> None:
    later = make_meeting(series, AHEAD + dt.timedelta(weeks=1))
    coming = make_meeting(series, AHEAD)
    make_meeting(series, AHEAD - dt.timedelta(days=1), state=MeetingState.CANCELLED)
    publish_meetings([coming, later])
    busy(member(series, STUDENT), kind="rotations.stay")
    clinical, research = member(series, CLINICAL), member(series, RESEARCH)
    (found,) = own_rounds(clinical)
    assert (found.next, found.cannot_come, found.last) == (coming, "", None)
    busy(research, kind="programmes.away")
    (found,) = own_rounds(clinical)
    assert found.cannot_come == research.display_name
    busy(member(series, STUDENT), kind="rotations.seminar", is_all_day=False)
    (found,) = own_rounds(clinical)
    assert member(series, STUDENT).display_name in found.cannot_come
    (found,) = own_rounds(member(series, STUDENT))
    assert (found.next, found.cannot_come) == (coming, "")


def test_two_misses_in_a_row_ask_the_mentors_for_a_new_time(series: Series) -> None:
    missed(series, 2)
    (found,) = own_rounds(member(series, CLINICAL))
    assert (found.is_missed_twice, found.needs_slot) == (False, False)
    missed(series, 1)
    research = member(series, RESEARCH)
    (found,) = own_rounds(research)
    assert (found.is_missed_twice, found.needs_slot) == (True, True)
    assert (found.next, found.absent) == (None, research.display_name)
    (found,) = own_rounds(member(series, STUDENT))
    assert (found.is_missed_twice, found.needs_slot, found.absent) == (True, False, "")


def test_ended_rounds_other_peoples_and_terms_of_nobody_are_left_out(series: Series) -> None:
    mentor = member(series, CLINICAL)
    make_round(series.term, clinical=mentor, ended_at=now())
    make_round(make_term(series.term.unit), clinical=mentor)
    make_round(series.term)
    assert [one.series for one in own_rounds(mentor)] == [series]
    Term.objects.update(ends_on=dt.date(2026, 11, 20))
    assert own_rounds(mentor) == []


def test_the_last_day_of_a_term_ends_at_midnight_here(series: Series) -> None:
    mentor = member(series, CLINICAL)
    Term.objects.update(ends_on=dt.date(2026, 11, 20))
    # 23:30 in Shanghai, and half an hour into the next day
    for hour, minute, count in ((15, 30, 1), (16, 30, 0)):
        with time_machine.travel(dt.datetime(2026, 11, 20, hour, minute, tzinfo=dt.UTC)):
            assert len(own_rounds(mentor)) == count


@pytest.mark.parametrize("count", [1, 3])
def test_more_rounds_ask_no_more_questions(
    series: Series, count: int, django_assert_max_num_queries: Any
) -> None:
    mentor = member(series, CLINICAL)
    rounds = [series, *(make_round(series.term, clinical=mentor) for _n in range(count - 1))]
    for one in rounds:
        make_meeting(one, AHEAD)
        missed(one, 1)
    with django_assert_max_num_queries(QUERIES):
        assert len(own_rounds(mentor)) == count


def test_the_first_page_leads_to_the_meeting_and_to_a_new_time(
    client: Client, series: Series
) -> None:
    coming = make_meeting(series, AHEAD)
    missed(series, 2)
    missed(series, 1)
    mentor, student = member(series, CLINICAL), member(series, STUDENT)
    place = reverse("rotations:series-place", args=[series.public_id])
    for person, leads in ((mentor, True), (student, False)):
        client.force_login(person)
        page = client.get(reverse("web:home")).content.decode()
        assert reverse("rotations:meeting", args=[coming.public_id]) in page
        card = page[page.index("Joint rounds</h2>") :]
        assert (place in card) is leads
        assert "Not held twice in a row" in card
        assert client.get(place).status_code == (200 if leads else 403)
