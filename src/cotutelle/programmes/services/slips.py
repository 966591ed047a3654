"""The leave slip, on paper: that somebody may be away and who agreed, never why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.documents.models import Document
from cotutelle.documents.services import issue_document
from cotutelle.people.models import Person
from cotutelle.programmes.enums import LeaveKind, LeaveState, LeaveStep
from cotutelle.programmes.models import Leave
from cotutelle.programmes.queries.leave import COUNTED, approvals_on
from cotutelle.ui.dates import format_date
from cotutelle.workflow.models import Approval

LEAVE_SLIP = "programmes.leave_slip"


def _both(make: Callable[[], Any]) -> dict[str, str]:
    """Return what ``make`` says in each language."""
    said = {}
    for key, language in (("zh", "zh-hans"), ("en", "en")):
        with translation.override(language):
            said[key] = str(make())
    return said


@transaction.atomic
def issue_leave_slip(leave: Leave, *, actor: Person) -> Document:
    """
    Return the slip of an approved leave; a second one is made only after the return.

    Refuses with ``leave.not_approved``.
    """
    check(actor, "programmes.view_leave", leave)
    if leave.state not in COUNTED:
        raise RuleViolation("leave.not_approved", _("Only an approved leave has a slip."))
    label = leave._meta.label_lower
    known = (
        Document.objects.filter(kind=LEAVE_SLIP, subject_type=label, subject_id=leave.pk)
        .order_by("-id")
        .first()
    )
    since = leave.return_reported_at or leave.decided_at
    if known is not None and (since is None or known.issued_at >= since):
        return known
    return issue_document(
        LEAVE_SLIP,
        subject=leave,
        unit=leave.owning_unit,
        template="programmes/leave_slip.typ",
        data=_data(leave),
        title_zh="请假单",
        title_en="Leave slip",
        actor=actor,
    )


def _data(leave: Leave) -> dict[str, Any]:
    student = leave.enrolment.student
    back = leave.returned_on
    return {
        "name": _both(lambda: student.display_name),
        "number": student.person.number or student.candidate_number,
        "unit": _both(lambda: student.unit.display_name),
        "ward": _both(lambda: leave.ward.display_name),
        "kind": _both(lambda: LeaveKind(leave.kind).label),
        "first": _both(lambda: format_date(leave.starts_on)),
        "last": _both(lambda: format_date(leave.ends_on)),
        "days": leave.days,
        "back": _both(lambda: format_date(back)) if back else None,
        "is_returned": leave.state == LeaveState.RETURNED,
        "steps": [_step(one) for one in approvals_on(leave) if one.decided_by is not None],
    }


def _step(approval: Approval) -> dict[str, Any]:
    decided_by = approval.decided_by
    return {
        "step": _both(lambda: LeaveStep(approval.params["step"]).label),
        "name": _both(lambda: decided_by.display_name if decided_by else "–"),
        "day": _both(lambda: format_date(approval.decided_at)),
    }
