"""The tree of units, the page of each, and its calendar."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cotutelle.core.access import check, requires, why_not
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions import queries, services
from cotutelle.institutions.enums import UnitKind, UnitState
from cotutelle.institutions.forms import CalendarForm, DaysForm, RangeForm, UnitForm
from cotutelle.institutions.models import Unit
from cotutelle.institutions.tables import grow_tree, lay_out_year
from cotutelle.ledger.queries import history_of
from cotutelle.people import queries as people
from cotutelle.people.enums import Role
from cotutelle.people.models import Person, RoleGrant
from cotutelle.people.views.common import saved_view_context
from cotutelle.ui.downloads import FORMATS, download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation

_FIRST_YEAR, _LAST_YEAR = 2000, 2100


def _actor(request: HttpRequest) -> Person:
    return cast("Person", request.user)


def _search(rows: Any, text: str) -> Any:
    for word in text.split():
        rows = rows.filter(
            Q(name_zh__icontains=word)
            | Q(name_en__icontains=word)
            | Q(short_zh__icontains=word)
            | Q(code__icontains=word)
            | Q(name_sort__icontains=word)
        )
    return rows


def _listing(request: HttpRequest) -> Listing[Unit]:
    params = request.GET.copy()
    params.setdefault("state", UnitState.ACTIVE)
    return Listing(
        params,
        queries.visible_to(_actor(request)).select_related("parent"),
        sorts=[
            Sort("name", pgettext("of a unit", "name"), ["name_sort", "id"]),
            Sort("code", _("code"), ["code", "id"]),
        ],
        choices=[
            Choice("kind", _("Kind"), UnitKind.choices, lookup="kind"),
            Choice("state", _("State"), UnitState.choices, lookup="state"),
        ],
        search=Search((), _("Name, pinyin or code"), apply=_search),
    )


@requires("institutions.view_units")
def units(request: HttpRequest) -> HttpResponse:
    """Show the tree; a search or a filter makes a list of it."""
    listing = _listing(request)
    fmt = request.GET.get("format")
    if fmt in FORMATS:
        return download(request, Table(_("Units"), _columns(), listing.all_rows), fmt)
    as_tree = not any(request.GET.get(key) for key in ("q", "kind", "state", "page", "sort"))
    active = queries.visible_to(_actor(request)).filter(state=UnitState.ACTIVE)
    return render(
        request,
        "institutions/unit_list.html",
        {
            "listing": listing,
            "tree": grow_tree(active) if as_tree else None,
            "may_create": why_not(request.user, "institutions.change_unit") is None,
            **saved_view_context(request, listing),
        },
    )


def _columns() -> list[Out]:
    return [
        Out(_("Code"), lambda u: u.code),
        Out(_("Chinese name"), lambda u: u.name_zh),
        Out(_("English name"), lambda u: u.name_en),
        Out(_("Short Chinese name"), lambda u: u.short_zh),
        Out(_("Short English name"), lambda u: u.short_en),
        Out(_("Kind"), lambda u: UnitKind(u.kind).label),
        Out(_("Belongs to"), lambda u: u.parent.code if u.parent else ""),
        Out(_("State"), lambda u: UnitState(u.state).label),
    ]


def _visible(request: HttpRequest, public_id: UUID) -> Unit:
    rows = queries.visible_to(_actor(request)).select_related("parent", "calendar")
    return get_object_or_404(rows, public_id=public_id)


def _frame(request: HttpRequest, unit: Unit, current: str) -> dict[str, Any]:
    tabs = [
        ("overview", _("Overview"), "institutions:unit"),
        ("people", _("People"), "institutions:unit-people"),
        ("calendar", _("Calendar"), "institutions:unit-calendar"),
        ("history", _("History"), "institutions:unit-history"),
    ]
    return {
        "unit": unit,
        "line": queries.ancestors(unit)[:-1],
        "may_change": why_not(request.user, "institutions.change_unit", unit) is None,
        "tab_items": [
            {
                "label": label,
                "url": reverse(name, args=[unit.public_id]),
                "current": key == current,
            }
            for key, label, name in tabs
        ],
    }


@requires("institutions.view_units")
def unit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    shown = _visible(request, public_id)
    context = {
        **_frame(request, shown, "overview"),
        "children": shown.children.order_by("state", "name_sort", "id"),
        "time_zone": queries.time_zone_of(shown),
        "calendar_owner": queries.calendar_owner(shown),
    }
    return render(request, "institutions/unit_detail.html", context)


@requires("institutions.view_units")
def unit_people(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show who holds which role on this very unit; only as far as the reader may see people."""
    shown = _visible(request, public_id)
    seen = people.visible_to(_actor(request))
    grants = people.active(RoleGrant.objects.filter(unit=shown, person__in=seen))
    listing: Listing[RoleGrant] = Listing(
        request.GET,
        grants.select_related("person"),
        sorts=[Sort("name", _("name"), ["person__name_sort", "id"])],
        choices=[Choice("role", _("Role"), Role.choices, lookup="role")],
    )
    context = {**_frame(request, shown, "people"), "listing": listing}
    return render(request, "institutions/unit_people.html", context)


@requires("institutions.view_units")
def unit_history(request: HttpRequest, public_id: UUID) -> HttpResponse:
    shown = _visible(request, public_id)
    context = {**_frame(request, shown, "history"), "entries": history_of(shown)}
    return render(request, "institutions/unit_history.html", context)


@requires("institutions.change_unit")
def unit_create(request: HttpRequest) -> HttpResponse:
    parents = queries.changeable_by(_actor(request)).order_by("path")
    form = UnitForm(
        request.POST or None, initial={"parent": request.GET.get("parent")}, parents=parents
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_unit(actor=_actor(request), **form.cleaned_data)
        except RuleViolation as error:
            show_violation(form, error)
        else:
            messages.success(request, _("%(name)s has been added.") % {"name": made.display_name})
            return redirect("institutions:unit", made.public_id)
    context = {
        "form": form,
        "title": _("Add a unit"),
        "submit_label": _("Add the unit"),
        "cancel_url": reverse("institutions:units"),
    }
    return render(request, "institutions/unit_form.html", context)


@requires("institutions.change_unit")
def unit_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    shown = _visible(request, public_id)
    check(_actor(request), "institutions.change_unit", shown)
    parents = queries.changeable_by(_actor(request)).exclude(path__startswith=shown.path)
    if shown.parent_id:
        parents = parents | Unit.objects.filter(pk=shown.parent_id)
    initial = {name: getattr(shown, name) for name in services.FIELDS}
    initial["parent"] = shown.parent.public_id if shown.parent else None
    form = UnitForm(
        request.POST or None,
        initial=initial,
        parents=parents.order_by("path"),
        root=shown.parent is None,
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_unit(shown, actor=_actor(request), **form.cleaned_data)
        except RuleViolation as error:
            show_violation(form, error)
        else:
            messages.success(request, _("The unit has been saved."))
            return redirect("institutions:unit", shown.public_id)
    context = {
        "form": form,
        "title": _("Change %(name)s") % {"name": shown.display_name},
        "submit_label": _("Save the unit"),
        "cancel_url": reverse("institutions:unit", args=[shown.public_id]),
    }
    return render(request, "institutions/unit_form.html", context)


@requires("institutions.change_unit")
def unit_state(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Archive a unit, or put it back into use."""
    shown = _visible(request, public_id)
    check(_actor(request), "institutions.change_unit", shown)
    restoring = shown.state == UnitState.ARCHIVED
    if request.method == "POST":
        change = services.restore_unit if restoring else services.archive_unit
        change(shown, actor=_actor(request))
        messages.success(
            request,
            _("The unit is in use again.") if restoring else _("The unit has been archived."),
        )
        return redirect("institutions:unit", shown.public_id)
    name = {"name": shown.display_name}
    context = {
        "title": (_("Put %(name)s back into use") if restoring else _("Archive %(name)s")) % name,
        "says": _("The unit can be chosen in forms again.")
        if restoring
        else _("The unit can no longer be chosen in forms. Its people and its history stay."),
        "undo": _("You can undo this on the same page."),
        "button": _("Put the unit back into use") if restoring else _("Archive the unit"),
        "cancel_url": reverse("institutions:unit", args=[shown.public_id]),
    }
    return render(request, "ui/confirm.html", context)


@requires("institutions.view_units")
def unit_calendar(request: HttpRequest, public_id: UUID) -> HttpResponse:
    shown = _visible(request, public_id)
    owner = queries.calendar_owner(shown)
    text = request.GET.get("year", "")
    year = int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else today().year  # noqa: PLR2004
    year = min(max(year, _FIRST_YEAR), _LAST_YEAR)
    may_change = why_not(request.user, "institutions.change_calendar", shown) is None
    forms = _calendar_forms(request) if may_change else {}
    if request.method == "POST":
        done = _change_calendar(request, shown, forms)
        if done is not None:
            return done
    days = owner.calendar.days.filter(day__year=year) if owner and owner.calendar else []
    months = lay_out_year(year, days)
    context = {
        **_frame(request, shown, "calendar"),
        "owner": owner,
        "year": year,
        "months": months,
        "numbers": range(1, 32),
        "worked": sum(m.working_days for m in months),
        "may_change_calendar": may_change,
        **forms,
    }
    return render(request, "institutions/unit_calendar.html", context)


def _calendar_forms(request: HttpRequest) -> dict[str, Any]:
    chosen = request.POST.get("do", "")
    data = {key: request.POST if chosen == key else None for key in ("create", "set", "remove")}
    return {
        "create_form": CalendarForm(data["create"], prefix="create"),
        "set_form": DaysForm(data["set"], prefix="set"),
        "remove_form": RangeForm(data["remove"], prefix="remove"),
    }


def _change_calendar(
    request: HttpRequest, shown: Unit, forms: dict[str, Any]
) -> HttpResponse | None:
    """Do what one of the three forms asks; ``None`` when it has to be corrected."""
    chosen = request.POST.get("do", "")
    form = forms.get(f"{chosen}_form")
    if form is None or not form.is_valid():
        return None
    actor, given = _actor(request), form.cleaned_data
    try:
        if chosen == "create":
            services.create_calendar(shown, actor=actor, **given)
        elif shown.calendar is None:
            raise RuleViolation("calendar.none", _("This unit has no calendar of its own."))
        elif chosen == "set":
            services.set_days(shown.calendar, actor=actor, **given)
        else:
            services.remove_days(shown.calendar, actor=actor, **given)
    except RuleViolation as error:
        show_violation(form, error)
        return None
    messages.success(request, _("The calendar has been saved."))
    year = given["first"].year if "first" in given else today().year
    url = reverse("institutions:unit-calendar", args=[shown.public_id])
    return redirect(f"{url}?year={year}")
