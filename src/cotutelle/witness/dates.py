"""Days and moments as people write them, in Chinese and English."""

from __future__ import annotations

from datetime import UTC, date, datetime

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def moment(seconds: int, language: str) -> str:
    """Return the moment that is so many seconds after 1970, in UTC."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{_day(at.date(), language)} {at:%H:%M:%S} UTC"


def stated(text: str, language: str) -> str:
    """Return a moment from a document (RFC 3339); what is none stays as it is."""
    try:
        at = datetime.fromisoformat(text)
        return moment(int(at.timestamp()), language) if at.tzinfo else text
    except (ValueError, OverflowError):
        return text


def day(text: str, language: str) -> str:
    """Return a day that stands as ``2026-11-21``, or the text itself when it is none."""
    try:
        return _day(date.fromisoformat(text), language)
    except ValueError:
        return text


def month(text: str, language: str) -> str:
    """Return a month that stands as ``2026-11``, or the text itself when it is none."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return text
    if language == "zh":
        return f"{first.year}年{first.month}月"
    return f"{MONTHS[first.month - 1]} {first.year}"


def _day(at: date, language: str) -> str:
    if language == "zh":
        return f"{at.year}年{at.month}月{at.day}日"
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"
