"""Cohorts and the students in them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.enums import AdmissionState, DegreeType, PathWish, Route


class Cohort(models.Model):
    """Students who enter in one year under one institution."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="cohorts")
    year = models.PositiveSmallIntegerField()
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "year", "name_zh"], name="cohort_name")
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)


class Student(models.Model):
    """
    A person's enrolment, from provisional admission on.

    ``candidate_number`` (考生编号) identifies them before the student number exists; that one
    (学号) is the person's ``number`` in their unit.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    person = models.OneToOneField(Person, models.PROTECT, related_name="student")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="students")
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="students")
    route = models.CharField(max_length=20, choices=Route)
    degree_type = models.CharField(max_length=20, choices=DegreeType)
    discipline = models.CharField(max_length=100, blank=True)
    candidate_number = models.CharField(max_length=40, blank=True)
    admission_score = models.DecimalField(max_digits=7, decimal_places=3, null=True, blank=True)
    state = models.CharField(
        max_length=20, choices=AdmissionState, default=AdmissionState.PROVISIONAL
    )
    is_late = models.BooleanField(default=False)
    bachelor_school = models.CharField(max_length=150, blank=True)
    statement = models.TextField(blank=True)
    career_plan = models.TextField(blank=True)
    path_wish = models.CharField(max_length=20, choices=PathWish, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "candidate_number"],
                condition=~Q(candidate_number=""),
                name="candidate_number_in_cohort",
            ),
            models.CheckConstraint(
                condition=Q(admission_score__isnull=True) | Q(admission_score__gte=0),
                name="admission_score_is_not_negative",
            ),
        ]
        indexes = [models.Index(fields=["cohort", "route", "state"])]

    def __str__(self) -> str:
        return str(self.person)

    @property
    def display_name(self) -> str:
        """The person's name in the reader's language."""
        return self.person.display_name

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.person
