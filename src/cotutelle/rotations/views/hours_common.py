"""What the pages of hours share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cotutelle.core.access import check
from cotutelle.core.clock import today
from cotutelle.people.views.common import actor_of, may
from cotutelle.programmes.models import Student
from cotutelle.rotations.alert_words import short_day
from cotutelle.rotations.enums import DutyKind
from cotutelle.rotations.models import HoursPolicy
from cotutelle.rotations.queries.hours import (
    WEEK,
    WeekHours,
    account_of,
    averages_of,
    hours_text,
    monday_of,
    open_alerts_of,
    policy_for,
    students_visible_to,
)
from cotutelle.rotations.queries.hours_pages import days_of, recent_weeks

_YEARS = range(2000, 2200)
SHOWN_LINES = 12


def hours_tabs(request: HttpRequest, current: str) -> list[dict[str, Any]]:
    """Return the tabs of hours that the reader may open."""
    tabs = (
        ("hours", pgettext("hours", "Students"), "rotations:hours", "rotations.list_hours"),
        ("alerts", _("Alerts"), "rotations:alerts", "rotations.list_hours"),
        ("figures", _("Figures"), "rotations:hours-figures", "rotations.view_hours_figures"),
        ("rosters", _("Rosters"), "rotations:rosters", "rotations.import_roster"),
        (
            "policy",
            _("Ceilings and floor"),
            "rotations:hours-policy",
            "rotations.manage_hours_policy",
        ),
    )
    return [
        {"label": label, "url": reverse(name), "current": key == current}
        for key, label, name, permission in tabs
        if may(request, permission)
    ]


def student_or_404(request: HttpRequest, public_id: UUID, permission: str) -> Student:
    """Return a student whose hours the reader may read, and check ``permission`` on them."""
    rows = students_visible_to(actor_of(request), today())
    found = get_object_or_404(rows, public_id=public_id)
    check(request.user, permission, found)
    return found


def asked_monday(request: HttpRequest) -> dt.date:
    """Return the Monday of ``?week=2026-11-16``, or of the present week."""
    text = request.GET.get("week", "")
    if text[:4].isdecimal() and int(text[:4]) in _YEARS:
        with suppress(ValueError):
            return monday_of(dt.date.fromisoformat(text))
    return monday_of(today())


def hours_context(request: HttpRequest, student: Student) -> dict[str, Any]:
    """Return what a page about one student's hours shows."""
    present, monday = today(), asked_monday(request)
    policy, weeks = policy_for(student.unit), recent_weeks(student, present)
    account = account_of(student, lines=SHOWN_LINES)
    averages = averages_of(weeks[-policy.average_weeks :])
    return {
        "student": student,
        "days": days_of(student, monday, present),
        "monday": monday,
        "sunday": monday + dt.timedelta(days=6),
        "earlier": f"?week={monday - WEEK}",
        "later": f"?week={monday + WEEK}",
        "is_this_week": monday == monday_of(present),
        "account": account,
        "granted": hours_text(account.granted),
        "had": hours_text(account.had),
        "owed": hours_text(account.owed),
        "taken": hours_text(account.taken),
        "repaid": hours_text(account.repaid),
        "averages": averages,
        "policy": policy,
        "charts": charts_of(weeks, policy) if any(week.days for week in weeks) else [],
        "alerts": open_alerts_of(student),
    }


def charts_of(weeks: Sequence[WeekHours], policy: HoursPolicy) -> list[dict[str, Any]]:
    """Return the charts of ward hours and of research hours by week, with their sentences."""
    averages = averages_of(weeks[-policy.average_weeks :])
    most, least = float(policy.clinical_most_hours), float(policy.research_least_hours)
    ward, research = (DutyKind.CLINICAL, DutyKind.ON_CALL), (DutyKind.RESEARCH,)
    says = {
        "clinical": _("No whole week is known yet; the ceiling is %(bound)g h a week."),
        "research": _("No whole week is known yet; the floor is %(bound)g h a week."),
    }
    values = {"clinical": {"bound": most}, "research": {"bound": least}}
    if averages is not None:
        says = {
            "clinical": _("On average %(hours)s h a week (n = %(n)d weeks); at most %(bound)g h."),
            "research": _("On average %(hours)s h a week (n = %(n)d weeks); at least %(bound)g h."),
        }
        for key, hours in (("clinical", averages.clinical), ("research", averages.research)):
            values[key] |= {"hours": f"{hours:.1f}", "n": averages.weeks}  # type: ignore[dict-item]
    return [
        {
            "id": f"hours-{key}",
            "title": title,
            "says": says[key] % values[key],
            "data": _chart(weeks, kinds, key, (name, bound)),
        }
        for key, title, kinds, name, bound in (
            ("clinical", _("Clinic and on call by week"), ward, _("Ceiling"), most),
            ("research", _("Research by week"), research, _("Floor"), least),
        )
    ]


def _chart(
    weeks: Sequence[WeekHours], kinds: Sequence[DutyKind], track: str, bound: tuple[str, float]
) -> dict[str, Any]:
    """Return actual and planned hours and the bound; weeks without data have gaps."""

    def line(name: str) -> list[float | None]:
        sums = [sum(getattr(week, name)[kind] for kind in kinds) / 60 for week in weeks]
        return [round(h, 1) if week.days else None for h, week in zip(sums, weeks, strict=True)]

    return {
        "category_name": _("Week from"),
        "unit": "h",
        "categories": [short_day(week.monday) for week in weeks],
        "series": [
            {"name": pgettext("hours", "Actual"), "values": line("actual"), "track": track},
            {"name": pgettext("hours", "Planned"), "values": line("planned")},
            {"name": bound[0], "values": [bound[1]] * len(weeks), "track": "oncall"},
        ],
    }
