"""Months as their first days."""

from __future__ import annotations

import datetime as dt

from cotutelle.core.i18n import is_chinese

_SHORT = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def first_of(day: dt.date) -> dt.date:
    """Return the first day of the month of ``day``."""
    return day.replace(day=1)


def add_months(month: dt.date, n: int) -> dt.date:
    """Return the first day of the month ``n`` months after that of ``month``."""
    years, index = divmod(month.year * 12 + month.month - 1 + n, 12)
    return dt.date(years, index + 1, 1)


def last_of(month: dt.date) -> dt.date:
    """Return the last day of the month of ``month``."""
    return add_months(month, 1) - dt.timedelta(days=1)


def months_from(first: dt.date, n: int) -> tuple[dt.date, ...]:
    """Return the first days of ``n`` months, from that of ``first`` on."""
    return tuple(add_months(first, i) for i in range(n))


def months_between(first: dt.date, last: dt.date) -> tuple[dt.date, ...]:
    """Return the first days of the months from ``first`` to ``last``, both included."""
    n = (last.year - first.year) * 12 + last.month - first.month + 1
    return months_from(first, max(0, n))


def month_text(month: dt.date) -> str:
    """Return ``2026年11月`` or ``Nov 2026``."""
    if is_chinese():
        return f"{month.year}年{month.month}月"
    return f"{_SHORT[month.month - 1]} {month.year}"
