"""The inbox and how one is told."""

from __future__ import annotations

import uuid
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cotutelle.core.access import SIGNED_IN, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import uuids
from cotutelle.notices.forms import ChannelsForm
from cotutelle.notices.models import Notice
from cotutelle.notices.queries import inbox_of, unread_count
from cotutelle.notices.services import choose_channels, mark_all_read, mark_read
from cotutelle.people.models import Person
from cotutelle.ui.listing import Listing, Sort, Toggle


def _person(request: HttpRequest) -> Person:
    return cast(Person, request.user)


@requires(SIGNED_IN)
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    listing = Listing(
        request.GET,
        inbox_of(_person(request)),
        sorts=[
            Sort("new", _("newest first"), ["-created_at", "-id"]),
            Sort("old", _("oldest first"), ["created_at", "id"]),
        ],
        toggles=[
            Toggle("unread", _("Only unread"), lambda rows: rows.filter(read_at__isnull=True))
        ],
    )
    unread = unread_count(_person(request))
    return render(request, "notices/inbox.html", {"listing": listing, "unread": unread})


@requires(SIGNED_IN)
@require_POST
def inbox_mark_read(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    if request.POST.get("do") == "all":
        changed = mark_all_read(actor=person)
    else:
        changed = mark_read(_picked(request), actor=person)
    messages.success(
        request,
        ngettext("%(n)d notice marked as read.", "%(n)d notices marked as read.", changed)
        % {"n": changed},
    )
    return redirect("notices:inbox")


def _picked(request: HttpRequest) -> list[Notice]:
    picked = uuids(request.POST.getlist("pick"))
    return list(inbox_of(_person(request)).filter(public_id__in=picked))


@requires(SIGNED_IN)
@require_safe
def notice_open(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    notice = _find(request, public_id)
    mark_read([notice], actor=_person(request))
    if notice.url and url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None):
        return redirect(notice.url)
    return redirect("notices:notice", public_id)


@requires(SIGNED_IN)
@require_safe
def notice_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    notice = _find(request, public_id)
    mark_read([notice], actor=_person(request))
    link = request.build_absolute_uri(notice.url) if notice.url.startswith("/") else ""
    text = "\n".join(part for part in (notice.title, notice.body, link) if part)
    return render(request, "notices/notice.html", {"notice": notice, "text": text})


def _find(request: HttpRequest, public_id: uuid.UUID) -> Notice:
    return get_object_or_404(inbox_of(_person(request)), public_id=public_id)


@requires(SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def notice_settings(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    form = ChannelsForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        try:
            choose_channels(person, form.cleaned_data, actor=person)
        except RuleViolation as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("notices:settings")
    return render(request, "notices/settings.html", {"form": form})
