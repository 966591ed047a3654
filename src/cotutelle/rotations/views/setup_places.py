"""The places of a ward by month, other trainees, who comes, and the load of all wards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_safe

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.people.views.common import actor_of
from cotutelle.rotations.forms.setup_wards import OthersForm, PeriodForm, PlacesForm
from cotutelle.rotations.models import Stay, Ward
from cotutelle.rotations.months import add_months, month_text, months_from
from cotutelle.rotations.queries.setup_intake import Intake, intake_of
from cotutelle.rotations.queries.setup_wards import (
    MonthLoad,
    loads_of,
    month_loads,
    wards_visible_to,
)
from cotutelle.rotations.services import setup_wards as services
from cotutelle.rotations.views.setup_common import asked_month, setup_tabs
from cotutelle.rotations.views.setup_wards import (
    SHOWN_MONTHS,
    found_ward,
    ward_filters,
    ward_page,
)
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Listing, Sort
from cotutelle.ui.violations import show_violation

LOAD_PAGE = 100


def _changed(request: HttpRequest, n: int) -> None:
    text = ngettext("%(n)s month changed.", "%(n)s months changed.", n)
    messages.success(request, text % {"n": n})


def _around(first: dt.date) -> dict[str, str]:
    return {
        "month": f"{first:%Y-%m}",
        "earlier": f"?month={add_months(first, -SHOWN_MONTHS):%Y-%m}",
        "later": f"?month={add_months(first, SHOWN_MONTHS):%Y-%m}",
    }


@requires("rotations.keep_ward")
@require_http_methods(["GET", "POST"])
def ward_places(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The range of each of twelve months."""
    found = found_ward(request, public_id, "rotations.keep_ward")
    first = asked_month(request)
    loads = loads_of(found, first, SHOWN_MONTHS)
    form = PlacesForm(request.POST or None, loads=loads)
    if request.method == "POST" and form.is_valid():
        try:
            _changed(request, services.set_months(found, form.ranges, actor=actor_of(request)))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            return redirect(f"{request.path}?month={first:%Y-%m}")
    period = PeriodForm(initial={"first": f"{first:%Y-%m}", "last": f"{first:%Y-%m}"})
    return ward_page(request, found, "places", form=form, period=period, **_around(first))


@requires("rotations.keep_ward")
@require_http_methods(["GET", "POST"])
def ward_period(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One range for several months."""
    found = found_ward(request, public_id, "rotations.keep_ward")
    first = asked_month(request)
    here = reverse("rotations:ward-places", args=[found.public_id])
    start = {"first": f"{first:%Y-%m}", "last": f"{first:%Y-%m}"}
    form = PeriodForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            n = services.set_period(
                found, values["first"], values["last"], form.range, actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            _changed(request, n)
            return redirect(f"{here}?month={values['first']:%Y-%m}")
    context = {
        "form": form,
        "ward": found,
        "title": _("Set the places of several months"),
        "submit_label": _("Set places"),
        "cancel_url": here,
    }
    return render(request, "rotations/setup/ward_form.html", context)


@requires("rotations.keep_ward")
@require_http_methods(["GET", "POST"])
def ward_others(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Trainees who are not planned here, by month and kind."""
    found = found_ward(request, public_id, "rotations.keep_ward")
    first = asked_month(request)
    form = OthersForm(request.POST or None, loads=loads_of(found, first, SHOWN_MONTHS))
    if request.method == "POST" and form.is_valid():
        try:
            n = services.set_occupancy(found, form.people, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            text = ngettext("%(n)s number changed.", "%(n)s numbers changed.", n)
            messages.success(request, text % {"n": n})
            return redirect(f"{request.path}?month={first:%Y-%m}")
    return ward_page(request, found, "others", form=form, **_around(first))


@requires("rotations.view_intake")
@require_safe
def ward_intake(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Who comes to the ward next month, who stays, who has left: on screen, on paper, as xlsx."""
    found = found_ward(request, public_id, "rotations.view_intake")
    month = asked_month(request, ahead=1)
    intake = intake_of(found, month)
    if fmt := request.GET.get("format"):
        return download(request, _intake_table(found, intake), fmt, watermark=True)
    context = {
        "intake": intake,
        "month_text": month_text(month),
        "parts": _parts(intake),
        "earlier": f"?month={add_months(month, -1):%Y-%m}",
        "later": f"?month={add_months(month, 1):%Y-%m}",
        "month": f"{month:%Y-%m}",
        "load": loads_of(found, month, 1)[0],
    }
    if request.GET.get("print"):
        paper = context | {"ward": found, "title": _intake_title(found, month)}
        return render(request, "rotations/setup/intake_paper.html", paper)
    return ward_page(request, found, "intake", **context)


def _intake_title(ward: Ward, month: dt.date) -> str:
    return _("%(ward)s: intake of %(month)s") % {
        "ward": ward.display_name, "month": month_text(month),
    }  # fmt: skip


def _parts(intake: Intake) -> list[tuple[str, str, tuple[Stay, ...]]]:
    return [
        ("coming", _("Coming"), intake.coming),
        ("staying", _("Staying"), intake.staying),
        ("leaving", _("Left at the end of the month before"), intake.leaving),
    ]


def _intake_table(ward: Ward, intake: Intake) -> Table:
    rows = [(label, stay) for _key, label, stays in _parts(intake) for stay in stays]
    columns = [
        Out(_("Intake"), lambda row: row[0]),
        Out(_("Student number"), lambda row: row[1].participant.student.person.number),
        Out(_("Name"), lambda row: row[1].participant.student.display_name),
        Out(_("Unit"), lambda row: row[1].participant.student.unit.display_name),
        Out(_("Curriculum"), lambda row: row[1].participant.curriculum.display_name),
        Out(pgettext("rotations", "Department"), lambda row: row[1].block.department.display_name if row[1].block else ""),
        Out(_("From"), lambda row: row[1].starts_on, "date"),
        Out(_("Until"), lambda row: row[1].ends_on, "date"),
    ]  # fmt: skip
    return Table(_intake_title(ward, intake.month), columns, rows)


@requires("rotations.view_wards")
@require_safe
def load(request: HttpRequest) -> HttpResponse:
    """How full every ward is in each of twelve months."""
    first = asked_month(request)
    months = months_from(first, SHOWN_MONTHS)
    rows = wards_visible_to(actor_of(request))
    listing: Listing[Ward] = Listing(
        request.GET,
        rows,
        sorts=[Sort("hospital", _("hospital"), ["hospital__name_sort", "code", "id"])],
        page_size=LOAD_PAGE,
        **ward_filters(rows),
    )
    if fmt := request.GET.get("format"):
        return download(request, _load_table(listing, months), fmt)
    loads = month_loads(listing.rows, months)
    kept = listing.query_string
    context = {
        "listing": listing,
        "tab_items": setup_tabs(request, "load"),
        "months": months,
        "years": _years(months),
        "rows": [(ward, loads[ward.pk]) for ward in listing.rows],
        "over": sum(one.level == "over" for line in loads.values() for one in line),
        "under": sum(one.level == "under" for line in loads.values() for one in line),
        "earlier": f"?{kept}&month={add_months(first, -SHOWN_MONTHS):%Y-%m}",
        "later": f"?{kept}&month={add_months(first, SHOWN_MONTHS):%Y-%m}",
        "this_month": asked_month(request, name="-"),
        "month": f"{first:%Y-%m}",
    }
    return render(request, "rotations/setup/load.html", context)


def _years(months: tuple[dt.date, ...]) -> list[tuple[int, int]]:
    years = [month.year for month in months]
    return [(year, years.count(year)) for year in dict.fromkeys(years)]


def _present(loads: Mapping[int, list[MonthLoad]], n: int) -> Callable[[Ward], int]:
    return lambda ward: loads[ward.pk][n].load


def _load_table(listing: Listing[Ward], months: tuple[dt.date, ...]) -> Table:
    wards = list(listing.all_rows)
    loads = month_loads(wards, months)
    columns = [
        Out(_("Hospital"), lambda w: w.hospital.display_name),
        Out(_("Ward"), lambda w: w.display_name),
        Out(_("Most trainees a month"), lambda w: w.upper, "number"),
        *(Out(month_text(month), _present(loads, n), "number") for n, month in enumerate(months)),
    ]
    return Table(_("Load of the wards"), columns, wards)
