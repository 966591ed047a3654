"""Issued papers, and what happened to a thing."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.http import Http404
from django.shortcuts import get_object_or_404
from ninja import Query

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.values import Named, Out, PageQuery, named
from cotutelle.core.access import SIGNED_IN
from cotutelle.documents import queries as documents
from cotutelle.documents.enums import DocumentState
from cotutelle.documents.models import Document
from cotutelle.ledger.access import may_read_history
from cotutelle.ledger.models import Entry
from cotutelle.ledger.queries import describe, entries_about

room = Room("records")


class DocumentOut(Out):
    """A numbered paper in two languages. Files are taken from the pages."""

    id: UUID
    number: str
    kind: str
    title: str
    title_zh: str
    title_en: str
    unit: Named
    state: DocumentState
    sha256: str
    issued_at: dt.datetime
    archived_at: dt.datetime | None
    url: str
    verification_url: str


def _document(row: Document) -> DocumentOut:
    return DocumentOut(
        id=row.public_id,
        number=row.number,
        kind=row.kind,
        title=row.display_name,
        title_zh=row.title_zh,
        title_en=row.title_en,
        unit=named(row.unit),
        state=DocumentState(row.state),
        sha256=row.sha256,
        issued_at=row.issued_at,
        archived_at=row.archived_at,
        url=f"/documents/{row.public_id}/",
        verification_url=f"/documents/v/{row.public_id}/",
    )


@room.get("/documents", Page[DocumentOut], permission="documents.view_document")
def list_documents(request: ApiRequest, query: Query[PageQuery]) -> Page[DocumentOut]:
    """List papers the caller may see, newest first."""
    return page_of(documents.visible_to(request.person), query, _document, newest_first=True)


@room.get("/documents/{uuid:document_id}", DocumentOut, permission="documents.view_document")
def get_document(request: ApiRequest, document_id: UUID) -> DocumentOut:
    """Read a paper."""
    rows = documents.visible_to(request.person)
    return _document(get_object_or_404(rows, public_id=document_id))


class ChangeOut(Out):
    """One value before and after, in words."""

    label: str
    old: str
    new: str


class EntryOut(Out):
    """Something that happened."""

    at: dt.datetime
    action: str
    who: str
    what: str
    by_proxy: bool
    changes: list[ChangeOut]


def _entry(row: Entry) -> EntryOut:
    line = describe(row)
    return EntryOut(
        at=line.when,
        action=row.action,
        who=line.who,
        what=line.text,
        by_proxy=line.proxy,
        changes=[ChangeOut(label=c.label, old=c.old, new=c.new) for c in line.changes],
    )


@room.get("/history/{subject_type}/{uuid:subject_id}", Page[EntryOut], permission=SIGNED_IN)
def list_history(
    request: ApiRequest, subject_type: str, subject_id: UUID, query: Query[PageQuery]
) -> Page[EntryOut]:
    """List what happened to a thing (`people.person`, `selection.round` …), newest first."""
    try:
        model = apps.get_model(subject_type)
        model._meta.get_field("public_id")
    except (LookupError, ValueError, FieldDoesNotExist):
        raise Http404 from None
    rows = model._default_manager.all()  # noqa: SLF001
    subject = get_object_or_404(rows, public_id=subject_id)
    if not may_read_history(request.person, subject):
        raise Http404
    return page_of(entries_about(subject), query, _entry, newest_first=True)
