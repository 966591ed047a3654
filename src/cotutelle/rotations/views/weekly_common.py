"""What the pages of the week share: finding things, tabs, words of states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import MeetingState, TermState
from cotutelle.rotations.models import Meeting, Series, Term
from cotutelle.rotations.queries import weekly as queries

TERM_KINDS: Mapping[str, str] = {
    TermState.DRAFT: "wait",
    TermState.PUBLISHED: "ok",
    TermState.ARCHIVED: "wait",
}
MEETING_KINDS: Mapping[str, str] = {
    MeetingState.PLANNED: "wait",
    MeetingState.MOVED: "due",
    MeetingState.CANCELLED: "wait",
    MeetingState.HELD: "ok",
    MeetingState.MISSED: "late",
}


def term_or_404(request: HttpRequest, public_id: UUID, permission: str = "") -> Term:
    """Return a term the reader may see, and check ``permission`` on it."""
    found = get_object_or_404(queries.terms_visible_to(actor_of(request)), public_id=public_id)
    if permission:
        check(request.user, permission, found)
    return found


def series_or_404(request: HttpRequest, public_id: UUID, permission: str) -> Series:
    """Return a series of a term the reader may see, or of their own, and check ``permission``."""
    actor = actor_of(request)
    rows = Series.objects.select_related("term__unit", "room", "ward")
    found = get_object_or_404(rows, public_id=public_id)
    if not found.members.filter(person=actor).exists():
        get_object_or_404(queries.terms_visible_to(actor), pk=found.term_id)
    check(request.user, permission, found)
    return found


def meeting_or_404(request: HttpRequest, public_id: UUID, permission: str) -> Meeting:
    """Return a meeting the reader may see, and check ``permission`` on it."""
    found = get_object_or_404(queries.meetings_visible_to(actor_of(request)), public_id=public_id)
    check(request.user, permission, found)
    return found


def attempt(request: HttpRequest, act: Callable[[], Any], says: str) -> Any:
    """Do ``act``, say how it went; returns what it returned, ``None`` where a rule refused."""
    try:
        result = act()
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return None
    messages.success(request, says)
    return result


def term_page(
    request: HttpRequest, template: str, term: Term, tab: str, **context: Any
) -> HttpResponse:
    """Render a page of a term inside its frame."""
    plans = may(request, "rotations.plan_week", term)
    tabs = [
        ("overview", _("Overview"), "rotations:term"),
        ("series", _("What is held"), "rotations:term-series"),
        ("people", _("Who is taken when"), "rotations:term-people"),
        ("rooms", _("Meeting rooms"), "rotations:term-rooms"),
        ("board", _("Rounds by week"), "rotations:term-board"),
        ("history", _("History"), "rotations:term-history"),
    ]
    if not may(request, "rotations.keep_meeting_rooms"):
        tabs = [t for t in tabs if t[0] in {"overview", "board"}]
    base = {
        "term": term,
        "state_kind": TERM_KINDS[term.state],
        "state_label": TermState(term.state).label,
        "may_plan": plans and term.state != TermState.ARCHIVED,
        "tab_items": [
            {"label": label, "url": reverse(name, args=[term.public_id]), "current": key == tab}
            for key, label, name in tabs
        ],
    }
    return render(request, f"rotations/weekly/{template}.html", base | context)


def asked_day(request: HttpRequest, today: dt.date) -> dt.date:
    """Return the Monday of the week that ``?from=`` asks for, else of today's."""
    day = today
    with suppress(ValueError):
        day = dt.date.fromisoformat(request.GET.get("from", ""))
    if not dt.date(2000, 1, 10) < day < dt.date(2200, 1, 1):
        day = today
    return day - dt.timedelta(days=day.weekday())


def round_tabs(request: HttpRequest, current: str) -> list[dict[str, Any]]:
    """Return the tabs of the pages about joint rounds."""
    tabs = (
        ("week", _("My week"), "rotations:my-week", "rotations.keep_own_week"),
        ("rounds", _("Joint rounds"), "rotations:joint-rounds", "rotations.view_meetings"),
        ("problems", _("Clinical problems"), "rotations:problems", "rotations.view_problems"),
        ("mentors", _("By mentor"), "rotations:round-mentors", "rotations.view_round_figures"),
        ("terms", _("Terms"), "rotations:terms", "rotations.view_terms"),
    )
    return [
        {"label": label, "url": reverse(name), "current": key == current}
        for key, label, name, permission in tabs
        if may(request, permission)
    ]
