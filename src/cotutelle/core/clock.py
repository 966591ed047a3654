"""The one clock. Deadlines are kept by it in the institution's time zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone

_moment: ContextVar[dt.datetime | None] = ContextVar("cotutelle_clock", default=None)


def now() -> dt.datetime:
    """Return the present moment, aware, in UTC."""
    return _moment.get() or timezone.now()


def today(zone: str | None = None) -> dt.date:
    """Return the present day in ``zone`` (an IANA name; the active time zone without one)."""
    return timezone.localdate(now(), timezone=ZoneInfo(zone) if zone else None)


@cache
def time_zones() -> frozenset[str]:
    """Return the names of all time zones; they are read off the disk once."""
    return frozenset(available_timezones())


def end_of_day(day: dt.date, zone: str) -> dt.datetime:
    """Return the last second of ``day`` in ``zone``."""
    return dt.datetime.combine(day, dt.time(23, 59, 59), tzinfo=ZoneInfo(zone))


@contextmanager
def at(moment: dt.datetime) -> Iterator[None]:
    """
    Let the clock stand at ``moment`` inside the block, in this thread alone.

    For commands that write a history as if it had taken its time; never for a request.
    """
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)
