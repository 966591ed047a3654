"""Reads: imports, kinds, units a person may import into."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet

from cotutelle.core.access import why_not
from cotutelle.exchange import registry
from cotutelle.exchange.importing import Context, Importer
from cotutelle.exchange.mapping import Header, header_at
from cotutelle.exchange.models import ColumnMapping, ImportRun
from cotutelle.exchange.reading import Book, Sheet, read_book
from cotutelle.files.services import read_file
from cotutelle.institutions.enums import UnitState
from cotutelle.institutions.models import Unit
from cotutelle.people.enums import Role
from cotutelle.people.models import Person

OVERSEERS = frozenset({Role.SYSTEM_ADMINISTRATOR, Role.GRADUATE_OFFICER})


@dataclass(frozen=True, slots=True)
class Loaded:
    """A run with everything that is read again from its file."""

    run: ImportRun
    importer: Importer
    book: Book
    sheet: Sheet
    header: Header


def visible_to(actor: Person) -> QuerySet[ImportRun]:
    """Return the imports of ``actor`` and, for the graduate school, those of its units."""
    allowed = Q(actor=actor)
    for grant in actor.active_grants:
        if grant.role in OVERSEERS:
            allowed |= Q(unit__path__startswith=grant.unit.path)
    return ImportRun.objects.filter(allowed).select_related("unit", "actor", "file", "job")


def kinds_for(actor: Person) -> list[Importer]:
    """Return the kinds ``actor`` may import anywhere at all."""
    return [i for i in registry.every() if why_not(actor, i.permission) is None]


def units_for(actor: Person, importer: Importer) -> list[Unit]:
    """Return the units into which ``actor`` may import this kind, from the top down."""
    units = Unit.objects.filter(state=UnitState.ACTIVE).order_by("path")
    return [u for u in units if why_not(actor, importer.permission, u) is None]


def load(run: ImportRun) -> Loaded:
    """Read the file of ``run`` again."""
    importer = registry.find(run.kind)
    book = read_book(
        read_file(run.file), run.file.name, max_bytes=settings.COTUTELLE_UPLOAD_MAX_BYTES
    )
    sheet = book.sheets[run.sheet]
    header = header_at(sheet, run.sheet, run.header_row, run.header_height)
    return Loaded(run, importer, book, sheet, header)


def context_of(run: ImportRun) -> Context:
    """Return what the importer is told about ``run``."""
    return Context(
        unit=run.unit,
        actor=run.actor,
        options=run.options,
        decisions=run.decisions,
        keep_first=run.keep_first,
    )


def remembered_mapping(unit: Unit, kind: str, signature: str) -> dict[str, int] | None:
    """Return how files with this header were mapped last; ``None`` the first time."""
    found = ColumnMapping.objects.filter(unit=unit, kind=kind, signature=signature).first()
    return dict(found.mapping) if found else None
