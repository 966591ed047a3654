"""What happened. Rows are only ever added; erasure destroys payloads, never entries."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models


class Entry(models.Model):
    """
    One thing that happened to a subject. ``actor`` empty means the system did it.

    ``person`` is whom a decision concerns: it becomes an event of that person's trace.
    """

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    unit = models.ForeignKey(
        "institutions.Unit", models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    on_behalf_of = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    person = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    action = models.CharField(max_length=80)
    decision = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "-id"]),
            models.Index(fields=["actor", "-id"]),
            BrinIndex(fields=["at"], name="entry_at"),
        ]

    def __str__(self) -> str:
        return self.action


class EntryPayload(models.Model):
    """
    The erasable part of an entry: values before and after, and the salt of their commitment.

    ``committed`` is the exact JSON that was committed to in the log, empty until it is there.
    """

    entry = models.OneToOneField(Entry, models.CASCADE, related_name="payload")
    salt = models.BinaryField(max_length=32)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    committed = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"payload of entry {self.entry_id}"
