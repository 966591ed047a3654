"""The lives of curricula, cycles, plans, joint rounds, hours and alerts."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CurriculumState(models.TextChoices):
    """What was in force never changes; a new edition replaces it."""

    DRAFT = "draft", _("Draft")
    IN_FORCE = "in_force", _("In force")
    RETIRED = "retired", _("Replaced")


CURRICULUM_TRANSITIONS: dict[CurriculumState, frozenset[CurriculumState]] = {
    CurriculumState.DRAFT: frozenset({CurriculumState.IN_FORCE}),
    CurriculumState.IN_FORCE: frozenset({CurriculumState.RETIRED}),
    CurriculumState.RETIRED: frozenset(),
}


class DepartmentFamily(models.TextChoices):
    """Families of departments, which share a colour on the board."""

    MEDICINE = "medicine", _("Internal medicine")
    SURGERY = "surgery", _("Surgery")
    ACUTE = "acute", _("Emergency and critical care")
    TECHNOLOGY = "technology", _("Medical technology")
    PAEDIATRICS = "paediatrics", _("Paediatrics and obstetrics")
    RESEARCH = "research", pgettext_lazy("track", "Research")
    OTHER = "other", pgettext_lazy("department", "Other")


class WardState(models.TextChoices):
    """Whether a ward takes trainees."""

    OPEN = "open", pgettext_lazy("ward", "Open")
    CLOSED = "closed", pgettext_lazy("ward", "Closed")


class OccupancyKind(models.TextChoices):
    """Trainees on a ward who are not planned here."""

    SOCIAL = "social", _("Independent residents")
    EMPLOYED = "employed", _("Residents of other employers")
    INTERN = "intern", _("Interns")
    OTHER = "other", pgettext_lazy("trainees", "Others")


class CycleState(models.TextChoices):
    """A cohort's planning, from set-up to archive."""

    DRAFT = "draft", pgettext_lazy("planning", "Being planned")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


CYCLE_TRANSITIONS: dict[CycleState, frozenset[CycleState]] = {
    CycleState.DRAFT: frozenset({CycleState.PUBLISHED, CycleState.ARCHIVED}),
    CycleState.PUBLISHED: frozenset({CycleState.ARCHIVED}),
    CycleState.ARCHIVED: frozenset(),
}


class WishKind(models.TextChoices):
    """What a person asks of the plan, or what binds it."""

    PREFER_WARD = "prefer_ward", _("Prefers a ward")
    PREFER_HOSPITAL = "prefer_hospital", _("Prefers a hospital")
    FORBID_WARD = "forbid_ward", _("Not in this ward")
    FORBID_HOSPITAL = "forbid_hospital", _("Not in this hospital")
    AWAY = "away", _("Away")
    RESEARCH = "research", _("Protected research months")


class ScenarioKind(models.TextChoices):
    """How a scenario came to be."""

    PLAN = "plan", _("Plan from scratch")
    REPLAN = "replan", _("Re-plan with few changes")
    COPY = "copy", _("Copy to edit by hand")


class ScenarioState(models.TextChoices):
    """From request to publication."""

    WAITING = "waiting", pgettext_lazy("computation", "Waiting")
    COMPUTING = "computing", pgettext_lazy("computation", "Computing")
    READY = "ready", _("Ready")
    IMPOSSIBLE = "impossible", _("No plan possible")
    FAILED = "failed", pgettext_lazy("computation", "Failed")
    PUBLISHED = "published", _("Published")


SCENARIO_TRANSITIONS: dict[ScenarioState, frozenset[ScenarioState]] = {
    ScenarioState.WAITING: frozenset({ScenarioState.COMPUTING, ScenarioState.FAILED}),
    ScenarioState.COMPUTING: frozenset(
        {ScenarioState.READY, ScenarioState.IMPOSSIBLE, ScenarioState.FAILED}
    ),
    ScenarioState.READY: frozenset({ScenarioState.PUBLISHED}),
    ScenarioState.IMPOSSIBLE: frozenset(),
    ScenarioState.FAILED: frozenset({ScenarioState.WAITING}),
    ScenarioState.PUBLISHED: frozenset(),
}


class EventKind(models.TextChoices):
    """What happened to a published plan."""

    WARD_PLACES = "ward_places", _("A ward has fewer places")
    WARD_CLOSES = "ward_closes", _("A ward closes")
    TRAINEE_LEAVES = "trainee_leaves", _("A trainee leaves")
    TRAINEE_AWAY = "trainee_away", _("A trainee is away")
    AGREEMENT_ENDS = "agreement_ends", _("An agreement ends")


class SwapState(models.TextChoices):
    """Two trainees exchange stays: the other agrees, then the residency office."""

    ASKED = "asked", _("Waiting for the other trainee")
    AGREED = "agreed", _("Waiting for the residency office")
    APPROVED = "approved", _("Exchanged")
    REFUSED = "refused", pgettext_lazy("exchange", "Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


SWAP_TRANSITIONS: dict[SwapState, frozenset[SwapState]] = {
    SwapState.ASKED: frozenset({SwapState.AGREED, SwapState.REFUSED, SwapState.WITHDRAWN}),
    SwapState.AGREED: frozenset({SwapState.APPROVED, SwapState.REFUSED, SwapState.WITHDRAWN}),
    SwapState.APPROVED: frozenset(),
    SwapState.REFUSED: frozenset(),
    SwapState.WITHDRAWN: frozenset(),
}


class TermState(models.TextChoices):
    """A term's week: being arranged, or told to everybody."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


class BusyKind(models.TextChoices):
    """How firmly a weekly time is taken."""

    FIXED = "fixed", _("Taken")
    MOVABLE = "movable", _("Taken, could be moved")
    UNWANTED = "unwanted", _("Would rather not")


class SeriesKind(models.TextChoices):
    """What is held every week."""

    JOINT_ROUND = "joint_round", _("Joint round")
    RESEARCH_HALF_DAY = "research_half_day", _("Research half-day")
    DEBRIEFING = "debriefing", _("Debriefing")
    SEMINAR = "seminar", _("Seminar")


class MemberRole(models.TextChoices):
    """In what part a person takes part in a weekly series."""

    CLINICAL_MENTOR = "clinical_mentor", _("Clinical mentor")
    RESEARCH_MENTOR = "research_mentor", _("Research mentor")
    STUDENT = "student", _("Student")
    GUEST = "guest", pgettext_lazy("meeting", "Guest")


class MeetingState(models.TextChoices):
    """One occurrence of a series."""

    PLANNED = "planned", pgettext_lazy("meeting", "Planned")
    MOVED = "moved", pgettext_lazy("meeting", "Moved")
    CANCELLED = "cancelled", pgettext_lazy("meeting", "Cancelled")
    HELD = "held", pgettext_lazy("meeting", "Held")
    MISSED = "missed", pgettext_lazy("meeting", "Not held")


MEETING_TRANSITIONS: dict[MeetingState, frozenset[MeetingState]] = {
    MeetingState.PLANNED: frozenset(
        {MeetingState.MOVED, MeetingState.CANCELLED, MeetingState.HELD, MeetingState.MISSED}
    ),
    MeetingState.MOVED: frozenset(
        {MeetingState.MOVED, MeetingState.CANCELLED, MeetingState.HELD, MeetingState.MISSED}
    ),
    MeetingState.CANCELLED: frozenset({MeetingState.PLANNED}),
    MeetingState.HELD: frozenset(),
    MeetingState.MISSED: frozenset({MeetingState.HELD}),
}


class Presence(models.TextChoices):
    """Who came, and how."""

    PRESENT = "present", _("In the room")
    REMOTE = "remote", _("Remotely")
    EXCUSED = "excused", _("Excused")
    ABSENT = "absent", _("Absent")


class DutyKind(models.TextChoices):
    """What hours are spent on."""

    CLINICAL = "clinical", pgettext_lazy("hours", "Clinical")
    ON_CALL = "on_call", pgettext_lazy("hours", "On call")
    RESEARCH = "research", pgettext_lazy("hours", "Research")
    TEACHING = "teaching", pgettext_lazy("hours", "Teaching")


class ExceptionKind(models.TextChoices):
    """What differed from the roster; only these are logged by hand."""

    PULLED_TO_WARD = "pulled_to_ward", _("Pulled to the ward")
    EXTRA = "extra", _("Worked longer")
    LESS = "less", _("Worked less")


class AccountKind(models.TextChoices):
    """Movements of the research-time account."""

    GRANTED = "granted", pgettext_lazy("research time", "Granted")
    TAKEN = "taken", pgettext_lazy("research time", "Taken by the ward")
    REPAID = "repaid", pgettext_lazy("research time", "Repaid")
    ADJUSTED = "adjusted", pgettext_lazy("research time", "Corrected")


class AlertKind(models.TextChoices):
    """What raised an alert; it opens help, never a mark."""

    CLINICAL_HIGH = "clinical_high", _("Too many clinical hours")
    TOTAL_HIGH = "total_high", _("Too many hours in all")
    RESEARCH_LOW = "research_low", _("Too little research time")
    BALANCE_LOW = "balance_low", _("Research time owed")


class AlertState(models.TextChoices):
    """An alert is closed by what was done about it."""

    OPEN = "open", pgettext_lazy("alert", "Open")
    CLOSED = "closed", pgettext_lazy("alert", "Closed")
