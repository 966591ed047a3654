"""Leave: asked, agreed to by length and kind, returned from; long ones extend the training."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from cotutelle.core.ids import new_public_id
from cotutelle.files.models import StoredFile
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.enums import LeaveKind, LeaveState
from cotutelle.programmes.models.enrolment import Enrolment


class LeaveRule(models.Model):
    """Who must agree to a leave of a kind up to so many days; the shortest that fits holds."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="leave_rules")
    kind = models.CharField(max_length=10, choices=LeaveKind, blank=True)
    up_to_days = models.PositiveSmallIntegerField()
    steps: models.JSONField[Any, Any] = models.JSONField(default=list)
    needs_evidence = models.BooleanField(default=False)

    class Meta:
        ordering = ["kind", "up_to_days"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "kind", "up_to_days"], name="leave_rule_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind or '*'} ≤ {self.up_to_days}"


class ExtensionRule(models.Model):
    """
    Days away above which training is extended by what is over (province's rule).

    They count in all, or each calendar year for itself where ``is_yearly``.
    """

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="extension_rules")
    province = models.CharField(max_length=60)
    kinds: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    threshold_days = models.PositiveSmallIntegerField()
    is_yearly = models.BooleanField(default=False)
    is_example = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "province"], name="extension_rule_once")
        ]

    def __str__(self) -> str:
        return f"{self.province}: {self.threshold_days}"


class Leave(models.Model):
    """
    One absence. The reason is read by those who decide it, not by everybody.

    ``ward`` is the unit of the ward where the student was to be on the first day.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="leaves")
    ward = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=LeaveKind)
    starts_on = models.DateField()
    ends_on = models.DateField()
    reason = models.TextField(blank=True)
    evidence = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=10, choices=LeaveState, default=LeaveState.ASKED)
    steps: models.JSONField[Any, Any] = models.JSONField(default=list)
    asked_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    returned_on = models.DateField(null=True, blank=True)
    return_reported_at = models.DateTimeField(null=True, blank=True)
    return_confirmed_by = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-starts_on", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="leave_ends_after_it_starts"
            ),
            ExclusionConstraint(
                name="leaves_do_not_overlap",
                expressions=[
                    ("enrolment", RangeOperators.EQUAL),
                    (
                        Func(
                            F("starts_on"), F("ends_on"), models.Value("[]"), function="daterange"
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(state__in=["asked", "approved"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{LeaveKind(self.kind).label} {self.starts_on} – {self.ends_on}"

    @property
    def owning_unit(self) -> Unit:
        """The student's unit."""
        return self.enrolment.owning_unit

    @property
    def days(self) -> int:
        """Days away, the first and the last counted; after the return, the real ones."""
        return max(0, (self.last_day - self.starts_on).days + 1)

    @property
    def last_day(self) -> dt.date:
        """The last day away; after the return, the day before it."""
        if self.returned_on is not None:
            return self.returned_on - dt.timedelta(days=1)
        return self.ends_on

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.enrolment.student.person


class Extension(models.Model):
    """Training lasts longer because of leave: kept with the rule that says so."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="extensions")
    rule = models.ForeignKey(ExtensionRule, models.PROTECT, null=True, blank=True, related_name="+")
    leave = models.ForeignKey(Leave, models.PROTECT, null=True, blank=True, related_name="+")
    days_away = models.PositiveSmallIntegerField()
    days = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.enrolment} +{self.days}"

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.enrolment.student.person
