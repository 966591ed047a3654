"""A holder's certificates: what they have, in every form in which they can give it away."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cotutelle.core.access import SIGNED_IN, requires
from cotutelle.core.canonical import canonical
from cotutelle.credentials.enums import CredentialKind
from cotutelle.credentials.models import Credential
from cotutelle.credentials.queries.bundles import bundle_of
from cotutelle.credentials.queries.credentials import credentials_visible_to
from cotutelle.credentials.queries.shares import live, shares_of
from cotutelle.credentials.services.papers import badge_of, issue_paper
from cotutelle.credentials.views.words import STATE_KINDS
from cotutelle.files.views import file_response
from cotutelle.ledger.models import Leaf
from cotutelle.ledger.queries.standing import heads, place_of
from cotutelle.people.views.common import actor_of
from cotutelle.ui.downloads import attachment


@requires(SIGNED_IN)
@require_safe
def my_certificates(request: HttpRequest) -> HttpResponse:
    person = actor_of(request)
    rows = Credential.objects.filter(person=person, kind=CredentialKind.ACHIEVEMENT)
    rows = rows.select_related(
        "unit", "award__achievement", "award__stay__ward", "document"
    ).order_by("-id")
    places = {
        leaf.entry_id: leaf
        for leaf in Leaf.objects.filter(entry__in=rows.values("entry")).select_related("shard")
    }
    reached = heads()
    cards = [
        {
            "credential": one,
            "kind": STATE_KINDS[one.state],
            "place": place_of(places.get(one.entry_id), reached),
        }
        for one in rows
    ]
    context = {"cards": cards, "open_links": live(shares_of(person)).count()}
    return render(request, "credentials/my_certificates.html", context)


@requires("credentials.view_credential")
@require_safe
def bundle(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    found = _credential(request, public_id)
    content = bundle_of(found)
    if content is None:
        return redirect("credentials:my-certificates")
    name = f"{_file_name(found)}.cotutelle.json"
    return attachment(canonical(content), name, "application/json")


@requires("credentials.view_credential")
@require_POST
def paper(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    document = issue_paper(_credential(request, public_id), actor=actor_of(request))
    copy = document.file_zh if (get_language() or "zh").startswith("zh") else document.file_en
    return file_response(copy)  # type: ignore[return-value]  # a streaming answer


@requires("credentials.view_credential")
@require_safe
def badge(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    found = _credential(request, public_id)
    return attachment(badge_of(found), f"{_file_name(found)}.png", "image/png")


def _credential(request: HttpRequest, public_id: uuid.UUID) -> Credential:
    return get_object_or_404(credentials_visible_to(actor_of(request)), public_id=public_id)


def _file_name(credential: Credential) -> str:
    return credential.display_name or _("Certificate")
