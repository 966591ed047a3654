"""What the API remembers between requests: answers to repeated creates, and how many came."""

from __future__ import annotations

from django.db import models

from cotutelle.people.models import Person


class IdempotentReply(models.Model):
    """The answer to a create that named an ``Idempotency-Key``; kept for a day."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    route = models.CharField(max_length=200)
    key = models.CharField(max_length=100)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "route", "key"], name="one_reply_a_key")
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"


class RateWindow(models.Model):
    """How many requests came with one token, or from one session's person, in a minute."""

    caller = models.CharField(max_length=64, unique=True)
    minute = models.BigIntegerField()
    count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.caller[:8]}: {self.count}"
