"""Issuing numbered papers in two languages, archiving the sealed sheet, declaring void."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now, today
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import new_public_id
from cotutelle.documents.enums import DocumentState
from cotutelle.documents.kinds import code_of
from cotutelle.documents.models import Document
from cotutelle.documents.rendering import render_pdf
from cotutelle.files import storage
from cotutelle.files.models import StoredFile
from cotutelle.files.services import store_file
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import time_zone_of
from cotutelle.ledger.services import record
from cotutelle.notices.channels import setting
from cotutelle.people.models import Person
from cotutelle.ui.dates import format_date

PDF_PURPOSE = "documents.document"
SCAN_PURPOSE = "documents.scan"


@transaction.atomic
def issue_document(
    kind: str,
    *,
    subject: models.Model,
    unit: Unit,
    template: str,
    data: Mapping[str, Any],
    title_zh: str,
    title_en: str,
    actor: Person,
    link: str = "",
    attachments: Mapping[str, bytes] | None = None,
) -> Document:
    """
    Issue a numbered paper as one PDF in each language; whoever calls has checked who may.

    The number is taken first and given back when anything fails, so that none is missing.

    Parameters
    ----------
    template
        ``<room>/<name>.typ``, see `cotutelle.documents.rendering.render_pdf`.
    data
        Plain values for the template.
    link
        Where the QR code leads, when not to the check of this paper.
    attachments
        Files inside both PDFs, by name.

    Raises
    ------
    RuleViolation
        ``document.no_font``: the machine has no font with Chinese characters.
    ValueError
        There is no such template.
    """
    at = now()
    day = today(time_zone_of(unit))
    document = Document(
        public_id=new_public_id(),
        number=take_number(code_of(kind), day.year),
        kind=kind,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        unit=unit,
        title_zh=title_zh,
        title_en=title_en,
        issued_at=at,
        issued_by=actor,
    )
    heading = _heading(document, day)
    for lang in ("zh", "en"):
        pdf = render_pdf(
            template,
            data,
            lang=lang,
            heading=heading,
            link=link or check_link(document),
            at=at,
            attachments=attachments,
        )
        file = store_file(
            pdf,
            name=f"{document.number}-{lang}.pdf",
            actor=actor,
            unit=unit,
            purpose=PDF_PURPOSE,
        )
        setattr(document, f"file_{lang}", file)
    document.sha256 = document.file_zh.sha256
    document.save()
    record(
        "documents.document.issued",
        actor=actor,
        subject=document,
        after={
            "number": document.number,
            "sha256_zh": document.file_zh.sha256,
            "sha256_en": document.file_en.sha256,
        },
        decision=True,
    )
    return document


def _heading(document: Document, day: dt.date) -> dict[str, Any]:
    """Return what the frame of the paper prints."""
    unit = document.unit
    days = {}
    for lang, language in (("zh", "zh-hans"), ("en", "en")):
        with translation.override(language):
            days[lang] = format_date(day)
    return {
        "number": document.number,
        "title_zh": document.title_zh,
        "title_en": document.title_en or document.title_zh,
        "unit": {"zh": unit.name_zh, "en": unit.name_en},
        "day_zh": days["zh"],
        "day_en": days["en"],
        "demo": bool(settings.COTUTELLE_DEMO),
    }


def check_link(document: Document) -> str:
    """Return the absolute address of the public check of ``document``."""
    base = setting("COTUTELLE_BASE_URL").rstrip("/") or "http://127.0.0.1:8000"
    return base + reverse("documents:verify", args=[document.public_id])


@transaction.atomic
def take_number(code: str, year: int) -> str:
    """Return the next number of ``code`` in ``year``; others wait until this is committed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO documents_numberseries (year, code, last) VALUES (%s, %s, 1) "
            "ON CONFLICT (year, code) DO UPDATE SET last = documents_numberseries.last + 1 "
            "RETURNING last",
            [year, code],
        )
        (last,) = cursor.fetchone()
    return f"{year}-{code}-{last:04}"


@transaction.atomic
def archive_scan(document: Document, upload: Any, *, actor: Person) -> Document:
    """
    Keep the scan of the signed and sealed sheet: "paper archived".

    Raises
    ------
    RuleViolation
        ``document.state``: archived or void already; those of `store_file`.
    """
    check(actor, "documents.archive_document", document)
    scan: StoredFile = store_file(upload, actor=actor, unit=document.unit, purpose=SCAN_PURPOSE)
    _move(
        document,
        DocumentState.ARCHIVED,
        (DocumentState.ISSUED,),
        scan=scan,
        archived_at=now(),
    )
    record(
        "documents.document.archived",
        actor=actor,
        subject=document,
        after={"sha256_scan": scan.sha256},
    )
    return document


@transaction.atomic
def void_document(document: Document, *, reason: str, actor: Person) -> Document:
    """
    Declare a paper void; its number is never used again and the public check says so.

    Raises
    ------
    RuleViolation
        ``document.reason``: no reason; ``document.state``: void already.
    """
    check(actor, "documents.void_document", document)
    text = reason.strip()
    if not text:
        raise RuleViolation("document.reason", _("Say why the paper is void."), field="reason")
    before = document.state
    _move(
        document,
        DocumentState.VOID,
        (DocumentState.ISSUED, DocumentState.ARCHIVED),
        void_reason=text,
    )
    record(
        "documents.document.voided",
        actor=actor,
        subject=document,
        before={"state": str(before)},
        after={"state": DocumentState.VOID.value, "reason": text},
        decision=True,
    )
    return document


def forget_contents(documents: Iterable[Document]) -> None:
    """
    Remove what papers about somebody who is forgotten say, once this is committed.

    That they were issued stays, with number and digest: whoever holds one still finds it real.
    """
    for document in documents:
        for file in (document.file_zh, document.file_en, document.scan):
            if file is not None:
                transaction.on_commit(partial(storage.remove, file.sha256))


def _move(
    document: Document, state: DocumentState, before: tuple[DocumentState, ...], **values: Any
) -> None:
    changed = Document.objects.filter(pk=document.pk, state__in=before).update(
        state=state, **values
    )
    if not changed:
        raise RuleViolation("document.state", _("The state of this paper does not allow this."))
    document.refresh_from_db()
