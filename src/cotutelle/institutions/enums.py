"""Kinds of unit and of days."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class UnitKind(models.TextChoices):
    """Where a unit stands in the one tree."""

    CONSORTIUM = "consortium", _("Consortium")
    UNIVERSITY = "university", _("University")
    HOSPITAL = "hospital", _("Hospital")
    INSTITUTE = "institute", _("Research institute")
    ENTERPRISE = "enterprise", _("Enterprise")
    COLLEGE = "college", _("College")
    DEPARTMENT = "department", _("Department")
    TRAINING_BASE = "training_base", _("Training base")
    TEAM = "team", pgettext_lazy("of a unit", "Team")


# Kinds that are an institution of their own: they carry a calendar, staff and a seal.
INSTITUTION_KINDS = frozenset(
    {
        UnitKind.CONSORTIUM,
        UnitKind.UNIVERSITY,
        UnitKind.HOSPITAL,
        UnitKind.INSTITUTE,
        UnitKind.ENTERPRISE,
    }
)


class UnitState(models.TextChoices):
    """Units are archived, never deleted."""

    ACTIVE = "active", _("Active")
    ARCHIVED = "archived", _("Archived")


class DayKind(models.TextChoices):
    """What an exceptional day is; every other day follows the week."""

    HOLIDAY = "holiday", _("Public holiday")
    WORKDAY = "workday", _("Working day (adjusted)")
    VACATION = "vacation", _("Vacation")
