"""What the pages of departments, curricula and wards share."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cotutelle.core.clock import today
from cotutelle.people.views.common import may
from cotutelle.rotations.months import add_months, first_of

_YEARS = range(2000, 2200)


def setup_tabs(request: HttpRequest, current: str) -> list[dict[str, Any]]:
    """Return the tabs of the rotations that the reader may open."""
    hours = "hours" if may(request, "rotations.list_hours") else "hours-figures"
    tabs = (
        ("cycles", pgettext("rotations", "Plans"), "rotations:cycles", "rotations.view_cycles"),
        ("terms", _("Joint rounds"), "rotations:terms", "rotations.view_terms"),
        ("wards", _("Wards"), "rotations:wards", "rotations.view_wards"),
        ("load", _("Load of the wards"), "rotations:load", "rotations.view_wards"),
        ("curricula", _("Curricula"), "rotations:curricula", "rotations.view_curricula"),
        ("departments", _("Departments"), "rotations:departments", "rotations.view_departments"),
        (
            "hours",
            pgettext("rotations", "Hours"),
            f"rotations:{hours}",
            "rotations.view_hours_figures",
        ),
    )
    return [
        {"label": label, "url": reverse(name), "current": key == current}
        for key, label, name, permission in tabs
        if may(request, permission)
    ]


def asked_month(request: HttpRequest, *, ahead: int = 0, name: str = "month") -> dt.date:
    """Return the month the address asks for (``?month=2026-12``), or the one ``ahead`` of today."""
    text = request.GET.get(name, "")
    if text[:4].isdecimal() and int(text[:4]) in _YEARS:
        with suppress(ValueError):
            return dt.date.fromisoformat(f"{text}-01")
    return add_months(first_of(today()), ahead)
