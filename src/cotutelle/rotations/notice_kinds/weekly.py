"""Notices: the week, and how its appointments are called in calendars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cotutelle.availability import kinds as spans
from cotutelle.notices.kinds import register
from cotutelle.notices.wording import readable
from cotutelle.rotations.enums import SeriesKind

register(
    "rotations.week_published",
    title=_("Your week of the term: %(term)s"),
    body=_("Joint rounds, research half-days and other weekly times are in your calendar."),
)
register(
    "rotations.week_changed",
    title=_("Your week has changed: %(term)s"),
    body=_("Only meetings to come changed. Your calendar shows the new times."),
)
register(
    "rotations.meeting_moved",
    title=_("%(name)s moved to %(when)s"),
    body=_("It was to begin %(before)s. Your calendar follows by itself."),
    urgent=True,
)
register(
    "rotations.meeting_cancelled",
    title=_("%(name)s on %(when)s is cancelled"),
    body=_("Only this one is cancelled; the weekly time stays."),
    urgent=True,
)
register(
    "rotations.meeting_restored",
    title=_("%(name)s on %(when)s takes place after all"),
    body=_("It is in your calendar again."),
    urgent=True,
)
register(
    "rotations.slot_freed",
    title=_("A slot was freed: %(name)s, %(when)s"),
    body=_("Plan the week again, or place it there by hand."),
)


def _named(kind: SeriesKind) -> Callable[[Mapping[str, Any]], str]:
    """Return how an appointment is called in calendars: by its name, else by its kind."""
    return lambda params: str(readable(params.get("name", "")) or kind.label)


for _kind in SeriesKind:
    spans.register(f"rotations.{_kind}", title=_named(_kind))
