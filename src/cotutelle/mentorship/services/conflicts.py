"""Lifting a conflict of interest that no longer stands."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.services import record
from cotutelle.mentorship.models import ConflictOfInterest
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.models import Person


@transaction.atomic
def lift_conflict(conflict: ConflictOfInterest, *, reason: str, actor: Person) -> None:
    """
    Let the two be matched again, in lists and runs to come; the mentor is told.

    Only the college of the student lifts it, never somebody who declared it for themselves.
    Refuses with ``conflict.party``, ``conflict.reason`` and ``conflict.stale``.
    """
    mentor, student = conflict.mentor, conflict.student
    check(actor, "mentorship.lift_conflict", student)
    if actor.pk in {mentor.person_id, student.person_id}:
        raise Refused(_("Nobody decides about their own conflict."), code="conflict.party")
    if not reason.strip():
        raise RuleViolation("conflict.reason", _("Give your reason."), field="reason")
    deleted, _rows = ConflictOfInterest.objects.filter(pk=conflict.pk).delete()
    if deleted != 1:
        raise RuleViolation("conflict.stale", _("This conflict has been lifted already."))
    record(
        "mentorship.conflict.lifted",
        actor=actor,
        subject=mentor,
        before={"student": str(student.public_id)},
        after={"reason": reason.strip()},
        decision=True,
    )
    notify(
        [mentor.person],
        "mentorship.conflict_lifted",
        params={"student": bilingual(student.person)},
        url="/selection/applicants/",
        unit=student.unit,
    )
