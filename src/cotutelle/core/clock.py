"""The one clock. Deadlines are kept by it in the institution's time zone."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils import timezone


def now() -> dt.datetime:
    """Return the present moment, aware, in UTC."""
    return timezone.now()


def today(zone: str | None = None) -> dt.date:
    """Return the present day in ``zone`` (an IANA name; the active time zone without one)."""
    return timezone.localdate(timezone=ZoneInfo(zone) if zone else None)


def end_of_day(day: dt.date, zone: str) -> dt.datetime:
    """Return the last second of ``day`` in ``zone``."""
    return dt.datetime.combine(day, dt.time(23, 59, 59), tzinfo=ZoneInfo(zone))
