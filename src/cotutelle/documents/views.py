"""Numbered papers, and the public page on which anybody checks one."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cotutelle.core.access import PUBLIC, requires, why_not
from cotutelle.core.errors import RuleViolation
from cotutelle.documents.enums import DocumentState
from cotutelle.documents.forms import CompareForm, ScanForm, VoidForm
from cotutelle.documents.kinds import known_kinds, label_of
from cotutelle.documents.models import Document
from cotutelle.documents.queries import copy_with, public_document, visible_to
from cotutelle.documents.services import archive_scan, check_link, void_document
from cotutelle.files.views import file_response
from cotutelle.ledger.queries import history_of
from cotutelle.people.models import Person
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort

STATE_KINDS = {
    DocumentState.ISSUED: "due",
    DocumentState.ARCHIVED: "ok",
    DocumentState.VOID: "late",
}


def _person(request: HttpRequest) -> Person:
    return cast(Person, request.user)


def _find(request: HttpRequest, public_id: uuid.UUID) -> Document:
    return get_object_or_404(visible_to(_person(request)), public_id=public_id)


@requires("documents.view_document")
@require_safe
def document_list(request: HttpRequest) -> HttpResponse:
    listing = Listing(
        request.GET,
        visible_to(_person(request)),
        sorts=[
            Sort("new", _("newest first"), ["-issued_at", "-id"]),
            Sort("number", _("number"), ["number"]),
        ],
        choices=[
            Choice("kind", _("Kind"), [(k, label_of(k)) for k in sorted(known_kinds())], "kind"),
            Choice("state", _("State"), DocumentState.choices, "state"),
        ],
        search=Search(("number", "title_zh", "title_en"), _("Number or title")),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt)
    rows = [
        {"document": d, "label": label_of(d.kind), "kind": STATE_KINDS[DocumentState(d.state)]}
        for d in listing.rows
    ]
    return render(request, "documents/document_list.html", {"listing": listing, "rows": rows})


def _table(listing: Listing[Document]) -> Table:
    return Table(
        title=_("Documents"),
        columns=[
            Out(_("Number"), lambda d: d.number),
            Out(_("Title"), lambda d: d.display_name),
            Out(_("Kind"), lambda d: label_of(d.kind)),
            Out(_("Unit"), lambda d: d.unit.display_name),
            Out(_("State"), lambda d: str(DocumentState(d.state).label)),
            Out(_("Issued on"), lambda d: d.issued_at, "datetime"),
            Out(_("Issued by"), lambda d: d.issued_by.display_name),
            Out("SHA-256", lambda d: d.sha256),
        ],
        rows=listing.all_rows,
    )


@requires("documents.view_document")
@require_safe
def document_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    document = _find(request, public_id)
    state = DocumentState(document.state)
    context = {
        "document": document,
        "label": label_of(document.kind),
        "state_kind": STATE_KINDS[state],
        "check_link": check_link(document),
        "may_archive": state == DocumentState.ISSUED
        and why_not(request.user, "documents.archive_document", document) is None,
        "may_void": state != DocumentState.VOID
        and why_not(request.user, "documents.void_document", document) is None,
        "entries": history_of(document),
    }
    return render(request, "documents/document.html", context)


@requires("documents.view_document")
@require_safe
def document_download(request: HttpRequest, public_id: uuid.UUID, copy: str) -> HttpResponse:
    document = _find(request, public_id)
    copies = {"zh": document.file_zh, "en": document.file_en, "scan": document.scan}
    file = copies.get(copy)
    if file is None:
        raise Http404
    end = file.name.rsplit(".", 1)[-1]
    name = f"{document.number}-{copy}.{end}"
    return cast(HttpResponse, file_response(file, name=name))


@requires("documents.archive_document")
@require_http_methods(["GET", "HEAD", "POST"])
def document_archive(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    document = _find(request, public_id)
    form = ScanForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            archive_scan(document, form.cleaned_data["upload"], actor=_person(request))
        except RuleViolation as error:
            if not error.code.startswith("file."):
                raise
            form.add_error("upload", str(error))
        else:
            messages.success(request, _("The sealed paper is archived."))
            return redirect("documents:document", public_id)
    context = {"form": form, "document": document, "submit_label": _("Archive the sealed paper")}
    return render(request, "documents/archive.html", _with_way_back(context, document))


@requires("documents.void_document")
@require_http_methods(["GET", "HEAD", "POST"])
def document_void(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    document = _find(request, public_id)
    form = VoidForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        void_document(document, reason=form.cleaned_data["reason"], actor=_person(request))
        messages.success(request, _("The paper is void. The public check says so from now on."))
        return redirect("documents:document", public_id)
    context = {
        "form": form,
        "title": _("Declare %(number)s void") % {"number": document.number},
        "says": _("The public check will say that this paper is void. The number is never reused."),
        "undo": _("This cannot be undone: issue a new paper if this one was right after all."),
        "button": _("Declare the paper void"),
    }
    return render(request, "ui/confirm.html", _with_way_back(context, document))


def _with_way_back(context: dict[str, Any], document: Document) -> dict[str, Any]:
    return context | {"cancel_url": reverse("documents:document", args=[document.public_id])}


@requires(PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def document_verify(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    document = public_document(public_id)
    if document is None:
        return render(request, "documents/verify.html", {"document": None}, status=404)
    form = CompareForm(request.POST or None, request.FILES or None)
    found = ""
    compared = False
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["upload"]
        if upload.size > settings.COTUTELLE_UPLOAD_MAX_BYTES:
            form.add_error("upload", _("This file is too large to be one of ours."))
        else:
            compared, found = True, copy_with(document, _fingerprint(upload))
    context = {
        "document": document,
        "label": label_of(document.kind),
        "state_kind": STATE_KINDS[DocumentState(document.state)],
        "form": form,
        "compared": compared,
        "found": found,
    }
    return render(request, "documents/verify.html", context)


def _fingerprint(upload: UploadedFile[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    return digest.hexdigest()
