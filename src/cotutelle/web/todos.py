"""One row of "what needs me now"."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from cotutelle.core.clock import now

SOON = dt.timedelta(hours=48)
_FAR = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do."""

    icon: str
    kind: str
    what: str
    context: str
    due: dt.datetime | None
    url: str
    action: str


def todo(
    what: str,
    *,
    url: str,
    action: str,
    context: str = "",
    due: dt.datetime | None = None,
    icon: str = "",
) -> Todo:
    """Return a row whose tone follows from its deadline."""
    late = due is not None and due < now()
    soon = due is not None and not late and due - now() < SOON
    kind = "late" if late else "due" if soon else "wait"
    own = {"late": "alert-circle", "due": "clock", "wait": "point"}[kind]
    return Todo(icon or own, kind, what, context, due, url, action)


def by_urgency(rows: Iterable[Todo]) -> list[Todo]:
    """Return ``rows`` with the nearest deadline first, those without one last."""
    return sorted(rows, key=lambda one: one.due or _FAR)
