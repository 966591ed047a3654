"""Words of this room's history."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.ledger.actions import register

register({"notices.settings.changed": _("Notice settings changed")})
