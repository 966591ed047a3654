"""Standing in for somebody (代办)."""

from __future__ import annotations

import uuid
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cotutelle.core.access import SIGNED_IN, requires, why_not
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.actions import label
from cotutelle.people.models import Person
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.workflow.enums import ProxyState
from cotutelle.workflow.forms import ObjectionForm, ProxyForm
from cotutelle.workflow.models import ProxyAuthorisation
from cotutelle.workflow.queries import acts_visible_to, proxies_visible_to
from cotutelle.workflow.services import authorise, object_to_act, revoke_authorisation


def _person(request: HttpRequest) -> Person:
    return cast(Person, request.user)


@requires(SIGNED_IN)
@require_safe
def proxy_list(request: HttpRequest) -> HttpResponse:
    listing = Listing(
        request.GET,
        proxies_visible_to(_person(request)),
        sorts=[
            Sort("new", _("newest first"), ["-id"]),
            Sort("end", _("last day"), ["ends_on", "id"]),
            Sort("who", _("on behalf of"), ["principal__name_sort", "id"]),
        ],
        choices=[Choice("state", _("State"), ProxyState.choices, "state")],
        search=Search(("principal__search_text", "agent__search_text"), _("Name of either person")),
    )
    day = today()
    rows = [
        {
            "proxy": proxy,
            "holds": proxy.holds_on(day),
            "may_revoke": proxy.state == ProxyState.ACTIVE
            and why_not(request.user, "workflow.revoke_proxy", proxy) is None,
        }
        for proxy in listing.rows
    ]
    return render(request, "workflow/proxy_list.html", {"listing": listing, "rows": rows})


@requires("workflow.create_proxy")
@require_http_methods(["GET", "HEAD", "POST"])
def proxy_new(request: HttpRequest) -> HttpResponse:
    form = ProxyForm(request.POST or None, request.FILES or None, actor=_person(request))
    if request.method == "POST" and form.is_valid():
        try:
            authorise(**form.cleaned_data, actor=_person(request))
        except RuleViolation as error:
            field = "document" if error.field == "file" else error.field
            form.add_error(field if field in form.fields else None, str(error))
        else:
            messages.success(request, _("The authorisation is in force; both people were told."))
            return redirect("workflow:proxies")
    context = {
        "form": form,
        "submit_label": _("Record the authorisation"),
        "cancel_url": reverse("workflow:proxies"),
    }
    return render(request, "workflow/proxy_new.html", context)


@requires("workflow.revoke_proxy")
@require_http_methods(["GET", "HEAD", "POST"])
def proxy_revoke(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    proxy: ProxyAuthorisation = get_object_or_404(
        proxies_visible_to(_person(request)), public_id=public_id
    )
    if request.method == "POST":
        revoke_authorisation(proxy, actor=_person(request))
        messages.success(request, _("The authorisation was revoked; both people were told."))
        return redirect("workflow:proxies")
    names = {"agent": proxy.agent.display_name, "principal": proxy.principal.display_name}
    context = {
        "title": _("Revoke the authorisation"),
        "says": _("%(agent)s can no longer act for %(principal)s from this moment.") % names,
        "undo": _("What was done before stays. A new authorisation needs a new signed paper."),
        "button": _("Revoke the authorisation"),
        "cancel_url": reverse("workflow:proxies"),
    }
    return render(request, "ui/confirm.html", context)


@requires(SIGNED_IN)
@require_safe
def act_list(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    listing = Listing(
        request.GET,
        acts_visible_to(person),
        sorts=[Sort("new", _("newest first"), ["-id"]), Sort("old", _("oldest first"), ["id"])],
    )
    rows = [
        {
            "act": act,
            "label": label(act.action),
            "may_object": act.may_be_objected and act.authorisation.principal_id == person.pk,
        }
        for act in listing.rows
    ]
    return render(request, "workflow/act_list.html", {"listing": listing, "rows": rows})


@requires("workflow.object_to_act")
@require_http_methods(["GET", "HEAD", "POST"])
def act_object(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    act = get_object_or_404(acts_visible_to(_person(request)), public_id=public_id)
    form = ObjectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            object_to_act(act, actor=_person(request), **form.cleaned_data)
        except RuleViolation as error:
            if error.status == 403:  # noqa: PLR2004
                raise
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, _("Your objection was recorded and passed on."))
            return redirect("workflow:acts")
    context = {
        "form": form,
        "act": act,
        "label": label(act.action),
        "submit_label": _("Object to this act"),
        "cancel_url": reverse("workflow:acts"),
    }
    return render(request, "workflow/act_object.html", context)
