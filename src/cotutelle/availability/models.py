"""Who is busy when: other rooms publish spans here, anybody entitled may ask."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from cotutelle.availability.enums import SpanState
from cotutelle.core.ids import new_public_id
from cotutelle.people.models import Person


class Span(models.Model):
    """
    A time in which a person is busy.

    ``kind`` names the words of its title (registered by its room, filled with ``params``);
    ``source`` is the thing it comes from (``"rotations.stay:12"``), one span a person and source.
    ``uid`` stays the same for life and ``sequence`` grows with every change: calendars follow.
    A span of whole days runs from midnight to midnight in the zone of its unit.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="spans")
    kind = models.CharField(max_length=60)
    source = models.CharField(max_length=80)
    params: models.JSONField[Any, Any] = models.JSONField(default=dict)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_all_day = models.BooleanField(default=False)
    time_zone = models.CharField(max_length=50, default="Asia/Shanghai")
    url = models.CharField(max_length=300, blank=True)
    uid = models.UUIDField(default=new_public_id, unique=True, editable=False)
    sequence = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=SpanState, default=SpanState.CONFIRMED)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "source"], name="span_once_a_source"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="span_ends_after_it_starts"
            ),
        ]
        indexes = [models.Index(fields=["person", "starts_at"], name="span_of_person")]

    def __str__(self) -> str:
        return f"{self.kind} {self.starts_at}"


class Feed(models.Model):
    """A calendar address of a person, known only by its token's digest; revocable."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="feeds")
    name = models.CharField(max_length=60, blank=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    language = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name or str(self.public_id)
