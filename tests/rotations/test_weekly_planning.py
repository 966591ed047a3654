"""The week of a term: teams from the mentorships, planned, placed by hand, published."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils.translation import override

from cotutelle.availability.models import Span
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.institutions.models import Calendar, CalendarDay
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.mentorship.enums import Track
from cotutelle.people.enums import Role
from cotutelle.rotations.enums import BusyKind, MeetingState, MemberRole, SeriesKind, TermState
from cotutelle.rotations.models import Meeting, Series, Term, WeeklyBusy
from cotutelle.rotations.queries.weekly_grid import Grid
from cotutelle.rotations.queries.weekly_words import unplaced_of
from cotutelle.rotations.services import weekly_placing, weekly_planning, weekly_terms
from cotutelle.rotations.services.weekly_publication import changes_of, publish_week
from cotutelle.rotations.services.weekly_series import (
    MemberData,
    SeriesData,
    end_series,
    save_series,
)
from cotutelle.rotations.services.weekly_teams import propose_series
from cotutelle.workflow.models import Task
from tests.factories.mentorship import MentorFactory
from tests.factories.people import make_person
from tests.factories.rotations_setup import (
    HospitalFactory,
    make_cycle,
    make_participant,
    make_stay,
    make_ward,
)
from tests.factories.rotations_weekly import (
    make_busy,
    make_mentors,
    make_room,
    make_round,
    make_term,
    member,
    pair_up,
)

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
CLINICAL, RESEARCH, STUDENT = (
    MemberRole.CLINICAL_MENTOR, MemberRole.RESEARCH_MENTOR, MemberRole.STUDENT,
)  # fmt: skip


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


# ------------------------------------------------------------ terms and times


def test_the_grid_leaves_the_break_out_and_starts_anew_after_it() -> None:
    grid = Grid(make_term())
    assert len(grid.slots) == 5 * 8
    assert grid.breaks == {4, 12, 20, 28, 36}
    assert grid.fits(2, 2)
    assert not grid.fits(3, 2)
    assert grid.touched(1, dt.time(9, 30), dt.time(11)) == [9, 10]
    assert grid.half_day() == 240


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ends_on": dt.date(2026, 11, 1)}, "term.dates"),
        ({"break_ends": None}, "term.grid"),
        ({"break_starts": dt.time(7)}, "term.grid"),
        ({"day_ends": dt.time(8)}, "term.grid"),
        ({"slot_minutes": 7}, "term.grid"),
    ],
)
def test_a_term_without_a_sound_grid_is_refused(
    hospital: Any, office: Any, change: dict[str, Any], code: str
) -> None:
    values = {"name_zh": "秋", "starts_on": dt.date(2026, 11, 2), "ends_on": dt.date(2026, 12, 18)}
    with pytest.raises(RuleViolation) as refusal:
        weekly_terms.save_term(
            weekly_terms.TermData(**values | change), unit=hospital, actor=office
        )
    assert refusal.value.code == code


def test_a_published_term_keeps_its_grid_and_an_archived_one_everything(
    hospital: Any, office: Any
) -> None:
    term = make_term(hospital, state=TermState.PUBLISHED)
    names = weekly_terms.TermData.__dataclass_fields__
    values = {name: getattr(term, name) for name in names}
    weekly_terms.save_term(
        weekly_terms.TermData(**values | {"name_zh": "改名"}), term=term, actor=office
    )
    for state, change in (("published", {"weekdays": 6}), ("archived", {"name_en": "x"})):
        Term.objects.filter(pk=term.pk).update(state=state)
        fresh = Term.objects.get(pk=term.pk)
        with pytest.raises(RuleViolation) as refusal:
            weekly_terms.save_term(
                weekly_terms.TermData(**values | change), term=fresh, actor=office
            )
        assert refusal.value.code == "term.state"


def test_only_the_planners_of_the_unit_prepare_terms(hospital: Any) -> None:
    data = weekly_terms.TermData("秋", dt.date(2026, 11, 2), dt.date(2026, 12, 18))
    for stranger in (
        make_person(Role.RESIDENCY_OFFICE),
        make_person(Role.MENTOR, unit=hospital),
        make_person(Role.BASE_SECRETARY, unit=hospital),
    ):
        with pytest.raises(Refused):
            weekly_terms.save_term(data, unit=hospital, actor=stranger)


def test_times_are_kept_by_the_person_and_their_office_and_by_nobody_else(hospital: Any) -> None:
    term, person = make_term(hospital), make_person(Role.MENTOR, unit=hospital)
    secretary = make_person(Role.BASE_SECRETARY, unit=hospital)
    weekly_terms.set_busy(term, person, {0: "fixed", 1: "fixed", 5: "movable"}, actor=person)
    rows = WeeklyBusy.objects.filter(person=person).order_by("weekday", "starts_at")
    assert [(r.starts_at.hour, r.ends_at.hour, r.kind) for r in rows] == [
        (8, 10, "fixed"), (15, 16, "movable"),
    ]  # fmt: skip
    weekly_terms.set_busy(term, person, {}, actor=secretary)
    assert not rows.all()
    with pytest.raises(Refused):
        weekly_terms.set_busy(term, person, {0: "fixed"}, actor=make_person(Role.MENTOR))
    with pytest.raises(RuleViolation) as refusal:
        weekly_terms.set_busy(term, person, {99: "fixed"}, actor=person)
    assert refusal.value.code == "busy.slot"


# ------------------------------------------------------------ teams


def test_teams_are_proposed_from_the_pairs_and_never_doubled(hospital: Any, office: Any) -> None:
    term = make_term(hospital)
    clinical, research = make_mentors(hospital)
    other = MentorFactory.create(track=Track.RESEARCH)
    alone = MentorFactory.create(unit=hospital, track=Track.CLINICAL)
    students = [pair_up(clinical, research), pair_up(research, clinical), pair_up(clinical, other)]
    single = pair_up(alone, other)
    pair_up(MentorFactory.create(), research)  # a clinical mentor of elsewhere

    made = propose_series(term, half_days=False, actor=office)

    assert made.rounds == 2
    team = Series.objects.get(members__person=clinical.person)
    people = {m.person_id: m.role for m in team.members.all()}
    assert people == {
        clinical.person_id: CLINICAL, research.person_id: RESEARCH, other.person_id: RESEARCH,
    } | {p.student.person_id: STUDENT for p in students}  # fmt: skip
    assert (
        member(Series.objects.get(members__person=alone.person), STUDENT) == single.student.person
    )

    late = pair_up(alone, research)
    again = propose_series(term, half_days=False, actor=office)
    assert (again.rounds, again.joined) == (0, 2)
    assert late.student.person_id in set(
        Series.objects.get(members__person=alone.person).members.values_list("person", flat=True)
    )


def test_half_days_follow_what_the_ward_of_the_term_grants(hospital: Any, office: Any) -> None:
    term = make_term(hospital)
    cycle = make_cycle(hospital, starts_on=dt.date(2026, 11, 1))
    ward = make_ward(unit=hospital, research_half_days=2)
    make_stay(make_participant(cycle), ward, 0, 3)
    make_stay(make_participant(cycle), make_ward(unit=hospital), 0, 3)
    make_stay(make_participant(cycle), make_ward(unit=hospital, research_half_days=10), 0, 3)
    pair_up(*make_mentors(hospital))

    assert propose_series(term, rounds=False, actor=office).half_days == 2
    rows = Series.objects.filter(kind=SeriesKind.RESEARCH_HALF_DAY)
    assert {(r.ward, r.minutes) for r in rows} == {(ward, 240)}
    assert {str(r) for r in rows} == {"科研半天"}
    assert propose_series(term, rounds=False, actor=office).half_days == 0


def test_a_joint_round_needs_both_mentors(hospital: Any, office: Any) -> None:
    term, lead = make_term(hospital), make_person(Role.MENTOR)
    with pytest.raises(RuleViolation) as refusal:
        save_series(
            term, SeriesData(SeriesKind.JOINT_ROUND), [MemberData(lead, CLINICAL)], actor=office
        )
    assert refusal.value.code == "series.members"
    with pytest.raises(RuleViolation) as refusal:
        save_series(
            term, SeriesData(SeriesKind.SEMINAR, minutes=300), [MemberData(lead, STUDENT)],
            actor=office,
        )  # fmt: skip
    assert refusal.value.code == "series.minutes"


# ------------------------------------------------------------ planning


def test_a_week_is_planned_checked_and_kept_as_a_decision(
    hospital: Any, office: Any, django_capture_on_commit_callbacks: Any
) -> None:
    term = make_term(hospital)
    shared = make_person(Role.MENTOR)
    first, second = make_round(term, research=shared), make_round(term, research=shared)
    make_busy(term, shared, 0, 8, 18)
    job = weekly_planning.request_week(term, actor=office)
    with pytest.raises(RuleViolation) as refusal:
        weekly_planning.request_week(term, actor=office)
    assert refusal.value.code == "term.running"

    run_now(Job.objects.get(pk=job.pk))

    term.refresh_from_db()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (term.outcome["placed"], term.outcome["is_optimal"]) == (2, True)
    assert first.weekday != 0
    assert second.weekday != 0
    assert (first.weekday, first.starts_at) != (second.weekday, second.starts_at)
    assert term.run is not None
    assert weekly_planning.verify_json(term.run.certificate)["ok"] is True
    assert weekly_planning.verify_json({"problem": {}, "plan": {}})["ok"] is False

    before = (first.weekday, first.starts_at)
    weekly_planning.compute_week(term, actor=office)
    first.refresh_from_db()
    assert (first.weekday, first.starts_at) == before


def test_what_finds_no_slot_says_whose_freed_time_is_enough_and_asks_for_it(
    hospital: Any, office: Any
) -> None:
    term = make_term(hospital)
    series = make_round(term)
    clinical, research = member(series, CLINICAL), member(series, RESEARCH)
    for day in range(5):
        make_busy(term, clinical, day, 8, 12)
        make_busy(term, research, day, 14, 16 if day == 2 else 18)
    make_busy(term, research, 2, 16, 18, BusyKind.MOVABLE)

    term = weekly_planning.compute_week(term, actor=office)

    series.refresh_from_db()
    assert series.weekday is None
    (one,) = unplaced_of(term)
    (fix,) = one.fixes
    (ask,) = fix.asks
    assert (ask.person, ask.weekday, ask.starts, ask.ends) == (research, 2, "16:00", "18:00")
    assert "16:00–18:00" in one.either
    window = {"weekday": 2, "starts_at": dt.time(16), "ends_at": dt.time(18)}
    weekly_placing.ask_for_slot(series, research, **window, actor=office)
    task = Task.objects.get(assignee=research, kind="rotations.free_slot")
    assert "day=2&from=16:00&until=18:00" in task.url
    with pytest.raises(RuleViolation):
        weekly_placing.answer_slot(series, **window, frees=True, actor=office)

    assert weekly_placing.answer_slot(series, **window, frees=True, actor=research)
    task.refresh_from_db()
    assert task.state == "done"
    weekly_planning.compute_week(term, actor=office)
    series.refresh_from_db()
    assert (series.weekday, series.starts_at) == (2, dt.time(16))


def test_a_slot_set_by_hand_must_be_free(hospital: Any, office: Any) -> None:
    term = make_term(hospital)
    shared = make_person(Role.MENTOR)
    one, other = make_round(term, clinical=shared), make_round(term, clinical=shared)
    make_busy(term, member(one, RESEARCH), 0, 8, 9)
    with pytest.raises(RuleViolation) as refusal:
        weekly_placing.place_series(one, 0, actor=office)
    assert refusal.value.code == "series.clash"
    weekly_placing.place_series(one, 1, actor=office)
    with pytest.raises(RuleViolation):
        weekly_placing.place_series(other, 2, actor=office)
    with pytest.raises(RuleViolation):
        weekly_placing.place_series(other, 3, actor=office)  # across the break
    weekly_placing.place_series(other, 4, actor=office)
    with pytest.raises(Refused):
        weekly_placing.place_series(other, 8, actor=make_person(Role.MENTOR, unit=hospital))
    says = weekly_placing.options_of(one, None).says
    assert says[1] == []
    assert says[0]
    assert 3 not in says


def test_a_room_is_needed_large_enough_and_used_once(hospital: Any, office: Any) -> None:
    term = make_term(hospital)
    row = make_round(term, needs_room=True)
    with pytest.raises(RuleViolation) as refusal:
        weekly_planning.compute_week(term, actor=office)
    assert refusal.value.code == "term.no_room"
    small = make_room(hospital, seats=1, has_remote=True)
    with pytest.raises(RuleViolation) as refusal:
        weekly_placing.place_series(row, 0, room=small, actor=office)
    assert refusal.value.code == "series.clash"
    large = make_room(hospital, seats=2, has_remote=True)
    weekly_planning.compute_week(term, actor=office)
    row.refresh_from_db()
    assert row.room == large


def test_what_is_longer_than_the_whole_week_is_said_in_words(hospital: Any, office: Any) -> None:
    hours = {"day_ends": dt.time(10), "break_starts": None, "break_ends": None}
    make_round(term := make_term(hospital, weekdays=1, **hours), minutes=240)
    with override("zh-hans"), pytest.raises(RuleViolation) as refusal:
        weekly_planning.compute_week(term, actor=office)
    assert refusal.value.code == "term.broken"
    assert str(refusal.value) == "有每周活动超出学期的时间范围，请修改其一。"


# ------------------------------------------------------------ publication


def _placed(term: Any, **fields: Any) -> Series:
    return make_round(term, weekday=2, starts_at=dt.time(14), **fields)


def test_publishing_makes_a_meeting_a_week_and_none_on_holidays(hospital: Any, office: Any) -> None:
    calendar = Calendar.objects.create(unit=hospital, name_zh="校历")
    hospital.calendar = calendar
    hospital.save()
    CalendarDay.objects.create(calendar=calendar, day=dt.date(2026, 11, 11), kind="holiday")
    CalendarDay.objects.create(calendar=calendar, day=dt.date(2026, 11, 14), kind="workday")
    term = make_term(hospital)
    series = _placed(term)

    publish_week(term, actor=office)

    days = list(Meeting.objects.values_list("original_on", flat=True))
    assert dt.date(2026, 11, 11) not in days
    assert len(days) == 6
    first = Meeting.objects.first()
    assert first is not None
    assert first.starts_at == dt.datetime(2026, 11, 4, 14, tzinfo=ZONE)
    term.refresh_from_db()
    assert term.state == TermState.PUBLISHED
    assert Span.objects.filter(person=member(series, STUDENT)).count() == 6
    with pytest.raises(RuleViolation) as refusal:
        publish_week(term, actor=office)
    assert refusal.value.code == "term.unchanged"


def test_a_new_slot_moves_meetings_to_come_and_leaves_what_was_done_by_hand(
    hospital: Any, office: Any
) -> None:
    term = make_term(hospital)
    series = _placed(term)
    publish_week(term, actor=office)
    by_hand = Meeting.objects.get(original_on=dt.date(2026, 11, 25))
    Meeting.objects.filter(pk=by_hand.pk).update(state=MeetingState.MOVED)
    with time_machine.travel(dt.datetime(2026, 11, 12, 4, tzinfo=dt.UTC), tick=False):
        lead = member(series, CLINICAL)
        weekly_placing.place_series(series, 8 * 3, actor=lead)
        assert not changes_of(term)
    starts = dict(Meeting.objects.values_list("original_on", "starts_at"))
    assert starts[dt.date(2026, 11, 4)].astimezone(ZONE).hour == 14
    assert starts[dt.date(2026, 11, 25)].astimezone(ZONE).hour == 14
    assert starts[dt.date(2026, 11, 19)] == dt.datetime(2026, 11, 19, 8, tzinfo=ZONE)
    moved = Meeting.objects.get(original_on=dt.date(2026, 11, 19))
    span = Span.objects.get(person=lead, source=f"rotations.meeting:{moved.pk}")
    assert (moved.sequence, span.sequence) == (1, 1)
    assert span.starts_at == moved.starts_at


def test_who_leaves_a_series_loses_its_meetings_and_who_joins_gets_them(
    hospital: Any, office: Any
) -> None:
    term = make_term(hospital)
    series = _placed(term)
    publish_week(term, actor=office)
    old, new = member(series, STUDENT), make_person(Role.STUDENT)
    save_series(
        term,
        SeriesData(SeriesKind.JOINT_ROUND, "查房", "Round"),
        [
            MemberData(member(series, CLINICAL), CLINICAL),
            MemberData(member(series, RESEARCH), RESEARCH),
            MemberData(new, STUDENT),
        ],
        series=series,
        actor=office,
    )
    assert not Span.objects.filter(person=old, state="confirmed").exists()
    assert Span.objects.filter(person=new, state="confirmed").count() == 7
    assert end_series(series, actor=office) == 7
    assert not Span.objects.filter(state="confirmed").exists()
    with pytest.raises(RuleViolation) as refusal:
        end_series(series, actor=office)
    assert refusal.value.code == "series.ended"
