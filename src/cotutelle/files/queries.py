"""Finding files that somebody may read."""

from __future__ import annotations

import uuid

from cotutelle.files.access import why_not_read
from cotutelle.files.models import StoredFile
from cotutelle.people.models import Person


def readable_file(actor: Person, public_id: uuid.UUID) -> StoredFile | None:
    """Return the file if ``actor`` may read it."""
    file = StoredFile.objects.select_related("unit", "owner").filter(public_id=public_id).first()
    if file is None or why_not_read(actor, file) is not None:
        return None
    return file
