"""The list of people, and the page of each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import requires
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import uuids
from cotutelle.institutions.enums import INSTITUTION_KINDS
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import below
from cotutelle.ledger.queries import history_of
from cotutelle.people import queries, services
from cotutelle.people.enums import Role
from cotutelle.people.forms import EraseForm, PersonForm
from cotutelle.people.models import Person
from cotutelle.people.services.persons import FIELDS
from cotutelle.people.views.common import (
    actor_of,
    may,
    person_tabs,
    saved_view_context,
    visible_person,
)
from cotutelle.ui.downloads import FORMATS, download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation


def _by_unit(rows: Any, value: str) -> Any:
    unit = Unit.objects.filter(public_id=value).first()
    return rows.filter(below(unit)) if unit else rows.none()


def _listing(request: HttpRequest) -> Listing[Person]:
    seen = queries.units_seen_by(actor_of(request))
    institutions = seen.filter(kind__in=INSTITUTION_KINDS).order_by("path")
    return Listing(
        request.GET,
        queries.with_roles(queries.visible_to(actor_of(request)).filter(erased_at=None)),
        sorts=[
            Sort("name", _("name"), ["name_sort", "id"]),
            Sort("number", pgettext("person", "number"), ["number", "id"]),
            Sort("newest", _("newest first"), ["-id"]),
        ],
        choices=[
            Choice("role", _("Role"), Role.choices, apply=queries.holding),
            Choice(
                "unit",
                _("Institution"),
                [(str(u.public_id), u.display_name) for u in institutions],
                apply=_by_unit,
            ),
            Choice(
                "state",
                _("Sign-in"),
                [("True", _("May sign in")), ("False", _("Sign-in closed"))],
                lookup="is_active",
            ),
        ],
        search=Search((), _("Name, pinyin or number"), apply=queries.search),
    )


@requires("people.view_people")
def people(request: HttpRequest) -> HttpResponse:
    listing = _listing(request)
    fmt = request.GET.get("format")
    if fmt in FORMATS:
        return download(request, Table(_("People"), _columns(), listing.all_rows), fmt)
    return render(
        request,
        "people/person_list.html",
        {
            "listing": listing,
            "bulk_url": reverse("people:bulk"),
            "may_change": may(request, "people.change_person"),
            **saved_view_context(request, listing),
        },
    )


def _columns() -> list[Out]:
    return [
        Out(_("Staff or student number"), lambda p: p.number),
        Out(pgettext("person", "Chinese name"), lambda p: p.name_zh),
        Out(pgettext("person", "English name"), lambda p: p.name_en),
        Out(_("Unit"), lambda p: p.unit.display_name if p.unit else ""),
        Out(_("Roles"), lambda p: _(", ").join(_role_names(p))),
        Out(_("E-mail"), lambda p: p.email),
        Out(_("Telephone"), lambda p: p.phone),
        Out(_("May sign in"), lambda p: _("Yes") if p.is_active else _("No")),
    ]


def _role_names(person: Any) -> list[str]:
    return list(dict.fromkeys(str(Role(g.role).label) for g in person.grants_today))


@requires("people.view_person")
def person(request: HttpRequest, public_id: UUID) -> HttpResponse:
    shown = visible_person(request, public_id)
    return render(
        request,
        "people/person_detail.html",
        {
            "shown": shown,
            "tab_items": person_tabs(shown, "overview"),
            "grants": [g for g in queries.grants_of(shown) if g.is_active_on(today())],
            **_actions(request, shown),
        },
    )


@requires("people.view_person")
def person_history(request: HttpRequest, public_id: UUID) -> HttpResponse:
    shown = visible_person(request, public_id)
    return render(
        request,
        "people/person_history.html",
        {
            "shown": shown,
            "tab_items": person_tabs(shown, "history"),
            "entries": history_of(shown),
            **_actions(request, shown),
        },
    )


def _actions(request: HttpRequest, shown: Person) -> dict[str, bool]:
    return {
        "may_change": may(request, "people.change_person", shown) and not shown.erased_at,
        "may_export": may(request, "people.export_person", shown),
        "may_remove_factor": may(request, "people.remove_second_factor", shown)
        and is_mfa_enabled(shown),
        "may_erase": may(request, "people.erase_person", shown)
        and shown != request.user
        and not shown.erased_at,
    }


@requires("people.change_person")
def person_create(request: HttpRequest) -> HttpResponse:
    form = PersonForm(request.POST or None, units=queries.staffed_units(actor_of(request)))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_person(actor=actor_of(request), **form.cleaned_data)
        except RuleViolation as error:
            show_violation(form, error)
        else:
            messages.success(request, _("%(name)s has been added.") % {"name": made.display_name})
            return redirect("people:person", made.public_id)
    return render(
        request,
        "people/person_form.html",
        {
            "form": form,
            "title": _("Add a person"),
            "submit_label": _("Add the person"),
            "cancel_url": reverse("people:people"),
        },
    )


@requires("people.change_person")
def person_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    shown = visible_person(request, public_id)
    initial: dict[str, Any] = {name: getattr(shown, name) for name in FIELDS}
    initial["unit"] = shown.unit.public_id if shown.unit else None
    form = PersonForm(
        request.POST or None, initial=initial, units=queries.staffed_units(actor_of(request))
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.change_person(shown, actor=actor_of(request), **form.cleaned_data)
        except RuleViolation as error:
            show_violation(form, error)
        else:
            messages.success(request, _("The record has been saved."))
            return redirect("people:person", shown.public_id)
    return render(
        request,
        "people/person_form.html",
        {
            "form": form,
            "title": _("Change the record of %(name)s") % {"name": shown.display_name},
            "submit_label": _("Save the record"),
            "cancel_url": reverse("people:person", args=[shown.public_id]),
        },
    )


@requires("people.change_person")
@require_POST
def people_bulk(request: HttpRequest) -> HttpResponse:
    """Close or open sign-in for the picked people: first what it does, then the doing."""
    opening = request.POST.get("action") == "reactivate"
    wanted = uuids(request.POST.getlist("pick"))
    picked = list(queries.visible_to(actor_of(request)).filter(public_id__in=wanted))
    if not picked:
        messages.warning(request, _("Nobody was selected. Nothing has been changed."))
        return redirect("people:people")
    if "confirm" in request.POST:
        change = services.reactivate_people if opening else services.deactivate_people
        done = change(picked, actor=actor_of(request))
        messages.success(request, _bulk_done(done, opening=opening))
        return redirect("people:people")
    return render(
        request,
        "people/bulk_confirm.html",
        {
            "title": _("Open sign-in again") if opening else _("Close sign-in"),
            "says": _("They can sign in again with their password.")
            if opening
            else _("They are signed out and cannot sign in. Their data and roles stay."),
            "undo": _("You can undo this in the same list."),
            "button": _bulk_button(len(picked), opening=opening),
            "picked": picked,
            "action": "reactivate" if opening else "deactivate",
            "cancel_url": reverse("people:people"),
        },
    )


def _bulk_button(count: int, *, opening: bool) -> str:
    if opening:
        text = ngettext("Open sign-in for %(n)d person", "Open sign-in for %(n)d people", count)
    else:
        text = ngettext("Close sign-in for %(n)d person", "Close sign-in for %(n)d people", count)
    return text % {"n": count}


def _bulk_done(count: int, *, opening: bool) -> str:
    if opening:
        text = ngettext(
            "Sign-in is open again for %(n)d person.",
            "Sign-in is open again for %(n)d people.",
            count,
        )
    else:
        text = ngettext(
            "Sign-in is closed for %(n)d person.", "Sign-in is closed for %(n)d people.", count
        )
    return text % {"n": count}


@requires("people.export_person")
def person_export(request: HttpRequest, public_id: UUID) -> HttpResponse:
    shown = visible_person(request, public_id)
    if request.method == "POST":
        packed = services.export_person(shown, actor=actor_of(request))
        response = HttpResponse(packed, content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="person-{shown.public_id}.zip"'
        return response
    return render(
        request,
        "ui/confirm.html",
        {
            "title": _("Take out all data of %(name)s") % {"name": shown.display_name},
            "says": _(
                "You get a zip file with everything this system knows about the person, as JSON. "
                "Keep it as safe as the record itself."
            ),
            "undo": _("The history notes that the data were taken out."),
            "button": _("Download the data"),
            "cancel_url": reverse("people:person", args=[shown.public_id]),
        },
    )


@requires("people.erase_person")
def person_erase(request: HttpRequest, public_id: UUID) -> HttpResponse:
    shown = visible_person(request, public_id)
    form = EraseForm(request.POST or None, person=shown)
    if request.method == "POST" and form.is_valid():
        try:
            services.erase_person(shown, actor=actor_of(request))
        except RuleViolation as error:
            show_violation(form, error)
        else:
            messages.success(request, _("The data have been erased."))
            return redirect("people:people")
    return render(
        request,
        "ui/confirm.html",
        {
            "title": _("Erase the data of %(name)s") % {"name": shown.display_name},
            "says": _(
                "Name, number, addresses, sign-in and roles are removed, and the values in the "
                "history are destroyed. That something happened stays, without the name."
            ),
            "undo": _(
                "This cannot be undone. Take the data out first if they are owed to anybody."
            ),
            "button": _("Erase the data of this person"),
            "form": form,
            "cancel_url": reverse("people:person", args=[shown.public_id]),
        },
    )
