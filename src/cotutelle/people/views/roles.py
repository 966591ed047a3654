"""Roles: of one person, and all of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import requires
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.people import queries, services
from cotutelle.people.enums import Role
from cotutelle.people.forms import GrantForm
from cotutelle.people.models import RoleGrant
from cotutelle.people.rules import GRANTING_ROLES
from cotutelle.people.validators import fold
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


def _by_state(rows: Any, value: str) -> Any:
    day = today()
    if value == "ended":
        return rows.filter(ends_on__lt=day)
    if value == "coming":
        return rows.filter(starts_on__gt=day)
    return queries.active(rows)


def _search(rows: Any, text: str) -> Any:
    for word in fold(text).split():
        rows = rows.filter(
            Q(person__search_text__contains=word)
            | Q(unit__name_zh__icontains=word)
            | Q(unit__name_en__icontains=word)
        )
    return rows


@requires("people.grant_role")
def roles(request: HttpRequest) -> HttpResponse:
    listing: Listing[RoleGrant] = Listing(
        request.GET,
        queries.grants_visible_to(actor_of(request)),
        sorts=[
            Sort("person", _("name"), ["person__name_sort", "id"]),
            Sort("newest", _("newest first"), ["-id"]),
        ],
        choices=[
            Choice("role", _("Role"), Role.choices, lookup="role"),
            Choice(
                "state",
                _("Period"),
                [("now", _("Held today")), ("coming", _("Not begun")), ("ended", _("Ended"))],
                apply=_by_state,
            ),
        ],
        search=Search((), _("Person or unit"), apply=_search),
    )
    fmt = request.GET.get("format")
    if fmt in FORMATS:
        return download(request, Table(_("Roles"), _columns(), listing.all_rows), fmt)
    context = {"listing": listing, "today": today(), **saved_view_context(request, listing)}
    return render(request, "people/role_list.html", context)


def _columns() -> list[Out]:
    return [
        Out(_("Person"), lambda g: g.person.display_name),
        Out(_("Staff or student number"), lambda g: g.person.number),
        Out(_("Role"), lambda g: Role(g.role).label),
        Out(_("Unit"), lambda g: g.unit.display_name),
        Out(_("First day"), lambda g: g.starts_on, "date"),
        Out(_("Last day"), lambda g: g.ends_on, "date"),
    ]


@requires("people.view_person")
def person_roles(request: HttpRequest, public_id: UUID) -> HttpResponse:
    shown = visible_person(request, public_id)
    grantable = [g.unit for g in actor_of(request).active_grants if g.role in GRANTING_ROLES]
    rows = [
        {
            "grant": grant,
            "role": Role(grant.role).label,
            "active": grant.is_active_on(today()),
            "may_end": (grant.ends_on is None or grant.ends_on >= today())
            and any(grant.unit.path.startswith(u.path) for u in grantable),
        }
        for grant in queries.grants_of(shown)
    ]
    return render(
        request,
        "people/person_roles.html",
        {
            "shown": shown,
            "tab_items": person_tabs(shown, "roles", roles=len(rows)),
            "rows": rows,
            "may_grant": may(request, "people.grant_role")
            and shown != request.user
            and shown.is_active,
        },
    )


@requires("people.grant_role")
def grant_create(request: HttpRequest, public_id: UUID) -> HttpResponse:
    shown = visible_person(request, public_id)
    units = queries.grantable_units(actor_of(request))
    initial = {"starts_on": today(), "unit": shown.unit.public_id if shown.unit else None}
    form = GrantForm(request.POST or None, initial=initial, units=units)
    if request.method == "POST" and form.is_valid():
        try:
            services.grant_role(shown, actor=actor_of(request), **form.cleaned_data)
        except RuleViolation as error:
            show_violation(form, error)
        else:
            messages.success(request, _("The role has been given."))
            return redirect("people:person-roles", shown.public_id)
    return render(
        request,
        "people/person_form.html",
        {
            "form": form,
            "title": _("Give a role to %(name)s") % {"name": shown.display_name},
            "submit_label": _("Give the role"),
            "cancel_url": reverse("people:person-roles", args=[shown.public_id]),
        },
    )


@requires("people.grant_role")
def grant_end(request: HttpRequest, public_id: UUID) -> HttpResponse:
    given = get_object_or_404(queries.grants_visible_to(actor_of(request)), public_id=public_id)
    back = reverse("people:person-roles", args=[given.person.public_id])
    if request.method == "POST":
        services.end_grant(given, actor=actor_of(request))
        messages.success(request, _("The role has ended."))
        return redirect(back)
    return render(
        request,
        "ui/confirm.html",
        {
            "title": _("End a role"),
            "says": _("%(name)s is no longer %(role)s of %(unit)s from this moment.")
            % {
                "name": given.person.display_name,
                "role": Role(given.role).label,
                "unit": given.unit.display_name,
            },
            "undo": _("The role can be given again. The history keeps both."),
            "button": _("End the role"),
            "cancel_url": back,
        },
    )


@requires("people.remove_second_factor")
def second_factor_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    shown = visible_person(request, public_id)
    back = reverse("people:person", args=[shown.public_id])
    if request.method == "POST":
        services.remove_second_factor(shown, actor=actor_of(request))
        messages.success(request, _("The second factor has been removed."))
        return redirect(back)
    return render(
        request,
        "ui/confirm.html",
        {
            "title": _("Remove the second factor of %(name)s") % {"name": shown.display_name},
            "says": _(
                "For somebody who lost phone and recovery codes. Make sure who asks: from then on "
                "the password alone opens the account."
            ),
            "undo": _("The person can set up another one; staff may have to."),
            "button": _("Remove the second factor"),
            "cancel_url": back,
        },
    )
