"""Wards: the list, one ward, and each step of its life."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.queries import history_of
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import WardState
from cotutelle.rotations.forms.setup_wards import AccreditationForm, CloseForm, WardForm
from cotutelle.rotations.models import Accreditation, Department, Ward
from cotutelle.rotations.months import add_months, month_text
from cotutelle.rotations.queries.setup_wards import MonthLoad, loads_of, wards_visible_to
from cotutelle.rotations.services import setup_wards as services
from cotutelle.rotations.services.setup_wards import WardData
from cotutelle.rotations.views.setup_common import asked_month, setup_tabs
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation

SHOWN_MONTHS = 12
STATE_KINDS = {WardState.OPEN: "ok", WardState.CLOSED: "wait"}


def found_ward(request: HttpRequest, public_id: UUID, permission: str) -> Ward:
    """Return a ward the reader may see, and check ``permission`` on it."""
    found = get_object_or_404(wards_visible_to(actor_of(request)), public_id=public_id)
    check(request.user, permission, found)
    return found


def ward_filters(rows: QuerySet[Ward]) -> dict[str, Any]:
    """Return what lists of wards are narrowed by, for `Listing`."""
    hospitals = Unit.objects.filter(pk__in=rows.order_by().values("hospital")).order_by("name_sort")
    departments = Department.objects.filter(accreditations__ward__in=rows).distinct()
    return {
        "choices": [
            Choice(
                "hospital", _("Hospital"),
                [(str(u.public_id), u.display_name) for u in hospitals], "hospital__public_id",
            ),
            Choice(
                "department", pgettext("rotations", "Department"),
                [(d.code, d.display_name) for d in departments],
                apply=lambda rows, code: rows.filter(
                    pk__in=Accreditation.objects.filter(department__code=code).values("ward")
                ),
            ),
            Choice("state", _("State"), WardState.choices, "state"),
        ],
        "search": Search(["name_zh", "name_en", "code"], _("Name or code")),
    }  # fmt: skip


@requires("rotations.view_wards")
def ward_list(request: HttpRequest) -> HttpResponse:
    rows = wards_visible_to(actor_of(request)).prefetch_related("accreditations__department")
    rows = rows.annotate(accredited=Count("accreditations"))
    listing: Listing[Ward] = Listing(
        request.GET,
        rows,
        sorts=[
            Sort("hospital", _("hospital"), ["hospital__name_sort", "code", "id"]),
            Sort("name", _("name of the ward"), ["name_zh", "id"]),
            Sort("upper", _("most places"), ["-upper", "id"]),
        ],
        **ward_filters(rows),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt)
    context = {
        "listing": listing,
        "tab_items": setup_tabs(request, "wards"),
        "may_add": may(request, "rotations.manage_wards"),
        "may_import": may(request, "rotations.keep_ward"),
    }
    return render(request, "rotations/setup/ward_list.html", context)


def _table(listing: Listing[Ward]) -> Table:
    columns = [
        Out(_("Unit code"), lambda w: w.unit.code),
        Out(_("Hospital"), lambda w: w.hospital.display_name),
        Out(_("Unit"), lambda w: w.unit.display_name),
        Out(pgettext("rotations", "Code"), lambda w: w.code),
        Out(_("Name in Chinese"), lambda w: w.name_zh),
        Out(_("Name in English"), lambda w: w.name_en),
        Out(
            _("Departments"), lambda w: ";".join(a.department.code for a in w.accreditations.all())
        ),
        Out(_("Most trainees a month"), lambda w: w.upper, "number"),
        Out(_("Fewest trainees a month"), lambda w: w.lower, "number"),
        Out(_("Research half-days a week"), lambda w: w.research_half_days, "number"),
        Out(_("State"), lambda w: WardState(w.state).label),
    ]
    return Table(_("Wards"), columns, listing.all_rows)


@requires("rotations.view_wards")
def ward(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One ward: how full it is, for what it is accredited, what happened."""
    found = found_ward(request, public_id, "rotations.view_ward")
    tab = "history" if request.GET.get("tab") == "history" else "overview"
    if tab == "history":
        return ward_page(request, found, tab, entries=history_of(found))
    first = asked_month(request)
    loads = loads_of(found, first, SHOWN_MONTHS)
    return ward_page(
        request, found, tab, loads=loads, chart=_chart(loads), chart_says=_chart_says(loads),
        accreditations=found.accreditations.select_related("department").order_by("department__code"),
        earlier=f"?month={add_months(first, -SHOWN_MONTHS):%Y-%m}",
        later=f"?month={add_months(first, SHOWN_MONTHS):%Y-%m}",
        accreditation_form=AccreditationForm(),
    )  # fmt: skip


def _chart(loads: list[MonthLoad]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "category_name": _("Month"),
        "categories": [month_text(load.month) for load in loads],
        "series": [{"name": _("Trainees"), "values": [load.load for load in loads]}],
    }
    if any(load.upper is not None for load in loads):
        data["compare"] = {
            "name": pgettext("ward", "Places"),
            "values": [load.upper for load in loads],
        }
    return data


def _chart_says(loads: list[MonthLoad]) -> str:
    over = [load for load in loads if load.level == "over"]
    if over:
        return _("More trainees than places in: %(months)s.") % {
            "months": _(", ").join(month_text(load.month) for load in over)
        }
    bounded = [load for load in loads if load.free is not None]
    if not bounded:
        return _("The ward sets no bound.")
    least = min(bounded, key=lambda load: load.free or 0)
    return _("Never more trainees than places; fewest free in %(month)s: %(n)s.") % {
        "month": month_text(least.month), "n": least.free,
    }  # fmt: skip


def ward_page(request: HttpRequest, found: Ward, tab: str, **context: Any) -> HttpResponse:
    """Render a tab of a ward."""
    here = reverse("rotations:ward", args=[found.public_id])
    tabs = [("overview", _("Overview"), here)]
    if keeps := may(request, "rotations.keep_ward", found):
        tabs += [
            ("places", pgettext("ward", "Places"), reverse("rotations:ward-places", args=[found.public_id])),
            ("others", _("Other trainees"), reverse("rotations:ward-others", args=[found.public_id])),
        ]  # fmt: skip
    if may(request, "rotations.view_intake", found):
        tabs.append(
            ("intake", _("Intake"), reverse("rotations:ward-intake", args=[found.public_id]))
        )
    tabs.append(("history", _("History"), f"{here}?tab=history"))
    base = {
        "ward": found,
        "tab": tab,
        "tab_items": [
            {"label": label, "url": url, "current": key == tab} for key, label, url in tabs
        ],
        "state_label": WardState(found.state).label,
        "state_kind": STATE_KINDS[WardState(found.state)],
        "may_keep": keeps,
        "may_manage": may(request, "rotations.manage_wards", found),
        "is_open": found.state == WardState.OPEN,
    }
    return render(request, f"rotations/setup/ward_{tab}.html", base | context)


def _form_page(request: HttpRequest, form: Any, **context: Any) -> HttpResponse:
    return render(request, "rotations/setup/ward_form.html", {"form": form, **context})


@requires("rotations.manage_wards")
def ward_new(request: HttpRequest) -> HttpResponse:
    form = WardForm(request.POST or None, actor=actor_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_ward(
                form.cleaned_data["unit"], form.ward, actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Ward added. Say next for which departments it trains."))
            return redirect("rotations:ward", made.public_id)
    return _form_page(
        request, form, title=_("Add a ward"), submit_label=_("Add ward"),
        cancel_url=reverse("rotations:wards"),
    )  # fmt: skip


@requires("rotations.keep_ward")
def ward_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = found_ward(request, public_id, "rotations.keep_ward")
    initial = {name: getattr(found, name) for name in WardData.__dataclass_fields__}
    form = WardForm(request.POST or None, actor=actor_of(request), editing=True, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_ward(found, form.ward, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Ward saved."))
            return redirect("rotations:ward", found.public_id)
    return _form_page(
        request, form, ward=found, submit_label=_("Save ward"),
        title=_("Change %(name)s") % {"name": found.display_name},
        cancel_url=reverse("rotations:ward", args=[found.public_id]),
    )  # fmt: skip


@requires("rotations.manage_wards")
@require_http_methods(["GET", "POST"])
def ward_close(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask for the reason, then close the ward."""
    found = found_ward(request, public_id, "rotations.manage_wards")
    form = CloseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.close_ward(found, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except RuleViolation as violation:
            messages.error(request, str(violation))
        else:
            messages.success(request, _("Ward closed. Plans in force still have to be re-planned."))
        return redirect("rotations:ward", found.public_id)
    loads = loads_of(found, asked_month(request), SHOWN_MONTHS)
    context = {
        "ward": found,
        "form": form,
        "title": _("Close the ward"),
        "says": _("New plans send nobody here. Stays of plans in force remain until re-planned."),
        "changes": [
            {
                "icon": "users",
                "text": _("Person-months planned here in the next twelve months"),
                "count": sum(load.ours for load in loads),
            }
        ],
        "button": _("Close the ward"),
        "undo": _("It can be opened again."),
        "cancel_url": reverse("rotations:ward", args=[found.public_id]),
    }
    return render(request, "rotations/setup/ward_close.html", context)


@requires("rotations.manage_wards")
@require_POST
def ward_open(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = found_ward(request, public_id, "rotations.manage_wards")
    try:
        services.open_ward(found, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
    else:
        messages.success(request, _("The ward takes trainees again."))
    return redirect("rotations:ward", found.public_id)


@requires("rotations.manage_wards")
@require_POST
def ward_accredit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Add an accreditation, or change its period."""
    found = found_ward(request, public_id, "rotations.manage_wards")
    form = AccreditationForm(request.POST)
    if form.is_valid():
        try:
            services.accredit_ward(found, **form.cleaned_data, actor=actor_of(request))
        except RuleViolation as violation:
            messages.error(request, str(violation))
        else:
            messages.success(request, _("Accreditation saved."))
    else:
        messages.error(request, _("Choose a department, and dates that exist."))
    return redirect("rotations:ward", found.public_id)


@requires("rotations.manage_wards")
@require_POST
def ward_withdraw(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    """Take an accreditation back."""
    found = found_ward(request, public_id, "rotations.manage_wards")
    row = get_object_or_404(found.accreditations, pk=pk)
    services.withdraw_accreditation(row, actor=actor_of(request))
    messages.success(request, _("Accreditation withdrawn."))
    return redirect("rotations:ward", found.public_id)
