"""One meeting: moved, cancelled, recorded, missed twice; who may; what calendars are told."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from icalendar import Calendar as ICalendar

from cotutelle.availability.ical import calendar_file
from cotutelle.availability.models import Span
from cotutelle.availability.queries import spans_for_calendar
from cotutelle.availability.services import publish_span
from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.rotations.enums import (
    MEETING_TRANSITIONS,
    MeetingState,
    MemberRole,
    Presence,
    SeriesKind,
)
from cotutelle.rotations.models import Attendance, ClinicalProblem, Meeting, Series
from cotutelle.rotations.queries.weekly import joint_rounds_of, meetings_visible_to
from cotutelle.rotations.services import weekly_meetings as services
from cotutelle.rotations.services.weekly_calendar import publish_meetings
from cotutelle.workflow.models import Task
from tests.factories.people import make_person
from tests.factories.rotations_setup import HospitalFactory
from tests.factories.rotations_weekly import (
    make_meeting,
    make_room,
    make_round,
    make_term,
    member,
)

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 21, 4, tzinfo=dt.UTC)
PAST = dt.datetime(2026, 11, 18, 14, tzinfo=ZONE)
AHEAD = dt.datetime(2026, 11, 25, 14, tzinfo=ZONE)
CLINICAL, RESEARCH, STUDENT = (
    MemberRole.CLINICAL_MENTOR, MemberRole.RESEARCH_MENTOR, MemberRole.STUDENT,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def series() -> Series:
    return make_round(make_term(HospitalFactory.create()), weekday=2, starts_at=dt.time(14))


def everybody(series: Series, presence: str = Presence.PRESENT) -> dict[int, str]:
    return dict.fromkeys(series.members.values_list("person", flat=True), presence)


def lead(series: Series) -> Any:
    return member(series, CLINICAL)


# ------------------------------------------------------------ states and steps

STEPS = {
    "move": (AHEAD, lambda m, a: services.move_meeting(m, starts_at=AHEAD + dt.timedelta(days=1), actor=a)),
    "cancel": (AHEAD, lambda m, a: services.cancel_meeting(m, reason="出差", actor=a)),
    "restore": (AHEAD, lambda m, a: services.restore_meeting(m, actor=a)),
    "record": (PAST, lambda m, a: services.record_meeting(m, everybody(m.series), actor=a)),
}  # fmt: skip
LEADS_TO = {
    "move": MeetingState.MOVED,
    "cancel": MeetingState.CANCELLED,
    "restore": MeetingState.PLANNED,
    "record": MeetingState.HELD,
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", MeetingState)
def test_every_state_allows_just_the_steps_of_its_life(
    series: Series, step: str, state: MeetingState
) -> None:
    starts_at, act = STEPS[step]
    meeting = make_meeting(series, starts_at, state=state)
    to = LEADS_TO[step]
    correction = step == "record" and state == MeetingState.HELD
    if to in MEETING_TRANSITIONS[state] or correction:
        act(meeting, lead(series))
        meeting.refresh_from_db()
        assert meeting.state == to
        return
    with pytest.raises(RuleViolation) as refusal:
        act(meeting, lead(series))
    assert refusal.value.code == "meeting.state"
    meeting.refresh_from_db()
    assert meeting.state == state


@pytest.mark.parametrize("step", STEPS)
def test_only_the_mentors_of_the_team_and_the_planners_act(series: Series, step: str) -> None:
    starts_at, act = STEPS[step]
    state = MeetingState.CANCELLED if step == "restore" else MeetingState.PLANNED
    meeting = make_meeting(series, starts_at, state=state)
    unit = series.term.unit
    for stranger in (
        member(series, STUDENT),
        make_person(Role.MENTOR, unit=unit),
        make_person(Role.RESIDENCY_OFFICE),
        make_person(Role.BASE_SECRETARY, unit=unit),
    ):
        with pytest.raises(Refused):
            act(meeting, stranger)
    for person in (member(series, RESEARCH), make_person(Role.RESIDENCY_OFFICE, unit=unit)):
        Meeting.objects.filter(pk=meeting.pk).update(state=state, starts_at=starts_at)
        act(meeting, person)


def test_meetings_are_seen_by_members_and_offices_of_the_unit(series: Series) -> None:
    meeting = make_meeting(series, AHEAD)
    unit = series.term.unit
    seers = [member(series, r) for r in (CLINICAL, RESEARCH, STUDENT)]
    seers += [
        make_person(Role.RESIDENCY_OFFICE, unit=unit),
        make_person(Role.BASE_SECRETARY, unit=unit),
    ]
    for person in seers:
        assert list(meetings_visible_to(person)) == [meeting]
    for person in (
        make_person(Role.STUDENT, unit=unit),
        make_person(Role.MENTOR, unit=unit),
        make_person(Role.RESIDENCY_OFFICE),
        make_person(Role.LEADER, unit=unit),
    ):
        assert not meetings_visible_to(person)


# ------------------------------------------------------------ moving


def test_a_moved_occurrence_keeps_its_uid_and_counts_its_sequence_in_the_feed(
    series: Series,
) -> None:
    meeting, person = make_meeting(series, AHEAD), member(series, RESEARCH)
    publish_meetings([meeting])

    def event() -> Any:
        rows = spans_for_calendar(person, now())
        body = calendar_file(rows, name="x", address=str)
        (found,) = ICalendar.from_ical(body).walk("VEVENT")
        return found

    first = event()
    later = AHEAD + dt.timedelta(days=1, hours=1)
    services.move_meeting(meeting, starts_at=later, actor=lead(series))
    second = event()
    assert second["uid"] == first["uid"]
    assert (int(first["sequence"]), int(second["sequence"])) == (0, 1)
    assert second["dtstart"].dt == later
    services.cancel_meeting(Meeting.objects.get(pk=meeting.pk), reason="出差", actor=lead(series))
    third = event()
    assert (int(third["sequence"]), third["status"]) == (2, "CANCELLED")
    told = Notice.objects.filter(person=lead(series)).values_list("kind", flat=True)
    assert set(told) == {"rotations.meeting_moved", "rotations.meeting_cancelled"}
    assert Notice.objects.filter(person=person).count() == 2


def test_a_move_into_somebodys_calendar_the_room_or_the_past_is_refused(series: Series) -> None:
    meeting, later = make_meeting(series, AHEAD), AHEAD + dt.timedelta(days=1)
    publish_span(
        member(series, STUDENT), kind="rotations.research_half_day", source="x:1",
        starts_at=later, ends_at=later + dt.timedelta(hours=1),
    )  # fmt: skip
    with pytest.raises(RuleViolation) as refusal:
        services.move_meeting(meeting, starts_at=later, actor=lead(series))
    assert refusal.value.code == "meeting.clash"
    services.move_meeting(meeting, starts_at=later + dt.timedelta(hours=1), actor=lead(series))
    with pytest.raises(RuleViolation) as refusal:
        services.move_meeting(meeting, starts_at=PAST, actor=lead(series))
    assert refusal.value.code == "meeting.past"
    room = make_room(series.term.unit)
    other = make_round(series.term)
    make_meeting(other, later + dt.timedelta(days=1), room=room)
    with pytest.raises(RuleViolation, match=r"(?i)room|教室|房间|会议室"):
        services.move_meeting(
            meeting, starts_at=later + dt.timedelta(days=1), room=room, actor=lead(series)
        )


# ------------------------------------------------------------ recording


@pytest.mark.parametrize(
    ("clinical", "research", "state"),
    [
        ("present", "remote", MeetingState.HELD),
        ("remote", "present", MeetingState.HELD),
        ("present", "excused", MeetingState.MISSED),
        ("absent", "present", MeetingState.MISSED),
    ],
)
def test_a_joint_round_was_held_when_both_mentors_were_there(
    series: Series, clinical: str, research: str, state: str
) -> None:
    meeting = make_meeting(series, PAST)
    came = {member(series, CLINICAL).pk: clinical, member(series, RESEARCH).pk: research}
    services.record_meeting(meeting, came, actor=lead(series))
    meeting.refresh_from_db()
    assert meeting.state == state
    student = Attendance.objects.get(meeting=meeting, person=member(series, STUDENT))
    assert student.presence == Presence.ABSENT


def test_a_seminar_is_held_when_anybody_came(series: Series) -> None:
    Series.objects.filter(pk=series.pk).update(kind=SeriesKind.SEMINAR)
    meeting = make_meeting(Series.objects.get(pk=series.pk), PAST)
    made = services.record_meeting(
        meeting, {member(series, STUDENT).pk: "present"}, actor=lead(series)
    )
    assert made.state == MeetingState.HELD


def test_recording_refuses_the_future_strangers_and_unmaking_what_was_held(series: Series) -> None:
    with pytest.raises(RuleViolation) as refusal:
        services.record_meeting(make_meeting(series, AHEAD), {}, actor=lead(series))
    assert refusal.value.code == "meeting.future"
    meeting = make_meeting(series, PAST)
    with pytest.raises(RuleViolation) as refusal:
        services.record_meeting(meeting, {make_person().pk: "present"}, actor=lead(series))
    assert refusal.value.code == "meeting.people"
    services.record_meeting(meeting, everybody(series), actor=lead(series))
    with pytest.raises(RuleViolation) as refusal:
        services.record_meeting(meeting, {}, actor=lead(series))
    assert refusal.value.code == "meeting.state"


def test_held_rounds_count_toward_the_duties_of_the_mentors_who_came(series: Series) -> None:
    second = member(series, RESEARCH)
    made = services.record_meeting(make_meeting(series, PAST), everybody(series), actor=second)
    services.record_meeting(
        make_meeting(series, PAST - dt.timedelta(days=7)),
        everybody(series) | {second.pk: "absent"},
        actor=second,
    )
    first, last = PAST.date() - dt.timedelta(days=30), PAST.date()
    assert list(joint_rounds_of(second, first, last)) == [made]
    assert list(joint_rounds_of(lead(series), first, last)) == [made]
    assert not joint_rounds_of(lead(series), first, last - dt.timedelta(days=1))
    assert not joint_rounds_of(member(series, STUDENT), first, last)


# ------------------------------------------------------------ nobody recorded, missed twice


def test_a_past_round_is_asked_about_then_counts_as_missed(series: Series) -> None:
    recent = make_meeting(series, PAST)
    old = make_meeting(series, PAST - dt.timedelta(days=7))
    assert services.chase_meetings() == (1, 1)
    assert services.chase_meetings() == (1, 0)
    old.refresh_from_db()
    recent.refresh_from_db()
    assert (recent.state, old.state) == (MeetingState.PLANNED, MeetingState.MISSED)
    task = Task.objects.get(kind="rotations.record_meeting")
    assert (task.assignee, task.subject_id) == (lead(series), recent.pk)
    services.record_meeting(recent, everybody(series), actor=lead(series))
    task.refresh_from_db()
    assert task.state == "done"


def open_for_a_slot(series: Series) -> set[int]:
    rows = Task.objects.filter(kind="rotations.find_new_slot", subject_id=series.pk, state="open")
    return set(rows.values_list("assignee", flat=True))


def test_missed_twice_in_a_row_asks_both_mentors_for_a_new_slot(series: Series) -> None:
    mentors = {member(series, CLINICAL).pk, member(series, RESEARCH).pk}
    for weeks in (3, 2, 1):
        starts = PAST - dt.timedelta(weeks=weeks)
        if weeks == 2:
            make_meeting(series, starts, state=MeetingState.CANCELLED)
            assert not open_for_a_slot(series)
            continue
        services.record_meeting(make_meeting(series, starts), {}, actor=lead(series))
    assert open_for_a_slot(series) == mentors
    services.record_meeting(make_meeting(series, PAST), everybody(series), actor=lead(series))
    assert not open_for_a_slot(series)


def test_a_held_round_between_two_misses_asks_for_nothing(series: Series) -> None:
    for weeks, came in ((3, {}), (2, everybody(series)), (1, {})):
        meeting = make_meeting(series, PAST - dt.timedelta(weeks=weeks))
        services.record_meeting(meeting, came, actor=lead(series))
    assert not open_for_a_slot(series)


# ------------------------------------------------------------ clinical problems


def test_problems_are_raised_by_those_who_take_part(series: Series) -> None:
    meeting, student = make_meeting(series, PAST), member(series, STUDENT)
    made = services.raise_problem(meeting, title=" 结节随访 ", actor=student)
    assert (made.title, made.raised_by) == ("结节随访", student)
    with pytest.raises(Refused):
        services.raise_problem(meeting, title="x", actor=make_person(Role.STUDENT))
    with pytest.raises(RuleViolation) as refusal:
        services.raise_problem(meeting, title=" ", actor=student)
    assert refusal.value.code == "problem.title"
    with pytest.raises(RuleViolation) as refusal:
        services.raise_problem(make_meeting(series, AHEAD), title="x", actor=student)
    assert refusal.value.code == "meeting.future"
    assert ClinicalProblem.objects.count() == 1
    assert not Span.objects.exists()
