"""What a season leads to: applications, assignments by the school, placements, the notice."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from cotutelle.core.ids import new_public_id
from cotutelle.decisions.models import Run
from cotutelle.documents.models import Document
from cotutelle.files.models import StoredFile
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    ApplicationState,
    NoticeState,
    ObjectionState,
    OverrideState,
    PlacementSource,
    PlacementState,
)
from cotutelle.selection.models.season import Offer, Participant, Round


class Application(models.Model):
    """One choice at the mentor's door (sequential regime)."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="applications")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="applications")
    step = models.PositiveSmallIntegerField()
    state = models.CharField(
        max_length=10, choices=ApplicationState, default=ApplicationState.WAITING
    )
    answer_due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "step"], name="one_application_a_step"),
            models.UniqueConstraint(
                fields=["participant"],
                condition=Q(state__in=["waiting", "accepted"]),
                name="one_door_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant} → {self.offer}"


class Override(models.Model):
    """An assignment by the school (指定): ground, minutes, and a second approver elsewhere."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    round = models.ForeignKey(Round, models.CASCADE, related_name="overrides")
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="overrides")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="overrides")
    ground = models.TextField()
    minutes = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=OverrideState, default=OverrideState.PENDING)
    requested_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    requested_unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    displaced = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant"],
                condition=Q(state__in=["pending", "approved"]),
                name="one_override_a_student",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="override_needs_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant} → {self.offer}"

    @property
    def owning_unit(self) -> Unit:
        """The unit of the round."""
        return self.round.unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.participant.student.person


class Placement(models.Model):
    """A student at an offer. The database lets a student hold one at a time in a round."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    round = models.ForeignKey(Round, models.CASCADE, related_name="placements")
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="placements")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="placements")
    run = models.ForeignKey(Run, models.PROTECT, null=True, blank=True, related_name="placements")
    source = models.CharField(max_length=12, choices=PlacementSource)
    state = models.CharField(max_length=10, choices=PlacementState)
    student_rank = models.PositiveSmallIntegerField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    vacated_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant"],
                condition=~Q(state="vacated"),
                name="one_place_a_student",
            )
        ]
        indexes = [models.Index(fields=["round", "state"])]

    def __str__(self) -> str:
        return f"{self.participant} – {self.offer}"

    @property
    def owning_unit(self) -> Unit:
        """The student's unit."""
        return self.participant.student.unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.participant.student.person


class PublicNotice(models.Model):
    """The result on show (公示) for some working days, without scores or id numbers."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    round = models.ForeignKey(Round, models.CASCADE, related_name="public_notices")
    run = models.ForeignKey(
        Run, models.PROTECT, null=True, blank=True, related_name="public_notices"
    )
    state = models.CharField(max_length=10, choices=NoticeState, default=NoticeState.RUNNING)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    document = models.ForeignKey(Document, models.PROTECT, null=True, blank=True, related_name="+")
    recalled_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round"], condition=Q(state="running"), name="one_running_notice"
            )
        ]

    def __str__(self) -> str:
        return str(self.round)

    @property
    def owning_unit(self) -> Unit:
        """The unit of the round."""
        return self.round.unit


class Objection(models.Model):
    """A reasoned objection during the notice, and its answer."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    notice = models.ForeignKey(PublicNotice, models.CASCADE, related_name="objections")
    raised_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    raised_at = models.DateTimeField()
    text = models.TextField()
    evidence = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=10, choices=ObjectionState, default=ObjectionState.OPEN)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "raised_by"],
                condition=Q(state="open"),
                name="one_open_objection_a_person",
            )
        ]

    def __str__(self) -> str:
        return f"{self.notice} – {self.raised_by}"

    @property
    def owning_unit(self) -> Unit:
        """The unit of the round."""
        return self.notice.round.unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.raised_by
