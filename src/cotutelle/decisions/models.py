"""The common road of every computed decision: inputs, rules, result, evidence."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.decisions.enums import PolicyState, RunState


class Policy(models.Model):
    """A named, versioned rule set with its parameters; fixed once in force."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(max_length=60)
    name_zh = models.CharField(max_length=150)
    name_en = models.CharField(max_length=150, blank=True)
    version = models.PositiveIntegerField()
    parameters: models.JSONField[Any, Any] = models.JSONField()
    sha256 = models.CharField(max_length=64)
    unit = models.ForeignKey("institutions.Unit", models.PROTECT, related_name="policies")
    state = models.CharField(max_length=10, choices=PolicyState, default=PolicyState.DRAFT)
    created_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "kind", "name_zh", "version"], name="policy_version"
            ),
            models.CheckConstraint(
                condition=Q(state__in=PolicyState.values), name="policy_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.display_name} v{self.version}"

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)


class Snapshot(models.Model):
    """Exact inputs as canonical JSON; the same inputs are kept once."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    body = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "sha256"], name="snapshot_kept_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.sha256[:12]}"


class Run(models.Model):
    """One computation: what went in, what came out, and why anybody may believe it."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    number = models.PositiveIntegerField()
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, related_name="runs")
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="runs")
    seed = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.VERIFIED)
    result: models.JSONField[Any, Any] = models.JSONField()
    certificate: models.JSONField[Any, Any] = models.JSONField()
    certificate_sha256 = models.CharField(max_length=64)
    verdict: models.JSONField[Any, Any] = models.JSONField()
    cpu_seconds = models.FloatField(default=0)
    started_by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField()
    unit = models.ForeignKey("institutions.Unit", models.PROTECT, related_name="runs")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_type", "subject_id", "number"], name="run_number"
            ),
            models.UniqueConstraint(
                fields=["kind", "subject_type", "subject_id"],
                condition=Q(state="official"),
                name="one_official_run_a_thing",
            ),
            models.CheckConstraint(
                condition=Q(state__in=RunState.values), name="run_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
