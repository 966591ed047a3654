"""Reading papers."""

from __future__ import annotations

import uuid

from django.db.models import Model, Q, QuerySet

from cotutelle.documents.kinds import known_kinds, private_kinds
from cotutelle.documents.models import Document
from cotutelle.documents.rules import LOOKING_ROLES
from cotutelle.institutions.queries import below
from cotutelle.people.models import Person


def visible_to(actor: Person) -> QuerySet[Document]:
    """Return papers of units ``actor`` looks after, their own, and those their rooms show them."""
    units = [g.unit for g in actor.active_grants if g.role in LOOKING_ROLES]
    found = (below(units) & ~Q(kind__in=private_kinds())) | Q(issued_by=actor)
    for name, kind in known_kinds().items():
        if kind.visible is not None:
            found |= Q(kind=name) & kind.visible(actor)
    return _documents().filter(found)


def documents_of(subject: Model, kind: str = "") -> QuerySet[Document]:
    """Return the papers about ``subject``, newest first."""
    found = _documents().filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)
    return (found.filter(kind=kind) if kind else found).order_by("-id")


def public_document(public_id: uuid.UUID) -> Document | None:
    """Return the paper with this identifier for the public check."""
    return _documents().filter(public_id=public_id).first()


def copy_with(document: Document, sha256: str) -> str:
    """Return which copy has this digest: ``zh``, ``en``, ``scan``, or an empty string."""
    copies = {"zh": document.file_zh, "en": document.file_en, "scan": document.scan}
    return next((name for name, file in copies.items() if file and file.sha256 == sha256), "")


def _documents() -> QuerySet[Document]:
    return Document.objects.select_related("unit", "issued_by", "file_zh", "file_en", "scan")
