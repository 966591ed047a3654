"""The tree and the year as pages show them."""

from __future__ import annotations

import calendar as weeks
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from cotutelle.core.i18n import localized
from cotutelle.institutions.enums import DayKind
from cotutelle.institutions.models import CalendarDay, Unit
from cotutelle.institutions.queries import WorkingCalendar

MONTHS = 12
_MARKS = {DayKind.HOLIDAY: "holiday", DayKind.WORKDAY: "workday", DayKind.VACATION: "vacation"}


@dataclass(slots=True)
class Node:
    """A unit with what lies below it."""

    unit: Unit
    children: list[Node] = field(default_factory=list)


def grow_tree(units: Iterable[Unit]) -> list[Node]:
    """Return the tops of ``units`` with their subtrees, siblings by name."""
    nodes = {unit.pk: Node(unit) for unit in sorted(units, key=lambda u: (u.name_sort, u.pk))}
    tops: list[Node] = []
    for node in nodes.values():
        above = nodes.get(node.unit.parent_id) if node.unit.parent_id else None
        (above.children if above else tops).append(node)
    return tops


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the year; ``mark`` is its class, ``word`` what it says."""

    day: dt.date | None
    mark: str = ""
    word: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Month:
    """A row of the year: 31 cells and how many days are worked."""

    number: int
    cells: tuple[Cell, ...]
    working_days: int


def lay_out_year(year: int, days: Iterable[CalendarDay]) -> list[Month]:
    """Return the year as twelve rows of 31 cells."""
    known = {one.day: one for one in days if one.day.year == year}
    working = WorkingCalendar({day: DayKind(one.kind) for day, one in known.items()})
    return [_month(year, number, known, working) for number in range(1, MONTHS + 1)]


def _month(
    year: int, number: int, known: dict[dt.date, CalendarDay], working: WorkingCalendar
) -> Month:
    length = weeks.monthrange(year, number)[1]
    cells = [_cell(dt.date(year, number, n), known, working) for n in range(1, length + 1)]
    worked = sum(working.is_working_day(c.day) for c in cells if c.day)
    return Month(number, (*cells, *(Cell(None) for _n in range(31 - length))), worked)


def _cell(day: dt.date, known: dict[dt.date, CalendarDay], working: WorkingCalendar) -> Cell:
    special = known.get(day)
    if special is None:
        if working.is_working_day(day):
            return Cell(day, "", "", "")
        return Cell(day, "weekend", "", _("Weekend"))
    kind = DayKind(special.kind)
    words = {
        DayKind.HOLIDAY: _("H"),
        DayKind.WORKDAY: _("W"),
        DayKind.VACATION: _("V"),
    }
    name = localized(special.name_zh, special.name_en)
    title = f"{kind.label} {name}".strip()
    return Cell(day, _MARKS[kind], words[kind], title)
