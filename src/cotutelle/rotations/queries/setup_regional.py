"""The plan in force beside what the regional residency platform has."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from cotutelle.exchange.parsing import fold
from cotutelle.institutions.queries import below
from cotutelle.people.models import Person
from cotutelle.rotations.enums import DepartmentFamily
from cotutelle.rotations.models import Cycle, Participant, RegionalLine, Stay
from cotutelle.rotations.months import add_months, first_of, month_text, months_between
from cotutelle.rotations.rules.setup import PLANNERS

ONLY_OURS, ONLY_THEIRS, DIFFERS = "only_ours", "only_theirs", "differs"


@dataclass(frozen=True, slots=True)
class Difference:
    """Months in a row in which the two disagree about one student."""

    participant: Participant
    first: dt.date
    last: dt.date
    kind: str
    ours: str
    theirs: str

    @property
    def months(self) -> int:
        """How many months."""
        return len(months_between(self.first, self.last))

    @property
    def period(self) -> str:
        """From when to when, in words."""
        if self.first == self.last:
            return month_text(self.first)
        return f"{month_text(self.first)} – {month_text(self.last)}"


def cycles_compared_by(actor: Person) -> QuerySet[Cycle]:
    """Return the cycles of the units for which ``actor`` plans."""
    units = [g.unit for g in actor.active_grants if g.role in PLANNERS]
    return Cycle.objects.filter(below(units)).select_related("unit")


def stays_of(cycle: Cycle) -> QuerySet[Stay]:
    """Return the plan in force of a cycle, by student and time."""
    return (
        Stay.objects.filter(participant__cycle=cycle)
        .select_related("participant__student__person", "ward__hospital", "block__department")
        .order_by("participant__student__person__name_sort", "participant_id", "starts_on")
    )


def differences_of(cycle: Cycle) -> list[Difference]:
    """
    Return where the plan in force and the platform disagree, student by student.

    Protected research is not the platform's: it counts only where the platform has a stay then.
    """
    ours: dict[int, dict[dt.date, Stay]] = defaultdict(dict)
    for stay in stays_of(cycle):
        for month in months_between(first_of(stay.starts_on), first_of(stay.ends_on)):
            ours[stay.participant_id][month] = stay
    theirs: dict[int, dict[dt.date, RegionalLine]] = defaultdict(dict)
    for line in RegionalLine.objects.filter(cycle=cycle).select_related("ward"):
        for month in months_between(first_of(line.starts_on), first_of(line.ends_on)):
            theirs[line.participant_id][month] = line
    people = cycle.participants.select_related("student__person", "student__unit").order_by(
        "student__person__name_sort", "id"
    )
    return [
        difference
        for person in people
        for difference in _of_one(person, ours[person.pk], theirs[person.pk])
    ]


def _of_one(
    person: Participant, ours: Mapping[dt.date, Stay], theirs: Mapping[dt.date, RegionalLine]
) -> Iterable[Difference]:
    found: list[Difference] = []
    for month in sorted({*ours, *theirs}):
        stay, line = ours.get(month), theirs.get(month)
        kind = _kind(stay, line)
        if not kind:
            continue
        here = Difference(
            person, month, month, kind,
            ours=stay.ward.display_name if stay else "",
            theirs=_line_text(line) if line else "",
        )  # fmt: skip
        last = found[-1] if found else None
        if (
            last
            and add_months(last.last, 1) == month
            and (last.kind, last.ours, last.theirs) == (kind, here.ours, here.theirs)
        ):
            found[-1] = Difference(person, last.first, month, kind, here.ours, here.theirs)
        else:
            found.append(here)
    return found


def _line_text(line: RegionalLine) -> str:
    return line.ward.display_name if line.ward else line.department_name


def _kind(stay: Stay | None, line: RegionalLine | None) -> str:
    if stay is None:
        return ONLY_THEIRS
    if line is None:
        department = stay.block.department if stay.block else None
        is_research = department and department.family == DepartmentFamily.RESEARCH
        return "" if is_research else ONLY_OURS
    if line.ward_id is not None:
        return "" if line.ward_id == stay.ward_id else DIFFERS
    names = {fold(stay.ward.name_zh), fold(stay.ward.name_en)}
    if stay.block:
        department = stay.block.department
        names |= {fold(department.name_zh), fold(department.name_en), fold(department.code)}
    return "" if fold(line.department_name) in names else DIFFERS
