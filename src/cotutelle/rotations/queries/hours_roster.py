"""Rosters: whose days a unit may fill in, and what stands there."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from cotutelle.institutions.models import Unit
from cotutelle.programmes.models import Student
from cotutelle.rotations.models import DutyEntry, Stay, Ward
from cotutelle.rotations.shifts import FREE, Shift

Duties = Mapping[dt.date, Sequence[DutyEntry]]


@dataclass(frozen=True, slots=True)
class Roster:
    """
    The roster of a unit over some days.

    ``people`` are the students by what a file may call them (number, candidate number, name);
    ``duties`` what is planned, by student key and day.
    """

    unit: Unit
    people: Mapping[str, Sequence[Student]]
    stays: Mapping[int, Sequence[Stay]]
    duties: Mapping[int, Duties]

    @property
    def source(self) -> str:
        """What entries of this unit's rosters are marked with."""
        return f"roster:{self.unit.code}"[:80]

    def ward_on(self, student: Student, day: dt.date) -> Ward | None:
        """Return the ward where the plan has ``student`` on ``day``."""
        stays = self.stays.get(student.pk, ())
        return next((s.ward for s in stays if s.starts_on <= day <= s.ends_on), None)

    def is_ours(self, student: Student, day: dt.date) -> bool:
        """Tell whether the unit fills in that day: by its ward, or its own student without one."""
        ward = self.ward_on(student, day)
        unit = ward.unit if ward is not None else student.unit
        return unit.path.startswith(self.unit.path)


def roster_students(unit: Unit, first: dt.date, last: dt.date) -> Q:
    """Return the condition for students of ``unit`` or on its wards between two days."""
    stays = Stay.objects.filter(
        participant__student=OuterRef("pk"),
        ward__unit__path__startswith=unit.path,
        starts_on__lte=last,
        ends_on__gte=first,
    )
    return Q(unit__path__startswith=unit.path) | Q(Exists(stays))


def roster_of(
    unit: Unit, first: dt.date, last: dt.date, words: Collection[str] | None = None
) -> Roster:
    """Return the roster of ``unit`` from ``first`` to ``last``; of ``words`` alone where given."""
    rows = Student.objects.filter(roster_students(unit, first, last))
    if words is not None:
        rows = rows.filter(
            Q(person__number__in=words)
            | Q(candidate_number__in=words)
            | Q(person__name_zh__in=words)
            | Q(person__name_en__in=words)
        )
    people: dict[str, list[Student]] = defaultdict(list)
    students = list(rows.select_related("person", "unit").order_by("person__name_sort", "pk"))
    for one in students:
        person = one.person
        for word in {person.number, one.candidate_number, person.name_zh, person.name_en} - {""}:
            people[word].append(one)
    stays: dict[int, list[Stay]] = defaultdict(list)
    for stay in Stay.objects.filter(
        participant__student__in=students, starts_on__lte=last, ends_on__gte=first
    ).select_related("ward__unit", "participant"):
        stays[stay.participant.student_id].append(stay)
    duties: dict[int, dict[dt.date, list[DutyEntry]]] = defaultdict(lambda: defaultdict(list))
    for duty in DutyEntry.objects.filter(
        student__in=students, day__gte=first, day__lte=last
    ).order_by("day", "starts_at", "pk"):
        duties[duty.student_id][duty.day].append(duty)
    return Roster(unit, people, stays, duties)


def code_of(duties: Sequence[DutyEntry], shifts: Sequence[Shift]) -> str:
    """Return a day as a cell says it; empty where a shift has no code."""
    codes = {(str(s.kind), s.start, s.minutes): s.code for s in reversed(shifts)}
    found = [codes.get((d.kind, d.starts_at, d.minutes), "") for d in duties]
    return "+".join(found) if all(found) and found else "" if duties else FREE
