"""Hours of wards together."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from cotutelle.core.access import requires
from cotutelle.core.clock import today
from cotutelle.people.views.common import actor_of
from cotutelle.rotations.queries.hours_figures import FEWEST, WEEKS, Figures, figures_of
from cotutelle.rotations.views.hours_common import hours_tabs
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table

SHOWN_BARS = 12


@requires("rotations.view_hours_figures")
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    groups, total = figures_of(actor_of(request), today())
    rows = [row for _hospital, wards in groups for row in wards]
    if fmt := request.GET.get("format"):
        return download(request, _table(rows), fmt)
    shown = sorted(
        (row for row in rows if not row.is_hidden), key=lambda row: -(row.clinical or 0)
    )[:SHOWN_BARS]
    context = {
        "rows": [
            row
            for hospital, wards in groups
            for row in ((hospital, True), *((w, False) for w in wards))
        ],
        "total": total,
        "fewest": FEWEST,
        "weeks": WEEKS,
        "chart": _chart(shown) if shown else None,
        "says": _says(shown, total),
        "tab_items": hours_tabs(request, "figures"),
    }
    return render(request, "rotations/hours/figures.html", context)


def _chart(shown: list[Figures]) -> dict[str, Any]:
    return {
        "category_name": _("Ward"),
        "unit": "h",
        "categories": [row.name for row in shown],
        "series": [
            {
                "name": _("Clinic and on call"),
                "values": [row.clinical for row in shown],
                "track": "clinical",
            },
            {
                "name": _("Research hours"),
                "values": [row.research for row in shown],
                "track": "research",
            },
        ],
    }


def _says(shown: list[Figures], total: Figures) -> str:
    if total.is_hidden or not shown:
        return ""
    n = len(total.students)
    return ngettext(
        "%(clinical)s h a week on wards and %(research)s h for research on average"
        " (n = %(n)d student).",
        "%(clinical)s h a week on wards and %(research)s h for research on average"
        " (n = %(n)d students).",
        n,
    ) % {"clinical": total.clinical, "research": total.research, "n": n}


def _shown(name: str) -> Any:
    return lambda row: None if row.is_hidden else getattr(row, name)


def _table(rows: list[Figures]) -> Table:
    columns = [
        Out(_("Ward"), lambda row: row.name),
        Out(_("Hospital"), lambda row: row.place),
        Out(_("Students"), lambda row: None if row.is_hidden else len(row.students), "number"),
        Out(_("Clinic and on call, h a week"), _shown("clinical"), "number"),
        Out(_("Research, h a week"), _shown("research"), "number"),
        Out(_("Research taken by the ward, h a week"), _shown("lost"), "number"),
        Out(_("Open alerts"), _shown("open_alerts"), "number"),
    ]
    return Table(_("Hours by ward"), columns, rows)
