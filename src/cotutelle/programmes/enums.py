"""How students come in and what they study for."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


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


class TemplateKind(models.TextChoices):
    """What sort of programme a template describes."""

    FIVE_THREE = "five_three", _("5+3")
    FOUR_HALF = "four_half", _("4.5+3.5")
    TECHNOLOGY = "technology", pgettext_lazy("programme", "Medical technology")
    OTHER = "other", _("Other programme")


class TemplateState(models.TextChoices):
    """Only what is in force can be given to a student; what was in force never changes."""

    DRAFT = "draft", _("Draft")
    IN_FORCE = "in_force", _("In force")
    RETIRED = "retired", _("Replaced")


TEMPLATE_TRANSITIONS: dict[TemplateState, frozenset[TemplateState]] = {
    TemplateState.DRAFT: frozenset({TemplateState.IN_FORCE}),
    TemplateState.IN_FORCE: frozenset({TemplateState.RETIRED}),
    TemplateState.RETIRED: frozenset(),
}


class PhaseKind(models.TextChoices):
    """What a part of a programme is for."""

    PRE_ENTRY = "pre_entry", _("Pre-entry half-year")
    COURSES = "courses", _("Courses")
    ROTATION = "rotation", _("Rotations")
    RESEARCH = "research", _("Research period")
    PRACTICE = "practice", _("Enterprise practice")
    HOSTED = "hosted", _("At a partner")
    THESIS = "thesis", _("Thesis")


class EnrolmentState(models.TextChoices):
    """Where an enrolment stands."""

    PRE_ENTRY = "pre_entry", _("Before enrolment")
    ENROLLED = "enrolled", _("Enrolled")
    SUSPENDED = "suspended", pgettext_lazy("student", "Suspended")
    GRADUATED = "graduated", _("Graduated")
    LEFT = "left", _("Left the programme")


ENROLMENT_TRANSITIONS: dict[EnrolmentState, frozenset[EnrolmentState]] = {
    EnrolmentState.PRE_ENTRY: frozenset({EnrolmentState.ENROLLED, EnrolmentState.LEFT}),
    EnrolmentState.ENROLLED: frozenset(
        {EnrolmentState.SUSPENDED, EnrolmentState.GRADUATED, EnrolmentState.LEFT}
    ),
    EnrolmentState.SUSPENDED: frozenset({EnrolmentState.ENROLLED, EnrolmentState.LEFT}),
    EnrolmentState.GRADUATED: frozenset(),
    EnrolmentState.LEFT: frozenset(),
}


class AttainmentKind(models.TextChoices):
    """The four certificates in one path (四证)."""

    LICENCE = "licence", _("Medical licence")
    RESIDENCY = "residency", _("Residency certificate")
    DIPLOMA = "diploma", _("Diploma")
    DEGREE = "degree", _("Degree")


class AttainmentState(models.TextChoices):
    """How far one of the four certificates is; ``AWAITED`` expires and is checked again."""

    NOT_DUE = "not_due", _("Not due yet")
    AWAITED = "awaited", _("Result awaited")
    HELD = "held", pgettext_lazy("certificate", "Held")
    FAILED = "failed", _("Not passed")
    NOT_NEEDED = "not_needed", _("Not needed on this track")


# ``NOT_NEEDED`` comes and goes with the track alone, so it is never set by hand.
ATTAINMENT_TRANSITIONS: dict[AttainmentState, frozenset[AttainmentState]] = {
    AttainmentState.NOT_DUE: frozenset(
        {AttainmentState.AWAITED, AttainmentState.HELD, AttainmentState.FAILED}
    ),
    AttainmentState.AWAITED: frozenset(
        {AttainmentState.AWAITED, AttainmentState.HELD, AttainmentState.FAILED}
    ),
    AttainmentState.FAILED: frozenset({AttainmentState.AWAITED, AttainmentState.HELD}),
    AttainmentState.HELD: frozenset({AttainmentState.FAILED}),
    AttainmentState.NOT_NEEDED: frozenset(),
}


class MilestoneKind(models.TextChoices):
    """What a student reaches by a date."""

    PROPOSAL = "proposal", _("Thesis proposal")
    MIDTERM = "midterm", _("Mid-term assessment")
    LICENCE_EXAM = "licence_exam", _("Licence examination")
    RESIDENCY_EXAM = "residency_exam", _("Residency completion exam")
    DEFENCE = "defence", _("Defence")


class LeaveKind(models.TextChoices):
    """Why somebody is away; the rules go by kind and length."""

    SICK = "sick", _("Sick leave")
    PERSONAL = "personal", _("Personal leave")
    MATERNITY = "maternity", _("Maternity leave")
    FAMILY = "family", _("Marriage, birth or bereavement")
    STUDY = "study", _("Conference or study elsewhere")


class LeaveState(models.TextChoices):
    """From the request to the reported return (销假)."""

    ASKED = "asked", _("Waiting for a decision")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    RETURNED = "returned", _("Return reported")


LEAVE_TRANSITIONS: dict[LeaveState, frozenset[LeaveState]] = {
    LeaveState.ASKED: frozenset({LeaveState.APPROVED, LeaveState.REFUSED, LeaveState.WITHDRAWN}),
    LeaveState.APPROVED: frozenset({LeaveState.RETURNED, LeaveState.WITHDRAWN}),
    LeaveState.REFUSED: frozenset(),
    LeaveState.WITHDRAWN: frozenset(),
    LeaveState.RETURNED: frozenset(),
}


class LeaveStep(models.TextChoices):
    """Who must agree to a leave, in this order."""

    DEPARTMENT = "department", _("Department of the ward")
    MENTORS = "mentors", _("Mentors")
    RESIDENCY_OFFICE = "residency_office", _("Residency office")
