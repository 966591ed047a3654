"""What was uploaded, what was found in it, what came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from cotutelle.core.ids import new_public_id
from cotutelle.exchange.enums import RunState


class ImportRun(models.Model):
    """
    One file on its way in. Rows are read again from the stored file at every step.

    ``problems`` and ``questions`` are what the last check found, in the language it ran in;
    ``problem_count`` counts those beyond the ones kept.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(max_length=40)
    unit = models.ForeignKey("institutions.Unit", models.PROTECT, related_name="+")
    actor = models.ForeignKey("people.Person", models.PROTECT, related_name="import_runs")
    file = models.ForeignKey("files.StoredFile", models.PROTECT, related_name="+")
    options = models.JSONField(default=dict, blank=True)
    sheet = models.PositiveSmallIntegerField(default=0)
    header_row = models.PositiveIntegerField(default=0)
    header_height = models.PositiveSmallIntegerField(default=1)
    signature = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict, blank=True)
    decisions = models.JSONField(default=dict, blank=True)
    keep_first = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.UPLOADED)
    total = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list, blank=True)
    problem_count = models.PositiveIntegerField(default=0)
    problem_digest = models.CharField(max_length=64, blank=True)
    questions = models.JSONField(default=list, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    language = models.CharField(max_length=10, blank=True)
    job = models.ForeignKey("jobs.Job", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=RunState.values), name="import_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state=RunState.APPLIED, applied_at__isnull=False)
                | (~Q(state=RunState.APPLIED) & Q(applied_at__isnull=True)),
                name="import_applied_has_its_time",
            ),
        ]
        indexes = [models.Index(fields=["actor", "-id"]), models.Index(fields=["unit", "-id"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"

    @property
    def owning_unit(self) -> object:
        """The unit the file is imported into."""
        return self.unit

    @property
    def good_count(self) -> int:
        """How many rows have no problem."""
        return int(self.counts.get("good", 0))

    @property
    def has_duplicates(self) -> bool:
        """Whether keeping the first of duplicates would help."""
        return bool(self.counts.get("duplicates", 0))


class ColumnMapping(models.Model):
    """How a unit's files with these headers were mapped last."""

    unit = models.ForeignKey("institutions.Unit", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    signature = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "kind", "signature"], name="one_mapping_per_header"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.signature[:8]}"
