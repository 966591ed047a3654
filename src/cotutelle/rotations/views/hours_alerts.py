"""Alerts about hours: who needs help, and what was done."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from cotutelle.core.access import check, requires
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.alert_words import figure_text
from cotutelle.rotations.enums import AlertKind, AlertState
from cotutelle.rotations.forms.hours import FollowUpForm
from cotutelle.rotations.models import HoursAlert
from cotutelle.rotations.queries.hours import alerts_visible_to, students_visible_to
from cotutelle.rotations.queries.hours_pages import told_about
from cotutelle.rotations.services.hours_alerts import close_alert
from cotutelle.rotations.views.hours_common import hours_tabs
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation


@requires("rotations.view_alerts")
@require_safe
def alert_list(request: HttpRequest) -> HttpResponse:
    is_open = Q(state=AlertState.OPEN)
    listing: Listing[HoursAlert] = Listing(
        request.GET,
        alerts_visible_to(actor_of(request), today()).select_related("ward"),
        sorts=[
            Sort("due", _("due"), ["state", "due_on", "id"]),
            Sort("new", _("newest"), ["-opened_at", "-id"]),
            Sort("name", _("student"), ["student__person__name_sort", "id"]),
        ],
        choices=[Choice("kind", _("What is wrong"), AlertKind.choices, "kind")],
        toggles=[
            Toggle(
                "open", pgettext("alert", "Open"), lambda rows: rows.filter(is_open), default=True
            ),
            Toggle("overdue", _("Overdue"), lambda rows: rows.filter(is_open, due_on__lt=today())),
        ],
        search=Search(
            ["student__person__name_zh", "student__person__name_en", "student__person__number"],
            _("Name or number"),
        ),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt, watermark=True)
    context = {
        "listing": listing,
        "rows": [(row, figure_text(row.kind, row.figures)) for row in listing.rows],
        "today": today(),
        "tab_items": hours_tabs(request, "alerts"),
    }
    return render(request, "rotations/hours/alert_list.html", context)


def _table(listing: Listing[HoursAlert]) -> Table:
    columns = [
        Out(_("Student"), lambda a: a.student.display_name),
        Out(_("What is wrong"), lambda a: AlertKind(a.kind).label),
        Out(_("Figures"), lambda a: figure_text(a.kind, a.figures)),
        Out(_("Ward"), lambda a: a.ward.display_name if a.ward else ""),
        Out(_("Opened"), lambda a: a.opened_at, "datetime"),
        Out(_("Due"), lambda a: a.due_on, "date"),
        Out(_("State"), lambda a: AlertState(a.state).label),
        Out(pgettext("alert", "What was done"), lambda a: a.outcome),
    ]
    return Table(_("Alerts about hours"), columns, listing.all_rows)


@requires("rotations.view_alerts")
@require_http_methods(["GET", "POST"])
def alert(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One alert: the figures, who was told, what was done."""
    rows = alerts_visible_to(actor_of(request), today())
    found = get_object_or_404(rows, public_id=public_id)
    check(request.user, "rotations.view_alerts", found)
    may_close = found.state == AlertState.OPEN and may(request, "rotations.follow_up_alert", found)
    form = FollowUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            close_alert(found, form.cleaned_data["outcome"], actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Alert closed; the student was told what was done."))
            return redirect("rotations:alert", found.public_id)
    is_own = found.student.person_id == actor_of(request).pk
    sees_hours = students_visible_to(actor_of(request), today()).filter(pk=found.student_id)
    context = {
        "alert": found,
        "kind": AlertKind(found.kind).label,
        "figure": figure_text(found.kind, found.figures),
        "is_open": found.state == AlertState.OPEN,
        "is_overdue": found.state == AlertState.OPEN and found.due_on < today(),
        "is_own": is_own,
        "told": told_about(found, reverse("rotations:alert", args=[found.public_id])),
        "form": form,
        "may_close": may_close,
        "hours_url": _hours_url(found, is_own=is_own) if sees_hours.exists() else "",
    }
    return render(request, "rotations/hours/alert.html", context)


def _hours_url(found: HoursAlert, *, is_own: bool) -> str:
    if is_own:
        return reverse("rotations:my-hours")
    return reverse("rotations:student-hours", args=[found.student.public_id])
