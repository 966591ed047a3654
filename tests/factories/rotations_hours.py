"""Rosters, accounts and alerts for tests."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from cotutelle.core.clock import now, today
from cotutelle.institutions.enums import UnitKind
from cotutelle.institutions.models import Unit
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import AccountKind, DutyKind
from cotutelle.rotations.models import AccountLine, DutyEntry, HoursAlert, Ward
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import MentorshipFactory
from tests.factories.people import make_person
from tests.factories.rotations_setup import make_cycle, make_participant, make_stay, make_ward


@dataclass(slots=True)
class HoursWorld:
    """A student on a ward of a hospital, and the people around."""

    hospital: Unit
    base: Unit
    ward: Ward
    student: Student
    office: Person
    secretary: Person
    mentor: Person

    @property
    def person(self) -> Person:
        """The student as a person."""
        return self.student.person


def make_hours_world() -> HoursWorld:
    """Return a student of a hospital who is on its ward from this month on."""
    hospital = UnitFactory.create(kind=UnitKind.HOSPITAL)
    base = UnitFactory.create(parent=hospital, kind=UnitKind.TRAINING_BASE)
    ward = make_ward(unit=base, hospital=hospital, research_half_days=2)
    student = add_student(hospital, ward)
    mentor = MentorshipFactory.create(student=student).mentor.person
    return HoursWorld(
        hospital,
        base,
        ward,
        student,
        make_person(Role.RESIDENCY_OFFICE, unit=hospital, language="en"),
        make_person(Role.BASE_SECRETARY, unit=base, language="en"),
        mentor,
    )


def add_student(hospital: Unit, ward: Ward) -> Student:
    """Return one more student of ``hospital`` on ``ward``."""
    cycle = hospital.cycles.first() if hasattr(hospital, "cycles") else None
    participant = make_participant(cycle or make_cycle(hospital), unit=hospital)
    make_stay(participant, ward, 0, 3)
    return participant.student


def plan_duty(
    student: Student,
    day: dt.date | None = None,
    kind: DutyKind = DutyKind.CLINICAL,
    minutes: int = 480,
    **fields: Any,
) -> DutyEntry:
    """Return a planned shift, of eight clinical hours today unless told otherwise."""
    start = dt.time(14) if kind == DutyKind.RESEARCH else dt.time(8)
    return DutyEntry.objects.create(
        student=student, day=day or today(), kind=kind, minutes=minutes,
        **{"starts_at": start} | fields,
    )  # fmt: skip


def plan_week(student: Student, monday: dt.date, *, clinical: int, research: int) -> None:
    """Plan five days with so many minutes of each kind a day."""
    for n in range(5):
        day = monday + dt.timedelta(days=n)
        plan_duty(student, day, DutyKind.CLINICAL, clinical)
        if research:
            plan_duty(student, day, DutyKind.RESEARCH, research)


def make_line(student: Student, kind: AccountKind, minutes: int, **fields: Any) -> AccountLine:
    """Return a movement of research time."""
    number = AccountLine.objects.filter(student=student).count()
    values = {"day": today(), "at": now(), "reference": f"{kind}:{number}"}
    return AccountLine.objects.create(
        student=student, kind=kind, minutes=minutes, **values | fields
    )


def make_alert(student: Student, **fields: Any) -> HoursAlert:
    """Return an open alert: 61 clinical hours a week."""
    values = {
        "kind": "clinical_high",
        "week": today(),
        "figures": {"value": 61.0, "bound": 58.0},
        "opened_at": now(),
        "due_on": today() + dt.timedelta(days=14),
    }
    return HoursAlert.objects.create(student=student, **values | fields)
