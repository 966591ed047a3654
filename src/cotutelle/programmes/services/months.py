"""Counting in months from enrolment."""

from __future__ import annotations

import calendar
import datetime as dt

_YEAR = 12


def add_months(day: dt.date, months: int) -> dt.date:
    """Return the same day ``months`` later (earlier when negative), or the last of a short month."""
    index = day.year * _YEAR + day.month - 1 + months
    year, month = divmod(index, _YEAR)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))
