"""Times as credentials write them: RFC 3339 with an offset (XML Schema ``dateTimeStamp``)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?"
    r"(Z|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def read_time(text: object) -> datetime:
    """
    Return the moment that ``text`` names, aware.

    Raises
    ------
    ValueError
        When it is no RFC 3339 time with an offset, or no day of the calendar.
    """
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise ValueError(f"text: {text!r} is no time such as 2026-11-21T08:30:00Z")
    return datetime.fromisoformat(text)


def write_time(moment: datetime) -> str:
    """
    Return an aware ``moment`` as ``2026-11-21T08:30:00Z``; parts of a second are cut off.

    Raises
    ------
    ValueError
        When ``moment`` has no time zone.
    """
    if moment.utcoffset() is None:
        raise ValueError("moment: has no time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
