"""Who reads the files and the history of papers."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from cotutelle.core.access import why_not
from cotutelle.documents.models import Document
from cotutelle.documents.services import PDF_PURPOSE, SCAN_PURPOSE
from cotutelle.files.access import SCANS
from cotutelle.files.access import register as register_purpose
from cotutelle.files.models import StoredFile
from cotutelle.ledger.access import by_permission
from cotutelle.ledger.access import register as register_history


def why_not_file(actor: Any, file: StoredFile) -> str | None:
    """Let those read a copy who may see its paper."""
    document = (
        Document.objects.filter(Q(file_zh=file) | Q(file_en=file) | Q(scan=file))
        .select_related("unit")
        .first()
    )
    if document is None:
        return _("No paper belongs to this file.")
    return why_not(actor, "documents.view_document", document)


register_purpose(PDF_PURPOSE, why_not_file, types=("pdf",))
register_purpose(SCAN_PURPOSE, why_not_file, types=SCANS)
register_history("documents.document", by_permission("documents.view_document"))
