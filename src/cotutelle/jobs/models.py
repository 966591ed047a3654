"""Work that takes longer than a page."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from cotutelle.core.ids import new_public_id
from cotutelle.jobs.enums import OVER, JobState


class Job(models.Model):
    """
    A piece of background work and how far it is.

    ``attempt`` counts starts: a worker that was given up cannot finish the job for its successor.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(max_length=60)
    actor = models.ForeignKey("people.Person", models.PROTECT, related_name="jobs")
    unit = models.ForeignKey(
        "institutions.Unit", models.PROTECT, null=True, blank=True, related_name="+"
    )
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.BigIntegerField(null=True, blank=True)
    args = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    result: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=JobState.values), name="job_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True)
                | Q(state__in=[s.value for s in sorted(OVER)]),
                name="job_over_has_an_end",
            ),
        ]
        indexes = [
            models.Index(fields=["actor", "-id"]),
            models.Index(fields=["subject_type", "subject_id", "-id"]),
            models.Index(fields=["heartbeat_at"], condition=Q(state="running"), name="job_running"),
        ]

    def __str__(self) -> str:
        return self.kind

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in OVER

    @property
    def percent(self) -> int | None:
        """How far, 0 to 100; nothing while the size of the work is unknown."""
        if self.state == JobState.DONE:
            return 100
        if not self.total:
            return None
        return min(100, 100 * self.done // self.total)
