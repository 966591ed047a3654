"""Words of this room's history."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.ledger.actions import register

register(
    {
        "availability.feed.created": _("Calendar address created"),
        "availability.feed.revoked": _("Calendar address revoked"),
    }
)
