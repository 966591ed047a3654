"""Reading the tree of units and its calendars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet

from cotutelle.core.access import why_not
from cotutelle.core.clock import end_of_day
from cotutelle.institutions.enums import INSTITUTION_KINDS, DayKind, UnitState
from cotutelle.institutions.models import CalendarDay, Unit
from cotutelle.people.models import Person

_SATURDAY = 5
_FARTHEST_DAYS = 3660


def visible_to(actor: Person) -> QuerySet[Unit]:
    """Return the units ``actor`` may see: all of them for staff, none for others."""
    if why_not(actor, "institutions.view_units"):
        return Unit.objects.none()
    return Unit.objects.all()


def changeable_by(actor: Person) -> QuerySet[Unit]:
    """Return the active units that ``actor`` may change."""
    mine = [
        grant.unit
        for grant in actor.active_grants
        if why_not(actor, "institutions.change_unit", grant.unit) is None
    ]
    return at_or_below(mine).filter(state=UnitState.ACTIVE)


def at_or_below(units: Unit | Iterable[Unit]) -> QuerySet[Unit]:
    """Return ``units`` and everything below them."""
    return Unit.objects.filter(below(units, "path"))


def below(units: Unit | Iterable[Unit], path: str = "unit__path") -> Q:
    """Return the condition that the unit whose path is ``path`` is one of ``units`` or below."""
    found = Q(pk__in=())
    for unit in [units] if isinstance(units, Unit) else units:
        found |= Q(**{f"{path}__startswith": unit.path})
    return found


def ancestors(unit: Unit) -> list[Unit]:
    """Return the units above ``unit`` and itself, from the root down."""
    keys = [int(key) for key in unit.path.split("/") if key]
    found = Unit.objects.in_bulk(keys)
    return [found[key] for key in keys if key in found]


def institution_of(unit: Unit) -> Unit:
    """Return the nearest institution at or above ``unit``: whose seal and calendar count."""
    line = ancestors(unit)
    return next((u for u in reversed(line) if u.kind in INSTITUTION_KINDS), line[0])


def time_zone_of(unit: Unit) -> str:
    """Return the IANA name of the zone of ``unit``, inherited from above."""
    return next((u.time_zone for u in reversed(ancestors(unit)) if u.time_zone), settings.TIME_ZONE)


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """
    Which days are worked.

    Parameters
    ----------
    days
        The exceptional days; all others follow the week, Monday to Friday.
    """

    days: Mapping[dt.date, DayKind] = field(default_factory=dict)

    def is_working_day(self, day: dt.date) -> bool:
        """Tell whether ``day`` is worked."""
        kind = self.days.get(day)
        if kind is None:
            return day.weekday() < _SATURDAY
        return kind == DayKind.WORKDAY

    def add_working_days(self, day: dt.date, n: int) -> dt.date:
        """
        Return the ``n``-th working day after ``day`` (before it when negative).

        ``day`` itself never counts; with ``n`` 0 it is returned as it is.

        Raises
        ------
        ValueError
            Nothing is worked within ten years of ``day``.
        """
        step = dt.timedelta(days=1 if n >= 0 else -1)
        left = abs(n)
        start = day
        while left:
            day += step
            if abs((day - start).days) > _FARTHEST_DAYS:
                raise ValueError(
                    f"day: fewer than {abs(n)} working days within ten years of {start}"
                )
            left -= self.is_working_day(day)
        return day

    def working_days_between(self, first: dt.date, last: dt.date) -> int:
        """Return how many working days lie after ``first`` up to and with ``last``."""
        if last < first:
            return -self.working_days_between(last, first)
        return sum(
            self.is_working_day(first + dt.timedelta(days=n))
            for n in range(1, (last - first).days + 1)
        )


def calendar_owner(unit: Unit) -> Unit | None:
    """Return the unit at or above ``unit`` whose calendar counts for it."""
    return next((u for u in reversed(ancestors(unit)) if u.calendar_id), None)


def working_calendar(unit: Unit) -> WorkingCalendar:
    """Return the calendar of ``unit``, or that of the nearest unit above which has one."""
    owner = calendar_owner(unit)
    if owner is None or owner.calendar_id is None:
        return WorkingCalendar()
    days = CalendarDay.objects.filter(calendar_id=owner.calendar_id)
    return WorkingCalendar({d: DayKind(k) for d, k in days.values_list("day", "kind")})


def deadline(unit: Unit, start: dt.datetime | dt.date, n: int) -> dt.datetime:
    """Return the end of the ``n``-th working day after ``start``, where ``unit`` is."""
    zone = time_zone_of(unit)
    if isinstance(start, dt.datetime):
        start = start.astimezone(ZoneInfo(zone)).date()
    return end_of_day(working_calendar(unit).add_working_days(start, n), zone)
