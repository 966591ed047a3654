"""Keeping files: checked for what they are, kept once, served only through authorisation."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from cotutelle.core.canonical import sha256_hex
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.files import storage
from cotutelle.files.access import purpose_of
from cotutelle.files.models import StoredFile
from cotutelle.files.validators import TYPES, clean_name, type_of
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person

_MEGABYTE = 1024 * 1024


@transaction.atomic
def store_file(
    content: Any, *, name: str = "", actor: Person, unit: Unit | None, purpose: str
) -> StoredFile:
    """
    Keep a file for ``purpose``; equal contents share their place on disk.

    Parameters
    ----------
    content
        Bytes, or an upload or open file with ``read``.
    name
        As the person called it; the upload's own name without one.

    Raises
    ------
    RuleViolation
        ``file.empty``, ``file.size``, ``file.type``.
    """
    data = content if isinstance(content, bytes) else _read_upload(content, purpose)
    label = clean_name(name or getattr(content, "name", "") or "file")
    kind = _checked_type(data, label, purpose)
    sha256 = sha256_hex(data)
    _lock(sha256)
    storage.write(data, sha256)
    file = StoredFile.objects.create(
        name=label,
        content_type=TYPES[kind].content_type,
        size=len(data),
        sha256=sha256,
        purpose=purpose,
        unit=unit,
        owner=actor,
        uploaded_at=now(),
    )
    record(
        "files.file.stored",
        actor=actor,
        subject=file,
        after={"purpose": purpose, "size": len(data), "sha256": sha256},
    )
    return file


def read_file(file: StoredFile) -> bytes:
    """
    Return the content of ``file``.

    Raises
    ------
    RuleViolation
        ``file.missing``: the data folder lost it.
    """
    try:
        return storage.read(file.sha256)
    except FileNotFoundError as error:
        raise RuleViolation(
            "file.missing",
            _("The content of this file is not in the data folder. Restore it from the backup."),
            status=404,
        ) from error


@transaction.atomic
def delete_file(file: StoredFile, *, actor: Person | None) -> None:
    """Forget ``file``; its content goes when no other file shares it, once this is committed."""
    _lock(file.sha256)
    record("files.file.deleted", actor=actor, subject=file, before={"sha256": file.sha256})
    sha256 = file.sha256
    file.delete()
    if not StoredFile.objects.filter(sha256=sha256).exists():
        transaction.on_commit(lambda: _remove_unused(sha256))


def _remove_unused(sha256: str) -> None:
    with transaction.atomic():
        _lock(sha256)
        if not StoredFile.objects.filter(sha256=sha256).exists():
            storage.remove(sha256)


def _lock(sha256: str) -> None:
    """Let one transaction at a time store or remove a content."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [sha256])


def max_bytes_of(purpose: str) -> int:
    """Return the largest size of a file for ``purpose``."""
    return purpose_of(purpose).max_bytes or settings.COTUTELLE_UPLOAD_MAX_BYTES


def _read_upload(upload: Any, purpose: str) -> bytes:
    """Read one byte more than allowed, so that a huge upload is never held whole."""
    data: bytes = upload.read(max_bytes_of(purpose) + 1)
    return data


def _checked_type(data: bytes, name: str, purpose: str) -> str:
    largest = max_bytes_of(purpose)
    if not data:
        raise RuleViolation("file.empty", _("This file is empty."), field="file")
    if len(data) > largest:
        raise RuleViolation(
            "file.size",
            _("This file is larger than %(limit)s MB.") % {"limit": f"{largest / _MEGABYTE:g}"},
            field="file",
        )
    kind = type_of(data, name)
    allowed = purpose_of(purpose).types
    if kind not in allowed:
        raise RuleViolation(
            "file.type",
            _("“%(name)s” is not a file of an allowed type. Allowed are: %(types)s.")
            % {"name": name, "types": ", ".join(_names(allowed))},
            field="file",
        )
    return kind


def _names(types: Any) -> list[str]:
    return [ext for name in types for ext in TYPES[name].extensions]
