"""Words of this room's history."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.ledger.actions import register, register_fields
from cotutelle.workflow.enums import ApprovalState

register(
    {
        "workflow.task.reminded": _("Reminder sent"),
        "workflow.proxy.authorised": _("Authorisation to act recorded"),
        "workflow.proxy.revoked": _("Authorisation to act revoked"),
        "workflow.proxy.objected": _("Objection to an act by proxy"),
        "workflow.approval.requested": _("Approval requested"),
        "workflow.approval.approved": _("Approved"),
        "workflow.approval.refused": _("Refused"),
        "workflow.approval.withdrawn": _("Request for approval withdrawn"),
    }
)
register_fields(
    "workflow.approval",
    {"state": _("State"), "note": pgettext_lazy("of a decision", "Note"), "kind": _("Kind")},
    values={"state": {s.value: s.label for s in ApprovalState}},
)
register_fields(
    "workflow.proxyauthorisation",
    {"starts_on": _("First day"), "ends_on": _("Last day"), "action": _("Act")},
)
