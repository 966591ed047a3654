"""Links and transcripts: the holder chooses what an outsider sees, and for how long."""

from __future__ import annotations

import uuid
from typing import Any

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from cotutelle.core.access import SIGNED_IN, requires
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.enums import CredentialKind, CredentialState
from cotutelle.credentials.forms.holder import ShareForm
from cotutelle.credentials.models import Credential, Share
from cotutelle.credentials.queries.shares import shares_of
from cotutelle.credentials.services.papers import verify_link
from cotutelle.credentials.services.shares import end_share, make_share
from cotutelle.credentials.services.transcripts import make_transcript
from cotutelle.ledger.queries.record import events, record_of
from cotutelle.people.models import Person
from cotutelle.people.views.common import actor_of


@requires(SIGNED_IN)
@require_safe
def share_list(request: HttpRequest) -> HttpResponse:
    rows = [{"share": one, **_standing(one)} for one in shares_of(actor_of(request))]
    return render(request, "credentials/share_list.html", {"rows": rows})


@requires(SIGNED_IN)
@require_safe
def share_detail(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    share = _share(request, public_id)
    link = verify_link(share)
    context = {
        "share": share,
        "link": link,
        "code": segno.make(link, error="m").svg_data_uri(border=1, scale=4),
        **_standing(share),
    }
    return render(request, "credentials/share_detail.html", context)


@requires(SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def share_new(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    person = actor_of(request)
    own = Credential.objects.filter(person=person).exclude(body="")
    credential = get_object_or_404(own, public_id=public_id)
    form = ShareForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            share = make_share(credential, actor=person, **form.cleaned_data)
        except RuleViolation as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            return redirect("credentials:share", share.public_id)
    context = {
        "credential": credential,
        "form": form,
        "submit_label": _("Make the link"),
        "cancel_url": reverse("credentials:my-certificates"),
    }
    return render(request, "credentials/share_new.html", context)


@requires(SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def transcript_new(request: HttpRequest) -> HttpResponse:
    person = actor_of(request)
    certificates = list(_certificates(person))
    record = [one for one in events(record_of(person, reader=person)) if one.seq is not None]
    record.sort(key=lambda one: one.seq or 0)
    form = ShareForm(request.POST or None)
    chosen = set(request.POST.getlist("certificate"))
    asked = set(request.POST.getlist("event"))
    shown = [one.seq for one in record if one.seq is not None and str(one.seq) in asked]
    if request.method == "POST" and form.is_valid():
        try:
            share = make_transcript(
                person,
                credentials=[one for one in certificates if str(one.public_id) in chosen],
                shown=shown,
                actor=person,
                **form.cleaned_data,
            )
        except RuleViolation as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            return redirect("credentials:share", share.public_id)
    first = request.method != "POST"
    told = {one.entry.pk for one in record}
    context: dict[str, Any] = {
        "form": form,
        "certificates": [
            (one, one.entry_id in told if first else str(one.public_id) in chosen)
            for one in certificates
        ],
        "events": [(one, first or one.seq in shown) for one in record if not one.is_erased],
        "count": len(record),
        "erased": sum(one.is_erased for one in record),
    }
    return render(request, "credentials/transcript_new.html", context)


@requires(SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def share_end(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    share = _share(request, public_id)
    if request.method == "POST":
        end_share(share, actor=actor_of(request))
        messages.success(request, _("The link has ended."))
        return redirect("credentials:shares")
    says = _("Whoever opens the link from now on reads that it has ended.")
    if share.is_paper:
        says = _(
            "The code on the printed certificate will no longer open anything. The file inside "
            "the PDF can still be checked."
        )
    context = {
        "title": _("End the link"),
        "says": says,
        "button": _("End the link"),
        "cancel_url": reverse("credentials:shares"),
    }
    return render(request, "ui/confirm.html", context)


def _certificates(person: Person) -> Any:
    rows = Credential.objects.filter(person=person, kind=CredentialKind.ACHIEVEMENT)
    rows = rows.exclude(state=CredentialState.REVOKED).exclude(body="")
    return rows.select_related("unit", "entry", "award__stay__ward").order_by("id")


def _share(request: HttpRequest, public_id: uuid.UUID) -> Share:
    return get_object_or_404(shares_of(actor_of(request)), public_id=public_id)


def _standing(share: Share) -> dict[str, Any]:
    """Return whether a link opens something, as a badge."""
    if share.ended_at:
        return {"is_open": False, "state_kind": "wait", "state_label": pgettext("link", "Ended")}
    if share.expires_at and share.expires_at <= now():
        return {"is_open": False, "state_kind": "wait", "state_label": pgettext("link", "Expired")}
    return {"is_open": True, "state_kind": "ok", "state_label": pgettext("link", "Open")}
