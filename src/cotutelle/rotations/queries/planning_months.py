"""Months of a cycle: period numbers, first and last days."""

from __future__ import annotations

import datetime as dt

from cotutelle.core.clock import today
from cotutelle.institutions.queries import time_zone_of
from cotutelle.rotations.enums import CycleState
from cotutelle.rotations.models import Cycle
from cotutelle.rotations.months import add_months, month_text

MONTHS_A_YEAR = 12


def first_day(cycle: Cycle, period: int) -> dt.date:
    """Return the first day of a period (0-based) of ``cycle``."""
    return add_months(cycle.starts_on, period)


def last_day(cycle: Cycle, period: int) -> dt.date:
    """Return the last day of a period of ``cycle``."""
    return add_months(cycle.starts_on, period + 1) - dt.timedelta(days=1)


def period_of(cycle: Cycle, day: dt.date) -> int:
    """Return the period in which ``day`` lies; negative before the cycle."""
    begin = cycle.starts_on
    return (day.year - begin.year) * MONTHS_A_YEAR + day.month - begin.month


def present_period(cycle: Cycle) -> int:
    """Return the period of today in the zone of the cycle's unit."""
    return period_of(cycle, today(time_zone_of(cycle.unit)))


def frozen_before(cycle: Cycle) -> int:
    """Return the first period that may still be planned: after publication, next month."""
    if cycle.state == CycleState.DRAFT:
        return 0
    return max(0, present_period(cycle) + 1)


def runs(periods: set[int] | frozenset[int]) -> list[tuple[int, int]]:
    """Return ``periods`` as (first, last) pairs without gaps."""
    found: list[tuple[int, int]] = []
    for period in sorted(periods):
        if found and period == found[-1][1] + 1:
            found[-1] = (found[-1][0], period)
        else:
            found.append((period, period))
    return found


def period_text(cycle: Cycle, period: int) -> str:
    """Return the month of a period in words."""
    return month_text(first_day(cycle, period))


def span_text(cycle: Cycle, first: int, last: int) -> str:
    """Return the months from ``first`` to ``last`` in words."""
    if first >= last:
        return period_text(cycle, first)
    return f"{period_text(cycle, first)} – {period_text(cycle, last)}"
