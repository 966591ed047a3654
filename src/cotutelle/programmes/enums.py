"""How students come in and what they study for."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Route(models.TextChoices):
    """Admission route: each has a calendar of its own in a selection round."""

    RECOMMENDED = "recommended", _("Recommended admission")
    UNIFIED_EXAM = "unified_exam", _("Unified exam")
    FIVE_PLUS_THREE = "five_plus_three", _("5+3")
    DOCTORAL = "doctoral", _("Doctoral")


class DegreeType(models.TextChoices):
    """Clinical practice or research."""

    PROFESSIONAL = "professional", _("Professional degree")
    ACADEMIC = "academic", _("Academic degree")


class PathWish(models.TextChoices):
    """How a student would like to spend the years."""

    ROTATE = "rotate", _("Rotations only")
    ROTATE_RESEARCH = "rotate_research", _("Rotations and research")
    JOIN_GROUP = "join_group", _("Join a research group")


class AdmissionState(models.TextChoices):
    """Where a student stands between admission and arrival."""

    PROVISIONAL = "provisional", _("Provisional admission")
    CONFIRMED = "confirmed", _("Admission confirmed")
    DEFERRED = "deferred", _("Entry deferred")
    NO_SHOW = "no_show", _("Did not arrive")
    WITHDRAWN = "withdrawn", _("Admission given up")


ADMISSION_TRANSITIONS: dict[AdmissionState, frozenset[AdmissionState]] = {
    AdmissionState.PROVISIONAL: frozenset(
        {AdmissionState.CONFIRMED, AdmissionState.DEFERRED, AdmissionState.WITHDRAWN}
    ),
    AdmissionState.CONFIRMED: frozenset(
        {AdmissionState.DEFERRED, AdmissionState.NO_SHOW, AdmissionState.WITHDRAWN}
    ),
    AdmissionState.DEFERRED: frozenset({AdmissionState.CONFIRMED, AdmissionState.WITHDRAWN}),
    AdmissionState.NO_SHOW: frozenset(),
    AdmissionState.WITHDRAWN: frozenset(),
}
