"""Hours worked, the research-time account, and the alerts that open help."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from cotutelle.core.ids import new_public_id
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import (
    AccountKind,
    AlertKind,
    AlertState,
    DutyKind,
    ExceptionKind,
)
from cotutelle.rotations.models.wards import Ward


class HoursPolicy(models.Model):
    """
    Ceilings and floors under a unit. Hours are weekly; averages run over ``average_weeks``.

    The defaults alarm at what the mission calls the bad case: 58 h in the clinic, 4.6 h for
    research. ``shifts`` are the codes of rosters: ``[{"code", "kind", "start", "minutes"}]``;
    empty means the usual ones (`rotations.shifts.USUAL`).
    """

    unit = models.OneToOneField(Unit, models.CASCADE, related_name="hours_policy")
    clinical_most_hours = models.DecimalField(max_digits=4, decimal_places=1, default=58)
    total_most_hours = models.DecimalField(max_digits=4, decimal_places=1, default=80)
    research_least_hours = models.DecimalField(max_digits=4, decimal_places=1, default="4.6")
    average_weeks = models.PositiveSmallIntegerField(default=4)
    owed_alarm_half_days = models.PositiveSmallIntegerField(default=4)
    half_day_hours = models.DecimalField(max_digits=3, decimal_places=1, default=4)
    follow_up_days = models.PositiveSmallIntegerField(default=14)
    shifts: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return str(self.unit)


class DutyEntry(models.Model):
    """Planned hours of one person on one day, from the department's roster (排班表)."""

    student = models.ForeignKey(Student, models.CASCADE, related_name="duties")
    ward = models.ForeignKey(Ward, models.PROTECT, null=True, blank=True, related_name="duties")
    day = models.DateField()
    kind = models.CharField(max_length=10, choices=DutyKind)
    starts_at = models.TimeField(null=True, blank=True)
    minutes = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["student", "day", "kind", "starts_at"],
                name="duty_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(minutes__range=(1, 1440)), name="duty_in_a_day"),
        ]
        indexes = [models.Index(fields=["student", "day"]), models.Index(fields=["ward", "day"])]

    def __str__(self) -> str:
        return f"{self.student} {self.day} {DutyKind(self.kind).label}"


class HourException(models.Model):
    """
    What differed from the roster. ``minutes`` is how much; for "pulled to the ward" it moves
    from research to clinical.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student = models.ForeignKey(Student, models.CASCADE, related_name="hour_exceptions")
    day = models.DateField()
    kind = models.CharField(max_length=16, choices=ExceptionKind)
    duty = models.CharField(max_length=10, choices=DutyKind)
    minutes = models.PositiveSmallIntegerField()
    ward = models.ForeignKey(Ward, models.PROTECT, null=True, blank=True, related_name="+")
    pulled_by = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=300, blank=True)
    logged_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-day", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(minutes__range=(1, 1440)), name="exception_in_a_day")
        ]
        indexes = [models.Index(fields=["student", "day"])]

    def __str__(self) -> str:
        return f"{self.student} {self.day} {ExceptionKind(self.kind).label}"

    @property
    def owning_unit(self) -> Unit:
        """The student's unit."""
        return self.student.unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.student.person


# What the reference of a line begins with that corrects a week's grant for leave.
FOLLOWS_LEAVE = "leave:"


class AccountLine(models.Model):
    """
    One movement of protected research time; rows are only ever added.

    ``minutes`` is signed: granted and repaid add to what the student has had or is owed back,
    taken subtracts; a week granted before leave was agreed to is followed by a granted line
    below zero. ``reference`` makes each source count once.
    """

    student = models.ForeignKey(Student, models.CASCADE, related_name="research_lines")
    day = models.DateField()
    kind = models.CharField(max_length=10, choices=AccountKind)
    minutes = models.IntegerField()
    reference = models.CharField(max_length=80)
    exception = models.ForeignKey(
        HourException, models.PROTECT, null=True, blank=True, related_name="lines"
    )
    note = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["student", "reference"], name="research_line_once"),
            models.CheckConstraint(condition=~Q(minutes=0), name="research_line_moves_time"),
        ]
        indexes = [models.Index(fields=["student", "day"])]

    def __str__(self) -> str:
        return f"{self.student} {AccountKind(self.kind).label} {self.minutes}"

    @property
    def follows_leave(self) -> bool:
        """Whether it corrects a week's grant for leave agreed to, or cut short, afterwards."""
        return self.reference.startswith(FOLLOWS_LEAVE)


class HoursAlert(models.Model):
    """Hours out of bounds, or research time owed: open until somebody says what was done."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student = models.ForeignKey(Student, models.CASCADE, related_name="hours_alerts")
    ward = models.ForeignKey(Ward, models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=16, choices=AlertKind)
    week = models.DateField()
    figures: models.JSONField[Any, Any] = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=AlertState, default=AlertState.OPEN)
    opened_at = models.DateTimeField()
    due_on = models.DateField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.TextField(blank=True)

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["student", "kind"],
                condition=Q(state=AlertState.OPEN),
                name="one_open_alert_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(state=AlertState.OPEN, closed_at__isnull=True)
                | Q(state=AlertState.CLOSED, closed_at__isnull=False),
                name="alert_closed_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} {AlertKind(self.kind).label}"

    @property
    def owning_unit(self) -> Unit:
        """The student's unit."""
        return self.student.unit
