"""Who is away in a month, and the rules that decide leave."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import requires
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.people.views.common import actor_of
from cotutelle.programmes import services
from cotutelle.programmes.enums import LeaveState
from cotutelle.programmes.forms.leave import ExtensionForm, RuleUnitForm, rules_form
from cotutelle.programmes.models import Leave
from cotutelle.programmes.queries import leave as reads
from cotutelle.programmes.services.months import add_months
from cotutelle.programmes.views.leave import leave_tabs
from cotutelle.ui.violations import show_violation

_MONTH = "%Y-%m"


def _month(text: str) -> dt.date:
    try:
        asked = dt.datetime.strptime(text, _MONTH).date()  # noqa: DTZ007  a month has no zone
    except ValueError:
        asked = today()
    if asked.year not in range(2000, 2200):
        asked = today()
    return asked.replace(day=1)


@requires("programmes.view_leaves")
def leave_calendar(request: HttpRequest) -> HttpResponse:
    """People × days of one month; on a phone the list below says the same."""
    first = _month(request.GET.get("month", ""))
    last = add_months(first, 1) - dt.timedelta(days=1)
    actor = actor_of(request)
    rows = reads.leaves_visible_to(actor).exclude(enrolment__student__person=actor)
    found = reads.leaves_between(rows, first, last)
    here = reverse("programmes:leave-calendar")
    context = {
        "tab_items": leave_tabs(request, "calendar"),
        "first": first,
        "days": _days(first, last),
        "people": _people(found, first, last),
        "leaves": found,
        "counts": _counts(found, first, last),
        "previous_url": f"{here}?month={add_months(first, -1):{_MONTH}}",
        "next_url": f"{here}?month={add_months(first, 1):{_MONTH}}",
    }
    return render(request, "programmes/leave_calendar.html", context)


def _days(first: dt.date, last: dt.date) -> list[dict[str, Any]]:
    count = calendar.monthrange(first.year, first.month)[1]
    days = [first + dt.timedelta(days=n) for n in range(count)]
    return [{"day": day, "is_today": day == today()} for day in days if day <= last]


def _people(found: list[Leave], first: dt.date, last: dt.date) -> list[dict[str, Any]]:
    """Return one row a student: blocks of leave between runs of empty days, in columns."""
    by_student: dict[int, list[Leave]] = {}
    for one in found:
        by_student.setdefault(one.enrolment_id, []).append(one)
    rows = []
    for leaves in by_student.values():
        cells: list[dict[str, Any]] = []
        at = first
        for one in leaves:
            start, end = max(one.starts_on, first, at), min(one.last_day, last)
            if end < start:
                continue
            cells += [{"leave": None}] * (start - at).days
            cells.append(
                {
                    "leave": one,
                    "span": (end - start).days + 1,
                    "is_asked": one.state == LeaveState.ASKED,
                }
            )
            at = end + dt.timedelta(days=1)
        cells += [{"leave": None}] * ((last - at).days + 1)
        rows.append({"student": leaves[0].enrolment.student, "cells": cells})
    return rows


def _counts(found: list[Leave], first: dt.date, last: dt.date) -> list[int]:
    days = (last - first).days + 1
    away = [0] * days
    for one in found:
        if one.state == LeaveState.ASKED:
            continue
        start, end = max(one.starts_on, first), min(one.last_day, last)
        for n in range((start - first).days, (end - first).days + 1):
            away[n] += 1
    return away


@requires("programmes.manage_leave_rules")
def leave_rules(request: HttpRequest) -> HttpResponse:
    """The rules of one unit: who must agree, and from how many days training is extended."""
    actor = actor_of(request)
    chooser = RuleUnitForm(request.GET or None, actor=actor)
    unit = chooser.chosen()
    if unit is None:
        raise Http404
    here = f"{reverse('programmes:leave-rules')}?unit={unit.public_id}"
    part = request.POST.get("part", "")
    rules = rules_form(reads.leave_rules_for(unit), request.POST if part == "rules" else None)
    extension = ExtensionForm(request.POST if part == "extension" else None)
    if request.method == "POST" and _save(request, unit, part, rules, extension):
        messages.success(request, _("Rules saved."))
        return redirect(here)
    context = {
        "tab_items": leave_tabs(request, "rules"),
        "unit": unit,
        "units": reads.rule_units(actor),
        "rules": rules,
        "has_own": unit.leave_rules.exists(),
        "extension": extension,
        "extension_rules": unit.extension_rules.order_by("province"),
        "in_force": reads.extension_rule_for(unit),
    }
    return render(request, "programmes/leave_rules.html", context)


def _save(
    request: HttpRequest, unit: Unit, part: str, rules: Any, extension: ExtensionForm
) -> bool:
    """Save what was posted; tell whether it could be."""
    actor = actor_of(request)
    try:
        if part == "rules" and rules.is_valid():
            services.keep_leave_rules(unit, rules.rules(), actor=actor)
        elif part == "usual":
            services.keep_leave_rules(unit, [], actor=actor)
        elif part == "extension" and extension.is_valid():
            services.keep_extension_rule(unit, **extension.cleaned_data, actor=actor)
        elif part == "example":
            services.install_example_extension_rule(unit, actor=actor)
        elif part == "drop":
            services.drop_extension_rule(unit, request.POST.get("province", ""), actor=actor)
        else:
            return False
    except RuleViolation as violation:
        if part == "extension":
            show_violation(extension, violation)
        else:
            messages.error(request, str(violation))
        return False
    return True
