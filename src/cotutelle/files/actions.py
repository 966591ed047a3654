"""Words of this room's history."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.ledger.actions import register, register_fields

register(
    {
        "files.file.stored": _("File uploaded"),
        "files.file.deleted": _("File deleted"),
    }
)
register_fields(
    "files.storedfile", {"size": _("Size in bytes"), "purpose": _("Purpose"), "sha256": _("Digest")}
)
