"""What is held every week: the list, one appointment, its slot, asking for one."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import MemberRole, SeriesKind
from cotutelle.rotations.forms.weekly import SeriesForm
from cotutelle.rotations.models import Series, Term
from cotutelle.rotations.queries import weekly as queries
from cotutelle.rotations.queries.weekly_grid import weekday_name, window_text
from cotutelle.rotations.queries.weekly_problem import rooms_for
from cotutelle.rotations.queries.weekly_words import names_of, slot_text
from cotutelle.rotations.services import weekly_placing, weekly_series
from cotutelle.rotations.views.weekly_common import (
    attempt,
    series_or_404,
    term_or_404,
    term_page,
)
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation


@requires("rotations.keep_meeting_rooms")
@require_safe
def term_series(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = term_or_404(request, public_id)
    listing: Listing[Series] = Listing(
        request.GET,
        queries.series_of(found),
        sorts=[
            Sort("kind", _("kind"), ["kind", "name_zh", "id"]),
            Sort("when", _("time of the week"), ["weekday", "starts_at", "id"]),
        ],
        choices=[Choice("kind", _("Kind"), SeriesKind.choices, "kind")],
        toggles=[
            Toggle("open", _("Without a slot"), lambda rows: rows.filter(weekday__isnull=True))
        ],
        search=Search([], _("Name or person"), apply=queries.search_series),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(found, listing), fmt)
    rows = [(s, slot_text(s), _leads(s), s.members.count()) for s in listing.rows]
    return term_page(request, "series_list", found, "series", listing=listing, rows=rows)


def _leads(series: Series) -> str:
    mentors = [m.person for m in series.members.all() if m.role != MemberRole.STUDENT]
    return names_of(mentors or [m.person for m in series.members.all()])


def _table(found: Term, listing: Listing[Series]) -> Table:
    columns = [
        Out(_("Kind"), lambda s: SeriesKind(s.kind).label),
        Out(pgettext("of a thing", "Name"), str),
        Out(_("Time of the week"), slot_text),
        Out(_("Minutes"), lambda s: s.minutes, "number"),
        Out(_("Ward"), lambda s: s.ward.display_name if s.ward else ""),
        Out(_("Room"), lambda s: str(s.room or "")),
        Out(_("People"), lambda s: names_of(m.person for m in s.members.all())),
    ]
    return Table(found.display_name, columns, listing.all_rows)


@requires("rotations.plan_week")
@require_http_methods(["GET", "HEAD", "POST"])
def series_new(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _edit(request, term_or_404(request, public_id, "rotations.plan_week"), None)


@requires("rotations.plan_week")
@require_http_methods(["GET", "HEAD", "POST"])
def series_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = series_or_404(request, public_id, "rotations.plan_week")
    return _edit(request, found.term, found)


def _edit(request: HttpRequest, term: Term, series: Series | None) -> HttpResponse:
    form = SeriesForm(request.POST or None, actor=actor_of(request), term=term, series=series)
    if request.method == "POST" and form.is_valid():
        try:
            made = weekly_series.save_series(
                term, form.typed, form.members, series=series, actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Saved. Give it a slot by planning the week, or by hand."))
            return redirect("rotations:series-place", made.public_id)
    context = {
        "form": form,
        "series": series,
        "term": term,
        "members": series.members.select_related("person").order_by("role", "id") if series else (),
        "roles": MemberRole.choices,
        "title": str(series) if series else _("Add a weekly appointment"),
        "submit_label": _("Save the weekly appointment"),
        "cancel_url": reverse("rotations:term-series", args=[term.public_id]),
    }
    return render(request, "rotations/weekly/series_form.html", context)


@requires("rotations.plan_week")
@require_http_methods(["GET", "HEAD", "POST"])
def series_end(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = series_or_404(request, public_id, "rotations.plan_week")
    if request.method == "POST":
        attempt(
            request,
            lambda: weekly_series.end_series(found, actor=actor_of(request)),
            _("Ended. Meetings to come left the calendars."),
        )
        return redirect("rotations:term-series", found.term.public_id)
    ahead = found.meetings.filter(state__in=queries.PLACED).count()
    context = {
        "title": _("End %(name)s") % {"name": found},
        "says": _("Meetings to come are cancelled; what was held and raised stays."),
        "changes": [{"icon": "calendar-off", "text": _("Meetings planned"), "count": ahead}],
        "button": _("End the appointment"),
        "cancel_url": reverse("rotations:series-edit", args=[found.public_id]),
    }
    return render(request, "ui/confirm.html", context)


@requires("rotations.place_series")
@require_http_methods(["GET", "HEAD", "POST"])
def series_place(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Every time of the week with who would be in the way; a press puts it there."""
    found = series_or_404(request, public_id, "rotations.place_series")
    if found.ended_at is not None:
        messages.error(request, _("This weekly time has ended."))
        if may(request, "rotations.view_terms"):
            return redirect("rotations:term-series", found.term.public_id)
        return redirect("rotations:my-week")
    rooms = list(rooms_for(found.term)) if found.needs_room else []
    asked = request.POST.get("room") or request.GET.get("room", "")
    room = next(
        (r for r in rooms if str(r.public_id) == asked), found.room or next(iter(rooms), None)
    )
    if not found.needs_room:
        room = None
    if request.method == "POST":
        text = request.POST.get("start", "")
        start = int(text[:9]) if text.isdecimal() else None
        made = attempt(
            request,
            lambda: weekly_placing.place_series(
                found, start, room=room if start is not None else None, actor=actor_of(request)
            ),
            _("The slot is set.") if start is not None else _("It has no slot now."),
        )
        if made is not None and may(request, "rotations.view_terms"):
            return redirect("rotations:term-series", found.term.public_id)
        return redirect("rotations:series-place", found.public_id)
    context = {
        "series": found,
        "now": slot_text(found),
        "people": found.members.select_related("person").order_by("role", "id"),
        "rooms": rooms,
        "room": room,
        "lines": _lines(found, room),
        "weekdays": [weekday_name(d) for d in range(found.term.weekdays)],
        "may_plan": may(request, "rotations.plan_week", found),
    }
    return render(request, "rotations/weekly/series_place.html", context)


def _lines(found: Series, room: Any) -> list[dict[str, Any]]:
    """Return one line for each beginning of a day: its cells over the weekdays."""
    options = weekly_placing.options_of(found, room)
    grid = options.grid
    current = grid.slot_at(found.weekday, found.starts_at)
    lines = []
    for start in grid.starts:
        cells: list[dict[str, Any]] = []
        for weekday in grid.weekdays:
            slot = grid.by_start[weekday, start].number
            if slot not in options.says:
                cells.append({"out": True})
                continue
            cells.append(
                {
                    "start": slot,
                    "text": grid.text(slot, grid.length(found.minutes)),
                    "current": slot == current,
                    "says": options.says[slot],
                    "unliked": slot in options.unliked,
                }
            )
        if any("start" in cell for cell in cells):
            lines.append({"time": f"{dt.time(*divmod(start, 60)):%H:%M}", "cells": cells})
    return lines


@requires("rotations.plan_week")
@require_POST
def series_ask(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask somebody to free a time for it."""
    found = series_or_404(request, public_id, "rotations.plan_week")
    member = get_object_or_404(
        found.members.select_related("person"), person__public_id=_uuid(request.POST.get("person"))
    )
    window = asked_window(request.POST)
    if window is None:
        messages.error(request, _("There is no such slot in this term."))
    else:
        attempt(
            request,
            lambda: weekly_placing.ask_for_slot(
                found, member.person, weekday=window[0], starts_at=window[1], ends_at=window[2],
                actor=actor_of(request),
            ),
            _("%(who)s was asked.") % {"who": member.person.display_name},
        )  # fmt: skip
    return redirect("rotations:term", found.term.public_id)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def asked_window(params: QueryDict) -> tuple[int, dt.time, dt.time] | None:
    """Return weekday, beginning and end that ``day``, ``from`` and ``until`` say."""
    try:
        weekday = int(params.get("day", ""))
        begins = dt.time.fromisoformat(params.get("from", ""))
        ends = dt.time.fromisoformat(params.get("until", ""))
    except ValueError:
        return None
    sound = weekday in range(7) and begins < ends and begins.tzinfo is ends.tzinfo is None
    return (weekday, begins, ends) if sound else None


@requires("rotations.keep_own_week")
@require_http_methods(["GET", "HEAD", "POST"])
def series_free(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say whether one can free the time one was asked for."""
    rows = Series.objects.select_related("term__unit").filter(members__person=actor_of(request))
    found = get_object_or_404(rows, public_id=public_id)
    window = asked_window(request.GET)
    if window is None:
        return redirect("rotations:my-times", found.term.public_id)
    if request.method == "POST":
        frees = request.POST.get("answer") == "yes"
        attempt(
            request,
            lambda: (
                weekly_placing.answer_slot(
                    found, weekday=window[0], starts_at=window[1], ends_at=window[2], frees=frees,
                    actor=actor_of(request),
                ),
            ),
            _("Thank you. Your weekly times are changed.") if frees else _("Thank you for saying."),
        )  # fmt: skip
        return redirect("rotations:my-times", found.term.public_id)
    context = {
        "series": found,
        "when": window_text(*window),
        "people": names_of(m.person for m in found.members.select_related("person")),
    }
    return render(request, "rotations/weekly/series_free.html", context)
