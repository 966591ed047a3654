"""
Days and moments as people read them, in both languages.

Django's ``date`` filter parses its format on every call; a list of 50 rows with three dates each
spends most of its time there. These functions only build a string.
"""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.i18n import is_chinese

# The years in which a day that somebody types may lie.
YEARS = range(1900, 2200)

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_WEEKDAYS_EN = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_WEEKDAYS_ZH = "一二三四五六日"

_MINUTE_SECONDS = 60
_HOUR_SECONDS = 3600
_DAY_SECONDS = 86_400
_HOUR_MINUTES = 60
_DAY_HOURS = 24
_RELATIVE_DAYS = 14

Moment = dt.date | dt.datetime | None


def _local(value: dt.date | dt.datetime) -> dt.date | dt.datetime:
    if isinstance(value, dt.datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


def format_date(value: Moment) -> str:
    """Return ``2026年11月20日`` or ``20 Nov 2026``; an empty string for nothing."""
    if value is None:
        return ""
    day = _local(value)
    if is_chinese():
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def format_time(value: dt.datetime | dt.time | None) -> str:
    """Return ``18:00``; an empty string for nothing."""
    if value is None:
        return ""
    moment = _local(value) if isinstance(value, dt.datetime) else value
    return f"{moment:%H:%M}"


def format_datetime(value: Moment) -> str:
    """Return ``2026年11月20日 18:00`` or ``20 Nov 2026, 18:00``; a plain day has no time."""
    if not isinstance(value, dt.datetime):
        return format_date(value)
    separator = " " if is_chinese() else ", "
    return f"{format_date(value)}{separator}{format_time(value)}"


def format_weekday(value: Moment) -> str:
    """Return ``周五`` or ``Fri``; an empty string for nothing."""
    if value is None:
        return ""
    weekday = _local(value).weekday()
    return f"周{_WEEKDAYS_ZH[weekday]}" if is_chinese() else _WEEKDAYS_EN[weekday]


def format_relative(value: dt.datetime, now: dt.datetime) -> str:
    """Return how far ``value`` lies from ``now`` in words; the date itself beyond two weeks."""
    seconds = int((value - now).total_seconds())
    distance = abs(seconds)
    ahead = seconds > 0
    if distance < _MINUTE_SECONDS:
        return _("in less than a minute") if ahead else _("just now")
    if distance >= _RELATIVE_DAYS * _DAY_SECONDS:
        return format_date(value)
    minutes = round(distance / _MINUTE_SECONDS)
    if minutes < _HOUR_MINUTES:
        return _minutes(minutes, ahead=ahead)
    hours = round(distance / _HOUR_SECONDS)
    if hours < _DAY_HOURS:
        return _hours(hours, ahead=ahead)
    return _days(round(distance / _DAY_SECONDS), ahead=ahead)


def _minutes(count: int, *, ahead: bool) -> str:
    if ahead:
        return ngettext("in %(count)d minute", "in %(count)d minutes", count) % {"count": count}
    return ngettext("%(count)d minute ago", "%(count)d minutes ago", count) % {"count": count}


def _hours(count: int, *, ahead: bool) -> str:
    if ahead:
        return ngettext("in %(count)d hour", "in %(count)d hours", count) % {"count": count}
    return ngettext("%(count)d hour ago", "%(count)d hours ago", count) % {"count": count}


def _days(count: int, *, ahead: bool) -> str:
    if ahead:
        return ngettext("in %(count)d day", "in %(count)d days", count) % {"count": count}
    return ngettext("%(count)d day ago", "%(count)d days ago", count) % {"count": count}
