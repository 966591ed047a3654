"""How what happens to the log itself is read in the history."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.ledger import access, actions

actions.register(
    {
        "ledger.log.opened": _("Log opened"),
        "ledger.log.frozen": _("Log closed for a new one"),
        "ledger.log.unblocked": _("Block of the log lifted"),
        "ledger.log.checked": _("Log compared with its witnesses"),
        "ledger.key.added": _("Key of the log added"),
        "ledger.key.retired": _("Key of the log retired"),
        "ledger.witness.added": _("Witness added"),
        "ledger.witness.retired": _("Witness retired"),
        "ledger.policy.set": _("Policy of witnesses set"),
    }
)
actions.register_fields(
    "ledger.shard",
    {
        "origin": _("Origin"),
        "key": _("Key"),
        "size": _("Entries"),
        "root": _("Root"),
        "reason": _("Reason"),
        "blocked": _("Blocked"),
        "facts": _("Facts"),
    },
)
actions.register_fields(
    "ledger.witness",
    {
        "name": pgettext_lazy("witness", "Name"),
        "vkey": _("Key"),
        "url": _("Address"),
        "is_operator": _("Of the institution that runs the log"),
    },
)
actions.register_fields(
    "ledger.witnesspolicy",
    {
        "number": _("Number"),
        "needed": pgettext_lazy("signatures", "Needed"),
        "colluders": _("May collude"),
        "witnesses": _("Witnesses"),
        "text": _("Policy file"),
    },
)
for thing in ("ledger.shard", "ledger.witness", "ledger.witnesspolicy"):
    access.register(thing, access.by_permission("ledger.view_log"))
