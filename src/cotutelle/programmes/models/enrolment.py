"""A student's way through a programme: track, four certificates, milestones."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from cotutelle.core.ids import new_public_id
from cotutelle.files.models import StoredFile
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.enums import (
    AttainmentKind,
    AttainmentState,
    DegreeType,
    EnrolmentState,
    MilestoneKind,
)
from cotutelle.programmes.models.cohort import Student
from cotutelle.programmes.models.template import Template


class Enrolment(models.Model):
    """
    A student on one edition of a programme.

    ``pre_entry_on`` is set where the half-year before enrolment was granted; it needs the
    bachelor university's agreement and an insurance that lasts until enrolment.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student = models.OneToOneField(Student, models.PROTECT, related_name="enrolment")
    template = models.ForeignKey(Template, models.PROTECT, related_name="enrolments")
    track = models.CharField(max_length=20, choices=DegreeType)
    state = models.CharField(
        max_length=12, choices=EnrolmentState, default=EnrolmentState.PRE_ENTRY
    )
    pre_entry_on = models.DateField(null=True, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    extended_days = models.PositiveSmallIntegerField(default=0)
    bachelor_agreement = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="+"
    )
    insured_until = models.DateField(null=True, blank=True)
    left_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="enrolment_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(pre_entry_on__isnull=True) | Q(pre_entry_on__lt=F("starts_on")),
                name="pre_entry_comes_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student}: {self.template}"

    @property
    def owning_unit(self) -> Unit:
        """The student's unit."""
        return self.student.unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.student.person


class Attainment(models.Model):
    """
    One of the four certificates of one student.

    A result that arrives late is ``AWAITED`` until ``awaited_until``; then it is asked for again.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="attainments")
    kind = models.CharField(max_length=10, choices=AttainmentKind)
    state = models.CharField(
        max_length=10, choices=AttainmentState, default=AttainmentState.NOT_DUE
    )
    due_on = models.DateField(null=True, blank=True)
    awaited_until = models.DateField(null=True, blank=True)
    held_on = models.DateField(null=True, blank=True)
    number = models.CharField(max_length=60, blank=True)
    note = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "kind"], name="attainment_once"),
            models.CheckConstraint(
                condition=~Q(state=AttainmentState.AWAITED) | Q(awaited_until__isnull=False),
                name="awaited_result_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"{AttainmentKind(self.kind).label}: {AttainmentState(self.state).label}"

    @property
    def owning_unit(self) -> Unit:
        """The student's unit."""
        return self.enrolment.owning_unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.enrolment.student.person


class TrackChoice(models.Model):
    """
    A student without a licence in time chooses a track, once and for all.

    ``asked_by`` is empty where the day of the licence passed and nobody had to ask.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    enrolment = models.OneToOneField(Enrolment, models.PROTECT, related_name="track_choice")
    from_track = models.CharField(max_length=20, choices=DegreeType)
    to_track = models.CharField(max_length=20, choices=DegreeType, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    asked_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField()
    due_on = models.DateField()
    chosen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_track="", chosen_at__isnull=True)
                | (~Q(to_track="") & Q(chosen_at__isnull=False)),
                name="track_choice_has_its_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.enrolment}: {self.to_track or '…'}"

    @property
    def owning_unit(self) -> Unit:
        """The student's unit."""
        return self.enrolment.owning_unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.enrolment.student.person


class Milestone(models.Model):
    """Something a student reaches by a date."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="milestones")
    kind = models.CharField(max_length=16, choices=MilestoneKind)
    due_on = models.DateField()
    done_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [models.UniqueConstraint(fields=["enrolment", "kind"], name="milestone_once")]

    def __str__(self) -> str:
        return str(MilestoneKind(self.kind).label)
