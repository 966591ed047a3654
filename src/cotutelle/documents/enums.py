"""The life of an issued paper."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class DocumentState(models.TextChoices):
    """Where a paper is."""

    ISSUED = "issued", _("Issued")
    ARCHIVED = "archived", _("Paper archived")
    VOID = "void", _("Void")


DOCUMENT_TRANSITIONS: dict[DocumentState, frozenset[DocumentState]] = {
    DocumentState.ISSUED: frozenset({DocumentState.ARCHIVED, DocumentState.VOID}),
    DocumentState.ARCHIVED: frozenset({DocumentState.VOID}),
    DocumentState.VOID: frozenset(),
}
