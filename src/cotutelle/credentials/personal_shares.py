"""The links a person made: what is known of them, and how they are forgotten."""

from __future__ import annotations

from typing import Any

from cotutelle.credentials.models import Share
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.models import Person


def export_shares(person: Person) -> list[dict[str, Any]]:
    """Return the person's links: to what, for whom, until when, how often opened."""
    rows = Share.objects.filter(person=person).order_by("id")
    names = (
        "credential__name_zh", "title", "is_paper",
        "made_at", "expires_at", "ended_at", "views", "seen_at",
    )  # fmt: skip
    return [dict(row) for row in rows.values(*names)]


def erase_shares(person: Person) -> None:
    """Delete the person's links; whoever opens one reads that it opens nothing."""
    Share.objects.filter(person=person).delete()


register_exporter("shares", export_shares)
register_eraser("shares", erase_shares)
