"""Hours of wards and hospitals together: never of so few that one could be guessed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncWeek

from cotutelle.institutions.queries import at_or_below
from cotutelle.people.models import Person
from cotutelle.rotations.enums import AlertState, DutyKind, ExceptionKind
from cotutelle.rotations.models import DutyEntry, HourException, HoursAlert, Ward
from cotutelle.rotations.queries.hours import WEEK, monday_of
from cotutelle.rotations.queries.hours_pages import WARD_TAKES
from cotutelle.rotations.rules.hours import FIGURE_ROLES

FEWEST = 5
WEEKS = 8


@dataclass(slots=True)
class Figures:
    """Average weekly hours of those who were on a ward; ``is_hidden`` where they are too few."""

    name: str
    place: str = ""
    students: set[int] = field(default_factory=set)
    weeks: set[tuple[int, dt.date]] = field(default_factory=set)
    ward_minutes: int = 0
    research_minutes: int = 0
    lost_minutes: int = 0
    open_alerts: int = 0
    is_hidden: bool = False

    @property
    def clinical(self) -> float | None:
        """Clinical and on-call hours a week and student."""
        return self._weekly(self.ward_minutes)

    @property
    def research(self) -> float | None:
        """Research hours a week and student."""
        return self._weekly(self.research_minutes)

    @property
    def lost(self) -> float | None:
        """Research hours the ward took, a week and student."""
        return self._weekly(self.lost_minutes)

    def _weekly(self, minutes: int) -> float | None:
        if self.is_hidden or not self.weeks:
            return None
        return round(minutes / 60 / len(self.weeks), 1)

    def add(self, other: Figures) -> None:
        """Count the students and hours of ``other`` too."""
        self.students |= other.students
        self.weeks |= other.weeks
        self.ward_minutes += other.ward_minutes
        self.research_minutes += other.research_minutes
        self.lost_minutes += other.lost_minutes
        self.open_alerts += other.open_alerts


def figure_wards(actor: Person) -> QuerySet[Ward]:
    """Return the wards of whose hours ``actor`` may read figures."""
    units = [g.unit for g in actor.active_grants if g.role in FIGURE_ROLES]
    return Ward.objects.filter(unit__in=at_or_below(units)).select_related("unit", "hospital")


def figures_of(
    actor: Person, today: dt.date, weeks: int = WEEKS
) -> tuple[list[tuple[Figures, list[Figures]]], Figures]:
    """
    Return figures by hospital with those of its wards, and of all together; five queries.

    Wards and hospitals with fewer than five students are hidden. If those hidden together were
    fewer than five, they could be told from the total above them: then the smallest one shown is
    hidden as well. A hidden hospital hides its wards.
    """
    wards = {ward.pk: ward for ward in figure_wards(actor)}
    first = monday_of(today) - (weeks - 1) * WEEK
    groups: dict[str, list[Figures]] = defaultdict(list)
    for row in _rows(wards, first, monday_of(today) + WEEK).values():
        groups[row.place].append(row)
    hospitals = {place: _sum(place, rows) for place, rows in groups.items()}
    _hide(hospitals.values())
    for place, rows in groups.items():
        _hide(rows)
        for row in rows:
            row.is_hidden |= hospitals[place].is_hidden
        rows.sort(key=lambda f: (f.is_hidden, -(f.clinical or 0), f.name))
    total = _sum("", hospitals.values())
    total.is_hidden = len(total.students) < FEWEST
    return [(hospitals[place], groups[place]) for place in sorted(groups)], total


def _sum(name: str, rows: Iterable[Figures]) -> Figures:
    whole = Figures(name)
    for row in rows:
        whole.add(row)
    return whole


def _rows(wards: dict[int, Ward], first: dt.date, end: dt.date) -> dict[int, Figures]:
    rows: dict[int, Figures] = {}
    duties = DutyEntry.objects.filter(ward__in=wards, day__gte=first, day__lt=end)
    by_week = duties.annotate(week=TruncWeek("day")).values_list(
        "ward_id", "student_id", "week", "kind"
    )
    for key, student, week, kind, minutes in by_week.annotate(total=Sum("minutes")).order_by():
        ward = wards[key]
        if key not in rows:
            rows[key] = Figures(ward.display_name, ward.hospital.short_name)
        row = rows[key]
        row.students.add(student)
        row.weeks.add((student, week))
        row.ward_minutes += minutes if kind in WARD_TAKES else 0
        row.research_minutes += minutes if kind == DutyKind.RESEARCH else 0
    _differ(rows, first, end)
    is_open = HoursAlert.objects.filter(ward__in=rows, state=AlertState.OPEN)
    for key in is_open.values_list("ward_id", flat=True).order_by():
        if key is not None:
            rows[key].open_alerts += 1
    return rows


def _differ(rows: dict[int, Figures], first: dt.date, end: dt.date) -> None:
    """Count what was logged."""
    logged = HourException.objects.filter(
        ward__in=rows, day__gte=first, day__lt=end, withdrawn_at__isnull=True
    ).values_list("ward_id", "kind", "duty")
    for key, kind, duty, minutes in logged.annotate(total=Sum("minutes")).order_by():
        if key is None:
            continue
        row, signed = rows[key], minutes if kind == ExceptionKind.EXTRA else -minutes
        if kind == ExceptionKind.PULLED_TO_WARD:
            row.ward_minutes += minutes
            row.lost_minutes += minutes
        row.ward_minutes += signed if duty in WARD_TAKES else 0
        row.research_minutes += signed if duty == DutyKind.RESEARCH else 0


def _hide(rows: Iterable[Figures]) -> None:
    ordered = sorted(rows, key=lambda row: len(row.students))
    hidden: set[int] = set()
    for row in ordered:
        few = len(row.students) < FEWEST
        if few or 0 < len(hidden) < FEWEST:
            row.is_hidden = True
            hidden |= row.students
