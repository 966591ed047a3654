"""Pages about cohorts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cotutelle.core.access import check, requires, why_not
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.queries import history_of
from cotutelle.people.views.common import actor_of
from cotutelle.programmes import queries, services
from cotutelle.programmes.enums import AdmissionState, Route
from cotutelle.programmes.forms import CohortForm
from cotutelle.programmes.models import Cohort
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Listing, Search, Sort
from cotutelle.ui.violations import show_violation


@requires("programmes.view_students")
def cohort_list(request: HttpRequest) -> HttpResponse:
    listing: Listing[Cohort] = Listing(
        request.GET,
        queries.cohorts_visible_to(actor_of(request)),
        sorts=[
            Sort("year", _("newest first"), ["-year", "name_zh", "id"]),
            Sort("name", pgettext("of a thing", "name"), ["name_zh", "id"]),
        ],
        search=Search(("name_zh", "name_en", "unit__name_zh", "unit__name_en"), _("Name or unit")),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Year"), lambda c: c.year, "number"),
            Out(pgettext("of a thing", "Name"), lambda c: c.display_name),
            Out(_("Unit"), lambda c: c.unit.display_name),
            Out(_("Students"), lambda c: c.count, "number"),
        ]
        return download(request, Table(_("Cohorts"), columns, listing.all_rows), fmt)
    may = why_not(actor_of(request), "programmes.manage_cohort") is None
    return render(request, "programmes/cohort_list.html", {"listing": listing, "may_manage": may})


@requires("programmes.view_students")
def cohort(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.cohorts_visible_to(actor_of(request)), public_id=public_id)
    tab = request.GET.get("tab", "overview")
    rows = queries.staff_list(actor_of(request)).filter(cohort=found).order_by()
    by_route: dict[str, dict[str, int]] = {}
    for route, state, n in rows.values_list("route", "state").annotate(n=Count("id")):
        by_route.setdefault(route, {})[state] = n
    manages = why_not(actor_of(request), "programmes.manage_cohort", found) is None
    tabs = [("overview", _("Overview"))] + ([("history", _("History"))] if manages else [])
    return render(
        request,
        "programmes/cohort.html",
        {
            "cohort": found,
            "tab": tab,
            "tab_items": [
                {"label": label, "url": f"?tab={key}", "current": key == tab} for key, label in tabs
            ],
            "states": list(AdmissionState),
            "counts": _counts(by_route),
            "may_manage": manages,
            "entries": history_of(found) if manages and tab == "history" else [],
        },
    )


def _counts(by_route: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    return [
        {
            "route": route,
            "label": Route(route).label,
            "cells": [(state.label, by_route[route].get(state, 0)) for state in AdmissionState],
            "total": sum(by_route[route].values()),
        }
        for route in Route.values
        if route in by_route
    ]


@requires("programmes.manage_cohort")
def cohort_new(request: HttpRequest) -> HttpResponse:
    form = CohortForm(request.POST or None, actor=actor_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_cohort(**form.cleaned_data, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Cohort created. Import its students next."))
            return redirect("programmes:cohort", made.public_id)
    return _form(request, form, _("New cohort"), _("Create cohort"), reverse("programmes:cohorts"))


@requires("programmes.manage_cohort")
def cohort_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.cohorts_visible_to(actor_of(request)), public_id=public_id)
    check(actor_of(request), "programmes.manage_cohort", found)
    initial = {"year": found.year, "name_zh": found.name_zh, "name_en": found.name_en}
    form = CohortForm(request.POST or None, actor=actor_of(request), editing=True, initial=initial)
    here = reverse("programmes:cohort", args=[found.public_id])
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_cohort(found, **form.cleaned_data, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Cohort saved."))
            return redirect(here)
    return _form(request, form, _("Edit cohort"), _("Save cohort"), here)


def _form(
    request: HttpRequest, form: CohortForm, title: str, submit_label: str, cancel_url: str
) -> HttpResponse:
    context = {"form": form, "title": title, "submit_label": submit_label, "cancel_url": cancel_url}
    return render(request, "programmes/form.html", context)
