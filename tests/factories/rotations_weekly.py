"""Terms, series and meetings for tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cotutelle.institutions.models import Unit
from cotutelle.mentorship.enums import PairRole, Track
from cotutelle.mentorship.models import Mentor, Pair
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.rotations.enums import BusyKind, MemberRole, SeriesKind
from cotutelle.rotations.models import Meeting, MeetingRoom, Series, SeriesMember, Term, WeeklyBusy
from tests.factories.mentorship import MentorFactory, MentorshipFactory
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory
from tests.factories.rotations_setup import HospitalFactory

STARTS = dt.date(2026, 11, 2)
ENDS = dt.date(2026, 12, 18)


def make_term(unit: Unit | None = None, **fields: Any) -> Term:
    """Return a draft term of seven weeks, Monday to Friday 8–12 and 14–18, in hours."""
    values = {
        "name_zh": f"学期{Term.objects.count()}",
        "name_en": f"Term {Term.objects.count()}",
        "starts_on": STARTS, "ends_on": ENDS,
        "day_starts": dt.time(8), "day_ends": dt.time(18),
        "break_starts": dt.time(12), "break_ends": dt.time(14),
    }  # fmt: skip
    return Term.objects.create(unit=unit or HospitalFactory.create(), **values | fields)


def make_mentors(unit: Unit) -> tuple[Mentor, Mentor]:
    """Return a clinical mentor of ``unit`` and a research mentor of elsewhere."""
    return (
        MentorFactory.create(unit=unit, track=Track.CLINICAL),
        MentorFactory.create(track=Track.RESEARCH),
    )


def pair_up(first: Mentor, second: Mentor) -> Pair:
    """Return a new student's pair of these mentors."""
    student = StudentFactory.create()
    one = MentorshipFactory.create(student=student, mentor=first)
    other = MentorshipFactory.create(
        student=student, mentor=second, role=PairRole.SECOND, is_first_responsible=False
    )
    return Pair.objects.create(student=student, first=one, second=other, starts_on=one.starts_on)


def make_round(
    term: Term,
    *,
    clinical: Person | None = None,
    research: Person | None = None,
    student: Person | None = None,
    **fields: Any,
) -> Series:
    """Return a joint round of one clinical and one research mentor with one student."""
    n = Series.objects.count()
    series = Series.objects.create(
        term=term, kind=SeriesKind.JOINT_ROUND, name_zh=f"联合查房{n}", name_en=f"Joint round {n}",
        **fields,
    )  # fmt: skip
    for role, person in (
        (MemberRole.CLINICAL_MENTOR, clinical or make_person(Role.MENTOR, language="en")),
        (MemberRole.RESEARCH_MENTOR, research or make_person(Role.MENTOR, language="en")),
        (MemberRole.STUDENT, student or make_person(Role.STUDENT, language="en")),
    ):
        SeriesMember.objects.create(
            series=series, person=person, role=role,
            may_be_remote=role == MemberRole.RESEARCH_MENTOR,
        )  # fmt: skip
    return series


def make_meeting(series: Series, starts_at: dt.datetime, **fields: Any) -> Meeting:
    """Return a planned occurrence of two hours."""
    values = {
        "original_on": starts_at.date(),
        "starts_at": starts_at,
        "ends_at": starts_at + dt.timedelta(hours=2),
    }
    return Meeting.objects.create(series=series, **values | fields)


def make_room(unit: Unit, **fields: Any) -> MeetingRoom:
    """Return a room."""
    return MeetingRoom.objects.create(
        unit=unit, name_zh=f"教室{MeetingRoom.objects.count()}", **fields
    )


def make_busy(  # noqa: PLR0917  reads as a timetable
    term: Term, person: Person, weekday: int, first: int, last: int, kind: str = BusyKind.FIXED
) -> WeeklyBusy:
    """Return a weekly time of a person from hour ``first`` to ``last``."""
    return WeeklyBusy.objects.create(
        term=term, person=person, weekday=weekday, kind=kind,
        starts_at=dt.time(first), ends_at=dt.time(last),
    )  # fmt: skip


def member(series: Series, role: str) -> Person:
    """Return the person with this part."""
    return series.members.select_related("person").get(role=role).person
