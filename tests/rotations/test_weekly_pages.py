"""Pages of the week: who opens them, what stands there, what a press does."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.rotations.enums import MeetingState, MemberRole
from cotutelle.rotations.models import (
    ClinicalProblem,
    Meeting,
    MeetingRoom,
    Series,
    Term,
    WeeklyBusy,
)
from cotutelle.rotations.services import weekly_meetings, weekly_planning
from cotutelle.workflow.models import Task
from tests.factories.mentorship import MentorFactory
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory
from tests.factories.rotations_setup import HospitalFactory
from tests.factories.rotations_weekly import (
    make_busy,
    make_meeting,
    make_mentors,
    make_room,
    make_round,
    make_term,
    member,
    pair_up,
)

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
PAST = dt.datetime(2026, 11, 18, 14, tzinfo=ZONE)
AHEAD = dt.datetime(2026, 11, 25, 14, tzinfo=ZONE)
CLINICAL, RESEARCH, STUDENT = (
    MemberRole.CLINICAL_MENTOR, MemberRole.RESEARCH_MENTOR, MemberRole.STUDENT,
)  # fmt: skip
LIST_QUERIES = 15


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(dt.datetime(2026, 11, 21, 4, tzinfo=dt.UTC), tick=False):
        yield


def sign_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    client.cookies["language"] = "en"
    return client


def at(name: str, *things: Any) -> str:
    return reverse(f"rotations:{name}", args=[getattr(t, "public_id", t) for t in things])


@pytest.fixture
def hospital() -> Any:
    return HospitalFactory.create()


@pytest.fixture
def term(hospital: Any) -> Term:
    return make_term(hospital)


@pytest.fixture
def series(term: Term) -> Series:
    return make_round(term, weekday=2, starts_at=dt.time(14))


@pytest.fixture
def office(hospital: Any) -> Client:
    return sign_in(make_person(Role.RESIDENCY_OFFICE, unit=hospital, language="en"))


def test_every_page_of_a_term_opens_for_its_planners_and_not_for_strangers(
    office: Client, term: Term, series: Series, hospital: Any
) -> None:
    make_meeting(series, PAST, state=MeetingState.HELD)
    room = make_room(hospital)
    weekly_planning.compute_week(term, actor=make_person(Role.GRADUATE_OFFICER, unit=hospital))
    stranger = sign_in(make_person(Role.RESIDENCY_OFFICE, language="en"))
    student = sign_in(make_person(Role.STUDENT, unit=hospital, language="en"))
    pages = [
        at(name, term)
        for name in (
            "term", "term-edit", "term-propose", "term-review", "term-archive", "term-history",
            "term-board", "term-series", "series-new", "term-people", "term-rooms", "room-new",
        )
    ] + [at("room-edit", term, room), at("room-times", term, room)]  # fmt: skip
    pages += [at("series-edit", series), at("series-place", series), at("series-end", series)]
    for page in pages:
        assert office.get(page).status_code == 200, page
        assert stranger.get(page).status_code == 404, page
        assert student.get(page).status_code in {403, 404}, page
    for name in ("term-series", "term-people", "term-rooms", "term-board"):
        assert office.get(at(name, term) + "?format=xlsx").status_code == 200, name


def test_leaders_read_figures_and_no_names_of_people(
    hospital: Any, term: Term, series: Series
) -> None:
    make_meeting(series, PAST, state=MeetingState.MISSED)
    leader = sign_in(make_person(Role.LEADER, unit=hospital, language="en"))
    page = leader.get(at("term-board", term))
    assert "✕" in page.content.decode()
    assert member(series, STUDENT).name_en not in page.content.decode()
    assert leader.get(at("term", term)).status_code == 200
    for name in ("term-series", "term-people", "term-edit"):
        assert leader.get(at(name, term)).status_code == 403, name
    assert leader.get(at("joint-rounds")).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_the_same_number_of_questions(
    office: Client, term: Term, count: int, django_assert_max_num_queries: Any
) -> None:
    for _n in range(count):
        meeting = make_meeting(make_round(term), PAST)
        ClinicalProblem.objects.create(
            meeting=meeting, title="x", raised_by=make_person(), created_at=PAST
        )
    for name in ("joint-rounds", "problems"):
        with django_assert_max_num_queries(LIST_QUERIES):
            page = office.get(at(name))
        assert page.context["listing"].total == count
        assert office.get(at(name) + "?format=xlsx").status_code == 200
    with django_assert_max_num_queries(LIST_QUERIES):
        assert office.get(at("terms")).context["listing"].total == 1


def test_rounds_are_searched_by_person_and_narrowed_by_state(office: Client, term: Term) -> None:
    one, other = make_round(term), make_round(term)
    held = make_meeting(one, PAST, state=MeetingState.HELD)
    make_meeting(other, PAST, state=MeetingState.MISSED)
    make_meeting(one, AHEAD)
    rows = (
        office.get(at("joint-rounds"), {"q": member(one, STUDENT).name_en}).context["listing"].rows
    )
    assert rows == [held]
    assert office.get(at("joint-rounds") + "?state=missed").context["listing"].total == 1
    assert office.get(at("joint-rounds") + "?begun=0").context["listing"].total == 3


def test_an_officer_prepares_proposes_plans_and_publishes(
    office: Client, hospital: Any, django_capture_on_commit_callbacks: Any
) -> None:
    clinical, research = make_mentors(hospital)
    pair_up(clinical, research)
    typed = {
        "unit": hospital.public_id, "name_zh": "秋季", "starts_on": "2026-11-23",
        "ends_on": "2026-12-18", "weekdays": "5", "day_starts": "08:00", "day_ends": "18:00",
        "break_starts": "12:00", "break_ends": "14:00", "slot_minutes": "60",
    }  # fmt: skip
    wrong = office.post(at("term-new"), typed | {"ends_on": "2026-11-01"})
    assert "ends_on" in wrong.context["form"].errors
    office.post(at("term-new"), typed)
    term = Term.objects.get()
    office.post(at("term-propose", term), {"rounds": "on"})
    series = Series.objects.get()
    assert "/jobs/" in office.post(at("term-plan", term)).url
    for start in ("0", "9" * 5000):  # the second is nowhere in the week and moves nothing
        office.post(at("series-place", series), {"start": start})
    review = office.get(at("term-review", term))
    assert "Publish to 3 people" in review.content.decode()
    office.post(at("term-review", term))
    assert Meeting.objects.count() == 4


def test_an_appointment_is_changed_on_its_page(
    office: Client, hospital: Any, series: Series
) -> None:
    new = StudentFactory.create(unit=hospital).person
    rows = {m.role: m for m in series.members.all()}
    typed = {"kind": "joint_round", "name_zh": "查房", "minutes": "60", "add": new.number,
             "add_role": "student", f"m{rows[STUDENT].pk}-out": "on"}  # fmt: skip
    for role in (CLINICAL, RESEARCH):
        typed[f"m{rows[role].pk}-role"] = role
    page = office.post(at("series-edit", series), typed | {"add": "nobody of this name"})
    assert "add" in page.context["form"].errors
    office.post(at("series-edit", series), typed)
    series.refresh_from_db()
    assert series.minutes == 60
    assert set(series.members.values_list("person", "is_needed")) == {
        (rows[CLINICAL].person_id, False), (rows[RESEARCH].person_id, False), (new.pk, True),
    }  # fmt: skip


def test_times_are_tapped_on_a_grid_by_their_owner(term: Term, series: Series) -> None:
    person = member(series, RESEARCH)
    client = sign_in(person)
    page = client.get(at("my-times", term))
    assert page.status_code == 200
    client.post(at("my-times", term), {"slot": ["0", "1"], "half": ["pm-3"], "kind": "fixed"})
    rows = WeeklyBusy.objects.filter(person=person).order_by("weekday")
    assert [(r.weekday, r.starts_at.hour, r.ends_at.hour) for r in rows] == [
        (0, 8, 10),
        (3, 14, 18),
    ]
    client.post(at("my-times", term), {"slot": ["1", "9" * 5000], "kind": "unwanted"})
    client.post(at("my-times", term), {"slot": ["0"], "kind": "free"})
    kinds = WeeklyBusy.objects.filter(person=person).values_list("kind", flat=True)
    assert sorted(kinds) == ["fixed", "unwanted"]
    assert sign_in(make_person(Role.MENTOR)).get(at("my-times", term)).status_code == 404


def test_a_secretary_keeps_the_times_of_their_own_people_only(hospital: Any, term: Term) -> None:
    own, other = MentorFactory.create(unit=hospital).person, MentorFactory.create().person
    client = sign_in(make_person(Role.BASE_SECRETARY, unit=hospital, language="en"))
    assert client.get(at("person-times", term, own)).status_code == 200
    assert client.get(at("person-times", term, other)).status_code == 404
    client.post(at("person-times", term, own), {"slot": ["3"], "kind": "movable"})
    assert WeeklyBusy.objects.get().person == own


def test_somebody_asked_for_a_slot_answers_on_a_page(
    office: Client, term: Term, series: Series
) -> None:
    person = member(series, CLINICAL)
    make_busy(term, person, 2, 14, 16, "movable")
    for day in (0, 1, 3, 4):
        make_busy(term, person, day, 8, 18)
    make_busy(term, person, 2, 8, 14)
    make_busy(term, person, 2, 16, 18)
    weekly_planning.compute_week(term, actor=make_person(Role.RESIDENCY_OFFICE, unit=term.unit))
    page = office.get(at("term", term)).content.decode()
    assert "frees Wed 14:00–16:00" in page
    assert f"Ask {person.name_en} for this slot" in page
    window = {"day": "2", "from": "14:00", "until": "16:00"}
    office.post(at("series-ask", series), {"person": person.public_id} | window)
    office.post(at("series-ask", series), {"person": person.public_id, "day": "9"})
    task = Task.objects.get()
    client = sign_in(person)
    assert "14:00–16:00" in client.get(task.url).content.decode()
    assert sign_in(make_person(Role.MENTOR)).get(task.url).status_code == 404
    client.post(task.url, {"answer": "yes"})
    assert not WeeklyBusy.objects.filter(kind="movable").exists()
    task.refresh_from_db()
    assert task.state == "done"


def test_a_mentor_records_in_two_screens_and_keeps_a_problem(series: Series) -> None:
    meeting, person = make_meeting(series, PAST), member(series, CLINICAL)
    client = sign_in(person)
    week = client.get(at("my-week") + "?from=2026-11-18").content.decode()
    assert at("meeting-record", meeting) in week
    keys = [f"p{m.pk}" for m in series.members.all()]
    page = client.get(at("meeting-record", meeting)).content.decode()
    assert all(key in page for key in keys)
    after = client.post(at("meeting-record", meeting), dict.fromkeys(keys, "present"))
    assert after.url.endswith("?step=2")
    assert "counts as held" in client.get(after.url).content.decode()
    client.post(after.url, {"title": "Nodules: when to look again"})
    assert client.get(at("problems")).context["listing"].total == 1
    page = client.get(at("meeting", meeting)).content.decode()
    assert "Nodules: when to look again" in page
    assert "Held" in page


def test_a_meeting_is_moved_and_cancelled_on_its_pages(series: Series) -> None:
    meeting = make_meeting(series, AHEAD)
    client = sign_in(member(series, RESEARCH))
    wrong = client.post(at("meeting-move", meeting), {"day": "2026-11-01", "time": "10:00"})
    assert wrong.context["form"].errors
    client.post(at("meeting-move", meeting), {"day": "2026-11-26", "time": "10:00"})
    meeting.refresh_from_db()
    assert meeting.starts_at == dt.datetime(2026, 11, 26, 10, tzinfo=ZONE)
    client.post(at("meeting-cancel", meeting), {"reason": "Conference"})
    meeting.refresh_from_db()
    assert (meeting.state, meeting.sequence) == (MeetingState.CANCELLED, 2)
    client.post(at("meeting-restore", meeting))
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.PLANNED
    student = sign_in(member(series, STUDENT))
    assert student.get(at("meeting", meeting)).status_code == 200
    for name in ("meeting-move", "meeting-cancel", "meeting-record"):
        assert student.get(at(name, meeting)).status_code == 403, name
    assert sign_in(make_person(Role.MENTOR)).get(at("meeting", meeting)).status_code == 404


def test_officers_see_how_many_rounds_count_for_each_mentor(office: Client, series: Series) -> None:
    meeting, lead = make_meeting(series, PAST), member(series, CLINICAL)
    everybody = dict.fromkeys(series.members.values_list("person", flat=True), "present")
    weekly_meetings.record_meeting(meeting, everybody, actor=lead)
    rows = dict(office.get(at("round-mentors")).context["rows"])
    assert rows[lead] == {"held": 1, "came": 1}
    assert member(series, STUDENT) not in rows
    assert office.get(at("round-mentors") + "?format=xlsx").status_code == 200


def test_a_room_is_added_and_changed(office: Client, hospital: Any, term: Term) -> None:
    office.post(at("room-new", term), {"unit": hospital.public_id, "name_zh": "一教", "seats": "9"})
    room = MeetingRoom.objects.get()
    office.post(at("room-edit", term, room), {"name_zh": "一教", "has_remote": "on"})
    office.post(at("room-times", term, room), {"slot": ["5"], "kind": "fixed"})
    room.refresh_from_db()
    assert (room.seats, room.has_remote, room.busy_times.count()) == (None, True, 1)
