"""How the history names what happens to an import."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.ledger.actions import register

register(
    {
        "exchange.import.uploaded": _("Spreadsheet uploaded"),
        "exchange.import.mapped": _("Columns of the spreadsheet chosen"),
        "exchange.import.checked": _("Spreadsheet checked"),
        "exchange.import.applied": _("Spreadsheet imported"),
        "exchange.import.discarded": _("Import discarded"),
    }
)
