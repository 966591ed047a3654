"""
Spans as an iCalendar file (RFC 5545).

Every span is an event of its own with a UID for life; SEQUENCE and STATUS tell calendars what
was moved and what was called off.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from cotutelle.availability.enums import SpanState
from cotutelle.availability.kinds import title_of
from cotutelle.availability.models import Span

_PRODUCT = "-//Cotutelle//Calendar//EN"
_REFRESH = "PT1H"


def calendar_file(spans: Iterable[Span], *, name: str, address: Callable[[str], str]) -> bytes:
    """
    Return the calendar.

    Parameters
    ----------
    name
        What the calendar is called where it is subscribed.
    address
        Makes a full address of a path of this system.
    """
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar["refresh-interval;value=duration"] = _REFRESH
    calendar["x-published-ttl"] = _REFRESH
    for span in spans:
        calendar.add_component(_event(span, address))
    if any(True for _ in calendar.walk("VEVENT")):
        calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event(span: Span, address: Callable[[str], str]) -> Event:
    zone = ZoneInfo(span.time_zone)
    starts, ends = span.starts_at.astimezone(zone), span.ends_at.astimezone(zone)
    event = Event()
    event.add("uid", f"{span.uid}@cotutelle")
    event.add("sequence", span.sequence)
    event.add("dtstamp", span.changed_at.astimezone(dt.UTC))
    event.add("last-modified", span.changed_at.astimezone(dt.UTC))
    event.add("summary", title_of(span.kind, span.params))
    event.add("dtstart", starts.date() if span.is_all_day else starts)
    event.add("dtend", ends.date() if span.is_all_day else ends)
    event.add("status", "CANCELLED" if span.state == SpanState.CANCELLED else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if span.is_all_day else "OPAQUE")
    if span.url:
        event.add("url", address(span.url))
    return event
