"""Rosters in and out."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from cotutelle.core.access import requires
from cotutelle.core.clock import today
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import at_or_below
from cotutelle.people.views.common import actor_of
from cotutelle.programmes.models import Student
from cotutelle.rotations.forms.hours_roster import RosterForm
from cotutelle.rotations.months import last_of, month_text
from cotutelle.rotations.queries.hours import policy_for
from cotutelle.rotations.queries.hours_roster import Roster, code_of, roster_of
from cotutelle.rotations.rules.hours import HOURS_ROLES, WARD_ROLES
from cotutelle.rotations.shifts import Shift, shifts_of
from cotutelle.rotations.views.hours_common import hours_tabs
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table


@requires("rotations.import_roster")
@require_safe
def roster(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    owned = [g.unit for g in actor.active_grants if g.role in {*WARD_ROLES, *HOURS_ROLES}]
    units = at_or_below(owned).filter(state="active").order_by("path")
    first_unit = units.first() or get_object_or_404(units)
    form = RosterForm(
        request.GET if "format" in request.GET else None,
        units=units,
        initial={"unit": first_unit.public_id, "month": f"{today():%Y-%m}"},
    )
    if form.is_bound and form.is_valid():
        return _download(request, form.cleaned_data["unit"], form.cleaned_data["month"])
    context = {
        "form": form,
        "shifts": shifts_of(policy_for(first_unit)),
        "tab_items": hours_tabs(request, "rosters"),
    }
    return render(request, "rotations/hours/rosters.html", context)


def _download(request: HttpRequest, unit: Unit, month: dt.date) -> HttpResponse:
    found = roster_of(unit, month, last_of(month))
    students = {s.pk: s for of in found.people.values() for s in of}
    columns = [
        Out(_("Student number"), lambda s: s.person.number or s.candidate_number),
        Out(pgettext("person", "Name"), lambda s: s.display_name),
        *(_column(found, month.replace(day=n), shifts_of(policy_for(unit))) for n in range(1, last_of(month).day + 1)),
    ]  # fmt: skip
    title = _("Roster of %(unit)s, %(month)s") % {
        "unit": unit.short_name, "month": month_text(month),
    }  # fmt: skip
    return download(request, Table(title, columns, list(students.values())), "xlsx")


def _column(found: Roster, day: dt.date, shifts: tuple[Shift, ...]) -> Out:
    def cell(student: Student) -> Any:
        days = found.duties.get(student.pk)
        return code_of(days.get(day, []), shifts) if days else ""

    return Out(str(day.day), cell)
