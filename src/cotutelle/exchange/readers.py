"""Who reads the uploaded file and the history of an import: those who may see the import."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from cotutelle.core.access import why_not
from cotutelle.exchange.models import ImportRun
from cotutelle.exchange.services import FILE_PURPOSE
from cotutelle.files import access as file_access
from cotutelle.ledger import access as ledger_access


def why_not_file(actor: Any, file: Any) -> str | None:
    """Return why ``actor`` may not read an uploaded spreadsheet."""
    run = ImportRun.objects.filter(file=file).select_related("unit").first()
    if run is None:
        return _("This file belongs to no import.")
    return why_not(actor, "exchange.view_import", run)


file_access.register(FILE_PURPOSE, why_not_file, types=("xlsx", "csv", "text"))
ledger_access.register(
    ImportRun._meta.label_lower, ledger_access.by_permission("exchange.view_import")
)
