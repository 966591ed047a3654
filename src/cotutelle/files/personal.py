"""What this room knows about a person, and how it forgets it."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError, Q

from cotutelle.files.models import StoredFile
from cotutelle.files.services import delete_file
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.forgetting import words_of
from cotutelle.people.models import Person


def export_files(person: Person) -> list[dict[str, Any]]:
    """Return the files the person gave; their contents are on the pages they belong to."""
    own = StoredFile.objects.filter(owner=person).order_by("id")
    return [dict(row) for row in own.values("name", "purpose", "size", "sha256", "uploaded_at")]


def erase_files(person: Person) -> None:
    """Delete the person's files; one that others build on stays, under a name that says nothing."""
    for file in StoredFile.objects.filter(owner=person):
        try:
            with transaction.atomic():
                delete_file(file, actor=None)
        except ProtectedError:
            _rename(file)
    named = Q(pk__in=())
    for word in words_of(person):
        named |= Q(name__contains=word)
    for file in StoredFile.objects.filter(named):
        _rename(file)


def _rename(file: StoredFile) -> None:
    file.name = f"{file.public_id.hex[:12]}{PurePath(file.name).suffix}"
    file.save(update_fields=["name"])


register_exporter("files", export_files)
register_eraser("files", erase_files)
