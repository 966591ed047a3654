"""Programme templates: versioned data, fixed once in force."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.enums import DegreeType, PhaseKind, Route, TemplateKind, TemplateState


class Template(models.Model):
    """
    One edition of a programme: how long, in which phases, for which routes, with what gates.

    ``routes`` holds the admission routes that may enter, ``pre_entry_routes`` those of them for
    which the half-year before enrolment is possible. ``gates`` says by which month after
    enrolment each milestone is to be reached.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="programme_templates")
    code = models.CharField(max_length=40)
    edition = models.PositiveSmallIntegerField(default=1)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    kind = models.CharField(max_length=20, choices=TemplateKind)
    degree_type = models.CharField(max_length=20, choices=DegreeType)
    months = models.PositiveSmallIntegerField()
    routes: models.JSONField[Any, Any] = models.JSONField(default=list)
    pre_entry_routes: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    gates: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    needs_licence = models.BooleanField(default=True)
    needs_residency = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=TemplateState, default=TemplateState.DRAFT)
    is_example = models.BooleanField(default=False)
    note_zh = models.TextField(blank=True)
    note_en = models.TextField(blank=True)
    created_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "code", "edition"], name="programme_template_edition"
            ),
            models.UniqueConstraint(
                fields=["unit", "code"],
                condition=Q(state=TemplateState.IN_FORCE),
                name="one_template_edition_in_force",
            ),
            models.CheckConstraint(condition=Q(months__gt=0), name="template_lasts"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)

    @property
    def note(self) -> str:
        """The note in the reader's language."""
        return localized(self.note_zh, self.note_en)


class Phase(models.Model):
    """
    A part of a template. ``starts_month`` counts from enrolment; before it, it is negative.

    Nobody has clinical authority before enrolment.
    """

    template = models.ForeignKey(Template, models.CASCADE, related_name="phases")
    kind = models.CharField(max_length=12, choices=PhaseKind)
    name_zh = models.CharField(max_length=120, blank=True)
    name_en = models.CharField(max_length=160, blank=True)
    starts_month = models.SmallIntegerField()
    months = models.PositiveSmallIntegerField()
    has_clinical_authority = models.BooleanField(default=False)
    needs_agreement = models.BooleanField(default=False)
    needs_insurance = models.BooleanField(default=False)

    class Meta:
        ordering = ["starts_month", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(months__gt=0), name="phase_lasts"),
            models.CheckConstraint(
                condition=~Q(starts_month__lt=0, has_clinical_authority=True),
                name="no_clinical_authority_before_enrolment",
            ),
        ]

    def __str__(self) -> str:
        return localized(self.name_zh, self.name_en) or str(PhaseKind(self.kind).label)


class RouteCalendar(models.Model):
    """The months of the year in which students of a route start: before and at enrolment."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="calendars")
    route = models.CharField(max_length=20, choices=Route)
    pre_entry_month = models.PositiveSmallIntegerField(null=True, blank=True)
    enrolment_month = models.PositiveSmallIntegerField(default=9)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["template", "route"], name="programme_calendar_once"),
            models.CheckConstraint(
                condition=Q(enrolment_month__range=(1, 12))
                & (Q(pre_entry_month__isnull=True) | Q(pre_entry_month__range=(1, 12))),
                name="calendar_months_exist",
            ),
        ]

    def __str__(self) -> str:
        return str(Route(self.route).label)
