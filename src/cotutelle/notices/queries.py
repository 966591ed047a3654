"""Reading one's own notices; nobody reads another's."""

from __future__ import annotations

from django.db.models import QuerySet

from cotutelle.notices.channels import channels
from cotutelle.notices.enums import Wanted
from cotutelle.notices.models import ChannelSetting, Notice
from cotutelle.people.models import Person


def inbox_of(person: Person) -> QuerySet[Notice]:
    """Return the notices of ``person``, newest first."""
    return Notice.objects.filter(person=person).order_by("-created_at", "-id")


def visible_to(actor: Person) -> QuerySet[Notice]:
    """Return what ``actor`` may read: their own."""
    return inbox_of(actor)


def unread_count(person: Person) -> int:
    """Return how many notices ``person`` has not read."""
    return Notice.objects.filter(person=person, read_at__isnull=True).count()


def wanted_by(person: Person) -> dict[str, Wanted]:
    """Return what ``person`` wants over each channel there is."""
    chosen = dict(ChannelSetting.objects.filter(person=person).values_list("channel", "wanted"))
    return {c.key: Wanted(chosen.get(c.key, c.default)) for c in channels()}
