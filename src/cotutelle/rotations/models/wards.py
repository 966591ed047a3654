"""Wards, for which departments they are accredited, and how many places they have when."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.institutions.models import Unit
from cotutelle.rotations.enums import OccupancyKind, WardState
from cotutelle.rotations.models.curricula import Department


class Ward(models.Model):
    """
    Where a stay takes place (轮转科室). ``unit`` is the department or training base that runs it,
    ``hospital`` the institution above it.

    ``upper`` and ``lower`` bound the trainees of all kinds present in a month; `WardMonth`
    overrides a month. ``upper`` empty sets no bound (research). ``research_half_days`` is what
    the ward grants a week.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="wards")
    hospital = models.ForeignKey(Unit, models.PROTECT, related_name="hospital_wards")
    code = models.CharField(max_length=40)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    upper = models.PositiveSmallIntegerField(null=True, blank=True)
    lower = models.PositiveSmallIntegerField(default=0)
    research_half_days = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=WardState, default=WardState.OPEN)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hospital", "code"], name="ward_code_in_hospital"),
            models.CheckConstraint(
                condition=Q(upper__isnull=True) | Q(upper__gte=F("lower")),
                name="ward_range_is_one",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)

    @property
    def owning_unit(self) -> Unit:
        """The unit that runs it."""
        return self.unit


class Accreditation(models.Model):
    """A ward may train for a department, for a time."""

    ward = models.ForeignKey(Ward, models.CASCADE, related_name="accreditations")
    department = models.ForeignKey(Department, models.PROTECT, related_name="accreditations")
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ward", "department"], name="accreditation_once")
        ]

    def __str__(self) -> str:
        return f"{self.ward}: {self.department}"


class WardMonth(models.Model):
    """The range of places of a ward in one month (``month`` is its first day)."""

    ward = models.ForeignKey(Ward, models.CASCADE, related_name="months")
    month = models.DateField()
    upper = models.PositiveSmallIntegerField()
    lower = models.PositiveSmallIntegerField(default=0)
    note = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ward", "month"], name="ward_month_once"),
            models.CheckConstraint(condition=Q(upper__gte=F("lower")), name="ward_month_range"),
        ]

    def __str__(self) -> str:
        return f"{self.ward} {self.month:%Y-%m}"


class Occupancy(models.Model):
    """Places a month taken by trainees who are not planned here."""

    ward = models.ForeignKey(Ward, models.CASCADE, related_name="occupancies")
    month = models.DateField()
    kind = models.CharField(max_length=10, choices=OccupancyKind)
    people = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ward", "month", "kind"], name="occupancy_once")
        ]

    def __str__(self) -> str:
        return f"{self.ward} {self.month:%Y-%m}: {self.people}"
