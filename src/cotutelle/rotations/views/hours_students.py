"""Students' hours for those who can help: the list, one student, time given back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from cotutelle.core.access import requires
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.people.views.common import actor_of, may, saved_view_context
from cotutelle.programmes.models import Cohort, Student
from cotutelle.rotations.forms.hours import RepayForm
from cotutelle.rotations.queries.hours import account_of, hours_text
from cotutelle.rotations.queries.hours_pages import Standing, listed_students, standings_of
from cotutelle.rotations.services.hours import repay_research_time
from cotutelle.rotations.views.hours_common import hours_context, hours_tabs, student_or_404
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation


@requires("rotations.list_hours")
@require_safe
def hours_list(request: HttpRequest) -> HttpResponse:
    rows = listed_students(actor_of(request), today())
    units = Unit.objects.filter(pk__in=rows.order_by().values("unit")).order_by("name_sort")
    cohorts = Cohort.objects.filter(pk__in=rows.order_by().values("cohort")).order_by("-year")
    name = ["person__name_sort", "id"]
    listing: Listing[Student] = Listing(
        request.GET,
        rows,
        sorts=[
            Sort("owed", _("research time owed"), ["-owed", *name]),
            Sort("alerts", _("open alerts"), ["-open_alerts", "-owed", *name]),
            Sort("clinical", _("planned hours on the ward"), ["-taken", *name]),
            Sort("name", pgettext("person", "name"), name),
        ],
        choices=[
            Choice(
                "unit", _("Unit"), [(str(u.public_id), u.display_name) for u in units],
                "unit__public_id",
            ),
            Choice(
                "cohort", _("Cohort"), [(str(c.public_id), c.display_name) for c in cohorts],
                "cohort__public_id",
            ),
        ],
        toggles=[
            Toggle("alert", _("With an open alert"), lambda rows: rows.filter(open_alerts__gt=0)),
            Toggle("owed", _("With research time owed"), lambda rows: rows.filter(owed__gt=0)),
        ],
        search=Search(
            ["person__name_zh", "person__name_en", "person__number"], _("Name or number")
        ),
    )  # fmt: skip
    if fmt := request.GET.get("format"):
        return download(
            request, _table(standings_of(list(listing.all_rows), today())), fmt, watermark=True
        )
    context = {
        "listing": listing,
        "standings": standings_of(listing.rows, today()),
        "tab_items": hours_tabs(request, "hours"),
        **saved_view_context(request, listing),
    }
    return render(request, "rotations/hours/hours_list.html", context)


def _weekly(name: str) -> Any:
    return lambda s: round(getattr(s.averages, name), 1) if s.averages else None


def _table(rows: list[Standing]) -> Table:
    columns = [
        Out(pgettext("person", "Number"), lambda s: s.student.person.number),
        Out(_("Student"), lambda s: s.student.display_name),
        Out(_("Unit"), lambda s: s.student.unit.display_name),
        Out(_("Ward today"), lambda s: s.ward.display_name if s.ward else ""),
        Out(_("Clinic and on call, h a week"), _weekly("clinical"), "number"),
        Out(_("Research, h a week"), _weekly("research"), "number"),
        Out(_("In all, h a week"), _weekly("total"), "number"),
        Out(_("Research time owed, h"), lambda s: round(s.account.owed / 60, 1), "number"),
        Out(_("Open alerts"), lambda s: s.alerts, "number"),
    ]
    return Table(_("Hours of students"), columns, rows)


@requires("rotations.view_hours")
@require_safe
def student_hours(request: HttpRequest, public_id: UUID) -> HttpResponse:
    student = student_or_404(request, public_id, "rotations.view_hours")
    if student.person_id == actor_of(request).pk:
        return redirect("rotations:my-hours")
    context = hours_context(request, student)
    context["may_repay"] = may(request, "rotations.repay_research_time", student)
    return render(request, "rotations/hours/student_hours.html", context)


@requires("rotations.repay_research_time")
@require_http_methods(["GET", "POST"])
def repay(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give research time back."""
    student = student_or_404(request, public_id, "rotations.repay_research_time")
    owed = account_of(student).owed
    form = RepayForm(
        request.POST or None,
        initial={"day": today().isoformat(), "minutes": hours_text(min(owed, 240)) if owed else ""},
    )
    if request.method == "POST" and form.is_valid():
        try:
            repay_research_time(student, **form.cleaned_data, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Given back; the student was told."))
            return redirect("rotations:student-hours", student.public_id)
    here = reverse("rotations:student-hours", args=[student.public_id])
    context = {
        "form": form,
        "student": student,
        "title": _("Give research time back"),
        "lead": _("%(name)s: %(owed)s h are owed.")
        % {"name": student.display_name, "owed": hours_text(owed)},
        "submit_label": _("Give time back"),
        "cancel_url": here,
    }
    return render(request, "rotations/hours/form.html", context)
