"""Words of this room's history."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.decisions.enums import PolicyState, RunState
from cotutelle.ledger.actions import register, register_fields

register(
    {
        "decisions.policy.created": _("Policy written"),
        "decisions.policy.activated": _("Policy put in force"),
        "decisions.policy.retired": _("Policy taken out of force"),
        "decisions.run.recorded": _("Decision computed and verified"),
        "decisions.run.moved": _("State of the decision changed"),
        "decisions.run.checked": _("Decision checked again"),
    }
)
register_fields(
    "decisions.run",
    {
        "state": _("State"),
        "number": _("Number"),
        "snapshot": _("SHA-256 of the inputs"),
        "policy": _("SHA-256 of the policy"),
        "certificate": _("SHA-256 of the certificate"),
        "ok": _("Check passed"),
    },
    values={"state": {s.value: s.label for s in RunState}},
)
register_fields(
    "decisions.policy",
    {"version": _("Version"), "parameters": _("Parameters"), "sha256": _("SHA-256")},
    values={"state": {s.value: s.label for s in PolicyState}},
)
