"""Words of this room's history."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.documents.enums import DocumentState
from cotutelle.ledger.actions import register, register_fields

register(
    {
        "documents.document.issued": _("Paper issued"),
        "documents.document.archived": _("Sealed paper archived"),
        "documents.document.voided": _("Paper declared void"),
    }
)
register_fields(
    "documents.document",
    {
        "number": _("Number"),
        "state": _("State"),
        "reason": _("Reason"),
        "sha256_zh": _("SHA-256 (Chinese)"),
        "sha256_en": _("SHA-256 (English)"),
        "sha256_scan": _("SHA-256 (scan)"),
    },
    values={"state": {s.value: s.label for s in DocumentState}},
)
