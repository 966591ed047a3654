"""The steps of a leave as approvals."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cotutelle.availability import kinds as spans
from cotutelle.programmes.models import Leave
from cotutelle.programmes.services.leave import step_decided
from cotutelle.programmes.services.leave_spans import AWAY
from cotutelle.programmes.services.leave_steps import (
    KINDS,
    mentor_stood_in_for,
    why_not_decide_leave,
)
from cotutelle.workflow.approvals import register
from cotutelle.workflow.models import Approval


def _page(approval: Approval) -> str:
    leave = Leave.objects.filter(pk=approval.subject_id).first()
    return reverse("programmes:leave", args=[leave.public_id]) if leave else ""


for kind in KINDS:
    register(
        kind,
        may_decide=why_not_decide_leave,
        on_decided=step_decided,
        title=_("Leave of %(student)s, %(from)s – %(until)s"),
        url_of=_page,
        stands_for=mentor_stood_in_for,
    )
spans.register(AWAY, title=_("Away"))
