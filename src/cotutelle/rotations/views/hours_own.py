"""A student's own hours: the week, one tap for a lost research shift, the account."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cotutelle.core.access import requires
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.queries import institution_of
from cotutelle.mentorship.queries import supervisors_of
from cotutelle.people.views.common import actor_of
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import DutyKind, ExceptionKind
from cotutelle.rotations.forms.hours import LogForm, PulledForm
from cotutelle.rotations.models import HourException
from cotutelle.rotations.queries.hours import account_of, hours_text, monday_of, ward_on
from cotutelle.rotations.queries.hours_pages import research_shifts
from cotutelle.rotations.services.hours import log_exception, withdraw_exception
from cotutelle.rotations.views.hours_common import hours_context
from cotutelle.ui.violations import show_violation


def own_student(request: HttpRequest) -> Student:
    """Return the student who is signed in."""
    rows = Student.objects.select_related("unit", "person", "cohort")
    return get_object_or_404(rows, person=actor_of(request))


def back_to_week(day: dt.date) -> HttpResponse:
    """Return to the week of ``day``."""
    return redirect(f"{reverse('rotations:my-hours')}?week={monday_of(day)}")


@requires("rotations.log_hours")
@require_safe
def my_hours(request: HttpRequest) -> HttpResponse:
    student = own_student(request)
    ward = ward_on(student, today())
    readers = [
        *(person.display_name for person in supervisors_of(student)),
        *([_("the secretaries of %(ward)s") % {"ward": ward.display_name}] if ward else []),
        _("the residency office and the graduate school of %(unit)s")
        % {"unit": institution_of(student.unit).display_name},
    ]
    context = hours_context(request, student) | {
        "is_own": True,
        "readers": _("Who can read it: you, %(names)s.") % {"names": _(", ").join(readers)},
    }
    return render(request, "rotations/hours/my_hours.html", context)


@requires("rotations.log_hours")
@require_http_methods(["GET", "POST"])
def pulled(request: HttpRequest) -> HttpResponse:
    """Which research shift was lost, then by whom: one question a screen."""
    student = own_student(request)
    asked = PulledForm(request.POST or request.GET or None)
    if not asked.is_valid():
        shifts = [
            (day, shift, _address(day, shift.left))
            for day, shift in research_shifts(student, today())
        ]
        context = _steps(1) | {"shifts": shifts}
        return render(request, "rotations/hours/pulled_which.html", context)
    day, minutes = asked.cleaned_data["day"], asked.cleaned_data["minutes"]
    if request.method == "POST":
        try:
            log_exception(
                student, day=day, kind=ExceptionKind.PULLED_TO_WARD, duty=DutyKind.RESEARCH,
                minutes=minutes, pulled_by=asked.cleaned_data["pulled_by"], actor=actor_of(request),
            )  # fmt: skip
        except RuleViolation as violation:
            messages.error(request, str(violation))
        else:
            messages.success(
                request,
                _("Logged. %(owed)s h of research time are owed to you; your mentors were told.")
                % {"owed": hours_text(account_of(student).owed)},
            )
        return back_to_week(day)
    context = _steps(2) | {"form": asked, "day": day, "hours": hours_text(minutes)}
    return render(request, "rotations/hours/pulled_by.html", context)


def _address(day: dt.date, minutes: int) -> str:
    return f"{reverse('rotations:hours-pulled')}?day={day}&minutes={minutes}"


def _steps(step: int) -> dict[str, Any]:
    return {"step": step, "steps": 2, "step_dots": [True, step > 1]}


@requires("rotations.log_hours")
@require_http_methods(["GET", "POST"])
def log(request: HttpRequest) -> HttpResponse:
    """Worked longer or less than the roster says."""
    student = own_student(request)
    form = LogForm(
        request.POST or None, initial={"day": request.GET.get("day") or today().isoformat()}
    )
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            log_exception(
                student,
                **typed | {"kind": ExceptionKind(typed["kind"]), "duty": DutyKind(typed["duty"])},
                actor=actor_of(request),
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Logged."))
            return back_to_week(typed["day"])
    context = {
        "form": form,
        "title": _("Worked longer or less"),
        "lead": _("Only what differs from the roster is logged. Nobody is marked for it."),
        "submit_label": _("Log hours"),
        "cancel_url": reverse("rotations:my-hours"),
    }
    return render(request, "rotations/hours/form.html", context)


@requires("rotations.log_hours")
@require_POST
def take_back(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take back what was logged by mistake."""
    row = get_object_or_404(
        HourException.objects.select_related("student__unit"),
        public_id=public_id,
        student__person=actor_of(request),
    )
    try:
        withdraw_exception(row, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
    else:
        messages.success(request, _("Taken back."))
    return back_to_week(row.day)
