"""What this room knows about a person, and how it forgets it."""

from __future__ import annotations

from typing import Any

from cotutelle.availability.models import Feed, Span
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.models import Person


def export_calendar(person: Person) -> dict[str, Any]:
    """Return the person's spans and calendar addresses."""
    spans = Span.objects.filter(person=person).order_by("starts_at")
    feeds = Feed.objects.filter(person=person).order_by("id")
    return {
        "spans": list(spans.values("kind", "params", "starts_at", "ends_at", "state")),
        "feeds": list(feeds.values("name", "created_at", "read_at", "revoked_at")),
    }


def erase_calendar(person: Person) -> None:
    """Delete when the person was busy, and every calendar address."""
    Span.objects.filter(person=person).delete()
    Feed.objects.filter(person=person).delete()


register_exporter("calendar", export_calendar)
register_eraser("calendar", erase_calendar)
