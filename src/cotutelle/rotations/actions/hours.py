"""Words of the history: hours."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.ledger.actions import register

register(
    {
        "rotations.hours.logged": _("Difference to the roster logged"),
        "rotations.hours.withdrawn": _("Difference to the roster taken back"),
        "rotations.research_time.granted": _("Research time granted"),
        "rotations.research_time.followed_leave": _("Research time corrected for leave"),
        "rotations.research_time.repaid": _("Research time given back"),
        "rotations.alert.opened": _("Alert about hours opened"),
        "rotations.alert.closed": _("Alert about hours followed up"),
        "rotations.roster.imported": _("Roster imported"),
    },
    is_private=True,
)
register({"rotations.hours_policy.changed": _("Ceilings and floors of hours changed")})
