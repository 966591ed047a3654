"""How this room forgets a person: what checks noted about them, and files that list them."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction

from cotutelle.exchange.enums import RunState
from cotutelle.exchange.models import ImportRun
from cotutelle.exchange.reading import Unreadable, read_book
from cotutelle.files import storage
from cotutelle.files.models import StoredFile
from cotutelle.ledger.services import destroy_payloads
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.forgetting import mentions, words_of
from cotutelle.people.models import Person

_OVER = (RunState.APPLIED, RunState.DISCARDED)


def export_imports(person: Person) -> list[dict[str, Any]]:
    """Return the imports the person made."""
    own = ImportRun.objects.filter(actor=person).order_by("id")
    return [
        dict(row) for row in own.values("kind", "state", "created_at", "applied_at", "file__name")
    ]


def erase_imports(person: Person) -> None:
    """
    Drop noted rows that name the person, and the content of finished files that list them.

    A file on its way in stays readable until its import ends.
    """
    words = words_of(person)
    for run in ImportRun.objects.select_related("file"):
        kept = {
            name: [one for one in getattr(run, name) if not mentions(one, words)]
            for name in ("problems", "questions")
        }
        changed = {name: rows for name, rows in kept.items() if rows != getattr(run, name)}
        if mentions(run.decisions, words):
            changed["decisions"] = {}  # type: ignore[assignment]
        if changed:
            ImportRun.objects.filter(pk=run.pk).update(**changed)
        if run.actor_id == person.pk or changed:
            destroy_payloads(run)
        if run.state in _OVER and _lists(run.file, words):
            transaction.on_commit(partial(storage.remove, run.file.sha256))


def _lists(file: StoredFile, words: frozenset[str]) -> bool:
    """Whether the file, or what cannot be read of it, names the person."""
    try:
        book = read_book(storage.read(file.sha256), file.name, max_bytes=file.size)
    except FileNotFoundError:
        return False
    except Unreadable:
        return True
    return any(cell.strip() in words for sheet in book.sheets for row in sheet.rows for cell in row)


register_exporter("imports", export_imports)
register_eraser("imports", erase_imports)
