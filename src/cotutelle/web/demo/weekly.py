"""The week of the term in the demonstration: teams, joint rounds held and missed, problems raised."""

from __future__ import annotations

import datetime as dt
from random import Random

from cotutelle.core.clock import at
from cotutelle.people.models import Person
from cotutelle.rotations.enums import BusyKind, MemberRole, Presence, SeriesKind
from cotutelle.rotations.models import Meeting, SeriesMember, Term, WeeklyBusy
from cotutelle.rotations.queries.weekly_grid import Grid
from cotutelle.rotations.services.weekly_meetings import (
    cancel_meeting,
    raise_problem,
    record_meeting,
)
from cotutelle.rotations.services.weekly_planning import compute_week
from cotutelle.rotations.services.weekly_publication import publish_week
from cotutelle.rotations.services.weekly_teams import propose_series
from cotutelle.rotations.services.weekly_terms import RoomData, TermData, save_room, save_term
from cotutelle.web.demo.state import Demo

# Days before the day of the demonstration; weeks of the term before and after it.
PREPARED = -80
WEEKS_BACK, WEEKS_AHEAD = 10, 9
_SEED = 20261121
_SECONDS = 6.0
PROBLEMS = (
    ("磨玻璃结节随访间隔如何个体化", "同一结节三次CT测量差异超过20%，现有指南间隔是否过长？"),
    ("心衰患者出院后七天内再入院的早期信号", "多数患者再入院前体重已变化三天，但无人记录。"),
    ("术后谵妄的夜间识别", "夜班护理记录与日间评估不一致，能否用语音特征提示？"),
    ("碘对比剂后肾功能下降的预测", "补液方案各病区不同，缺少统一的风险分层。"),
    ("卒中后吞咽障碍筛查漏诊", "床旁饮水试验阴性者仍有误吸，是否可用便携超声？"),
)


def seed_week(demo: Demo) -> Term:
    """Prepare, plan and publish the term's week, then let its past happen."""
    actor, chance = demo.staff["residency"], Random(_SEED)  # noqa: S311  invented people
    monday = demo.day - dt.timedelta(days=demo.day.weekday())
    with at(demo.moment(PREPARED)):
        term = save_term(
            TermData(
                name_zh=f"{demo.year}年秋季学期",
                name_en=f"Autumn term {demo.year}",
                starts_on=monday - dt.timedelta(weeks=WEEKS_BACK),
                ends_on=monday + dt.timedelta(weeks=WEEKS_AHEAD, days=4),
            ),
            unit=demo.units["YL1"],
            actor=actor,
        )
        for zh, en, seats in (
            ("第一示教室", "Teaching room 1", 30),
            ("远程会诊室", "Telemedicine room", 12),
        ):
            save_room(RoomData(zh, en, seats, has_remote=True), unit=term.unit, actor=actor)
        propose_series(term, debriefings=True, actor=actor)
        _fill_weeks(term, chance)
        compute_week(term, actor=actor, time_limit=_SECONDS)
        publish_week(term, actor=actor)
    _let_happen(term, demo, chance)
    return term


def _fill_weeks(term: Term, chance: Random) -> None:
    """Give mentors clinics and lessons, as half-days, and some an evening they do not like."""
    grid = Grid(term)
    mentors = (
        SeriesMember.objects.filter(series__term=term)
        .exclude(role=MemberRole.STUDENT)
        .order_by("person")
        .values_list("person", flat=True)
        .distinct()
    )
    rows = []
    for person in mentors:
        halves = chance.sample([(day, half) for day in grid.weekdays for half in (8, 14)], 4)
        for number, (day, hour) in enumerate(halves):
            kind = BusyKind.MOVABLE if number == 0 else BusyKind.FIXED
            rows.append(
                WeeklyBusy(
                    term=term, person_id=person, weekday=day, kind=kind,
                    starts_at=dt.time(hour), ends_at=dt.time(hour + 4),
                )
            )  # fmt: skip
    WeeklyBusy.objects.bulk_create(rows)


def _let_happen(term: Term, demo: Demo, chance: Random) -> None:
    """Record the rounds up to last week: most held, some missed, the last one still open."""
    rows = (
        Meeting.objects.filter(series__term=term, series__kind=SeriesKind.JOINT_ROUND)
        .select_related("series__term__unit")
        .order_by("starts_at", "pk")
    )
    present = demo.moment(0)
    raised = 0
    for meeting in rows:
        if meeting.ends_at > present - dt.timedelta(days=5):
            continue
        members = list(meeting.series.members.select_related("person"))
        lead = next(m.person for m in members if m.role == MemberRole.CLINICAL_MENTOR)
        with at(meeting.ends_at + dt.timedelta(hours=1)):
            made = record_meeting(meeting, _came(members, chance), actor=lead)
            if made.state == "held" and raised < len(PROBLEMS) and chance.random() < 0.3:  # noqa: PLR2004
                title, text = PROBLEMS[raised]
                raise_problem(made, title=title, text=text, actor=_student(members))
                raised += 1
    ahead = rows.filter(starts_at__gt=present + dt.timedelta(days=8)).first()
    if ahead is not None:
        lead = ahead.series.members.get(role=MemberRole.CLINICAL_MENTOR).person
        with at(present):
            cancel_meeting(ahead, reason="外出参加学术会议", actor=lead)


def _came(members: list[SeriesMember], chance: Random) -> dict[int, str]:
    missing = chance.random() < 0.12  # noqa: PLR2004  some rounds lack a research mentor
    presences: dict[int, str] = {}
    for member in members:
        if member.role == MemberRole.RESEARCH_MENTOR:
            choice = (
                Presence.EXCUSED
                if missing
                else chance.choice([Presence.PRESENT, Presence.REMOTE, Presence.REMOTE])
            )
        elif member.role == MemberRole.STUDENT and chance.random() < 0.08:  # noqa: PLR2004
            choice = Presence.EXCUSED
        else:
            choice = Presence.PRESENT
        presences[member.person_id] = choice
    return presences


def _student(members: list[SeriesMember]) -> Person:
    return next(m.person for m in members if m.role == MemberRole.STUDENT)
