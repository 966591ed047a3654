"""How the history names what happens to an import."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.ledger.actions import register, register_fields

register(
    {
        "exchange.import.uploaded": _("Spreadsheet uploaded"),
        "exchange.import.mapped": _("Columns of the spreadsheet chosen"),
        "exchange.import.checked": _("Spreadsheet checked"),
        "exchange.import.applied": _("Spreadsheet imported"),
        "exchange.import.discarded": _("Import discarded"),
    }
)
register_fields(
    "exchange.importrun",
    {
        "kind": _("Kind"),
        "file": _("File"),
        "mapping": _("Columns"),
        "rows": _("Rows"),
        "problems": _("Problems"),
        "created": pgettext_lazy("rows", "Created"),
        "updated": _("Updated"),
        "unchanged": _("Unchanged"),
        "skipped": _("Left out"),
        "decisions": _("Your answers"),
    },
)
