"""What this room knows about a person, and how it forgets it."""

from __future__ import annotations

from typing import Any

from cotutelle.notices.models import ChannelSetting, Notice
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.models import Person


def export_notices(person: Person) -> list[dict[str, Any]]:
    """Return what the person was told."""
    return [
        {"at": notice.created_at.isoformat(), "title": notice.title, "text": notice.body}
        for notice in Notice.objects.filter(person=person).order_by("id")
    ]


def erase_notices(person: Person) -> None:
    """Delete what the person was told and how."""
    Notice.objects.filter(person=person).delete()
    ChannelSetting.objects.filter(person=person).delete()


register_exporter("notices", export_notices)
register_eraser("notices", erase_notices)
