"""States of mentors, their quota and their pairs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MentorCategory(models.TextChoices):
    """What a mentor is appointed for."""

    DOCTORAL = "doctoral", _("Doctoral mentor")
    MASTER = "master", _("Master's mentor")
    PRACTICE = "practice", _("Off-campus practice mentor")


class MentorTitle(models.TextChoices):
    """Professional title; quota caps hang on it."""

    SENIOR = "senior", _("Professor, chief physician")
    ASSOCIATE = "associate", _("Associate professor, associate chief physician")
    LECTURER = "lecturer", _("Lecturer, attending physician")
    INDUSTRY = "industry", _("Industry expert")


class Track(models.TextChoices):
    """The two tracks."""

    CLINICAL = "clinical", _("Clinical")
    RESEARCH = "research", _("Research")
    BOTH = "both", _("Clinical and research")


class EligibilityState(models.TextChoices):
    """Outcome of the yearly review (招生资格年审)."""

    PENDING = "pending", _("Not yet reviewed")
    ELIGIBLE = "eligible", _("Eligible")
    SUSPENDED = "suspended", _("Suspended")


class QuotaLineKind(models.TextChoices):
    """Why the account of a mentor moved."""

    GRANT = "grant", _("Granted")
    REDUCE = "reduce", _("Reduced")
    HOLD = "hold", _("Held for a round")
    RELEASE = "release", _("Released")
    SEAT = "seat", _("Student seated")
    UNSEAT = "unseat", _("Seat returned")


class PairRole(models.TextChoices):
    """First or second mentor of a student."""

    FIRST = "first", _("Principal supervisor")
    SECOND = "second", _("Co-supervisor")


class PairState(models.TextChoices):
    """A confirmed pair holds until it ends; it is never moved by a run."""

    ACTIVE = "active", _("Supervising")
    ENDED = "ended", _("Ended")


class Signer(models.TextChoices):
    """Who of two mentors signs something for the student; not always the first responsible."""

    FIRST = "first", _("The principal supervisor")
    SECOND = "second", _("The co-supervisor")
    BOTH = "both", _("Both supervisors")


class PairRecordKind(models.TextChoices):
    """What the two mentors and the student keep together."""

    PLAN = "plan", _("Plan")
    NOTE = "note", _("Note")
    ARRANGEMENT = "arrangement", _("Arrangement")


class ChangeState(models.TextChoices):
    """A change of mentor, from wish to decision."""

    DRAFT = "draft", _("Draft")
    ASKED_NEW = "asked_new", _("Waiting for the receiving mentor")
    ASKED_OLD = "asked_old", _("Waiting for the present mentor")
    ASKED_COLLEGE = "asked_college", _("Waiting for the college")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


_OPEN_END = frozenset({ChangeState.REFUSED, ChangeState.WITHDRAWN})
# A confidential request goes around the present mentor, straight to the college.
CHANGE_TRANSITIONS: dict[ChangeState, frozenset[ChangeState]] = {
    ChangeState.DRAFT: frozenset({ChangeState.ASKED_NEW, ChangeState.WITHDRAWN}),
    ChangeState.ASKED_NEW: _OPEN_END | {ChangeState.ASKED_OLD, ChangeState.ASKED_COLLEGE},
    ChangeState.ASKED_OLD: frozenset({ChangeState.ASKED_COLLEGE, ChangeState.WITHDRAWN}),
    ChangeState.ASKED_COLLEGE: _OPEN_END | {ChangeState.APPROVED},
    ChangeState.APPROVED: frozenset(),
    ChangeState.REFUSED: frozenset(),
    ChangeState.WITHDRAWN: frozenset(),
}
