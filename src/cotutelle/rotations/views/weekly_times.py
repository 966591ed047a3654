"""When people and rooms are taken in a week: a grid to tap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import BusyKind
from cotutelle.rotations.forms.weekly import RoomForm, slots_asked
from cotutelle.rotations.models import MeetingRoom, SeriesMember, Term, WeeklyBusy
from cotutelle.rotations.queries import weekly as queries
from cotutelle.rotations.queries.weekly_grid import Grid, weekday_name
from cotutelle.rotations.services import weekly_terms
from cotutelle.rotations.views.weekly_common import attempt, term_or_404, term_page
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation

FREE = "free"
_RANK = {BusyKind.FIXED: 3, BusyKind.MOVABLE: 2, BusyKind.UNWANTED: 1}


def slots_of(term: Term, grid: Grid, **holder: Any) -> dict[int, str]:
    """Return the taken slots of a person or a room → how firmly."""
    found: dict[int, str] = {}
    for row in WeeklyBusy.objects.filter(term=term, **holder):
        for slot in grid.touched(row.weekday, row.starts_at, row.ends_at):
            if (
                _RANK[BusyKind(row.kind)] > _RANK.get(BusyKind(found[slot]), 0)
                if slot in found
                else True
            ):
                found[slot] = row.kind
    return found


def _grid_page(
    request: HttpRequest, term: Term, holder: Person | MeetingRoom, *, here: str, **context: Any
) -> HttpResponse:
    """Show the grid; a post marks the ticked slots as the pressed button says."""
    grid = Grid(term)
    key = {"room" if isinstance(holder, MeetingRoom) else "person": holder}
    taken = slots_of(term, grid, **key)
    if request.method == "POST":
        kind = request.POST.get("kind", "")
        ticked = slots_asked(request.POST.getlist("slot"), len(grid.slots))
        ticked |= _halves(request.POST.getlist("half"), grid)
        marked = {n: k for n, k in taken.items() if n not in ticked}
        if kind in BusyKind.values:
            marked |= dict.fromkeys(ticked, kind)
        if not ticked:
            messages.error(request, _("Tap the times first, then say what they are."))
        else:
            attempt(
                request,
                lambda: (weekly_terms.set_busy(term, holder, marked, actor=actor_of(request)),),
                _("Weekly times saved."),
            )
        return redirect(here)
    base = {
        "term": term,
        "lines": _lines(grid, taken),
        "weekdays": [(d, weekday_name(d)) for d in grid.weekdays],
        "kinds": [(value, label) for value, label in BusyKind.choices],
        "halves": _half_lines(grid),
        "is_room": isinstance(holder, MeetingRoom),
        "count": len(taken),
    }
    return render(request, "rotations/weekly/times.html", base | context)


def _lines(grid: Grid, taken: Mapping[int, str]) -> list[dict[str, Any]]:
    labels = dict(BusyKind.choices)
    lines = []
    for start in grid.starts:
        slots = [grid.by_start[weekday, start] for weekday in grid.weekdays]
        lines.append(
            {
                "time": slots[0].text.split(" ")[1],
                "pause": slots[0].number in grid.breaks,
                "cells": [
                    {
                        "number": slot.number,
                        "text": slot.text,
                        "kind": taken.get(slot.number, FREE),
                        "label": labels.get(taken.get(slot.number, "")) or pgettext("week", "Free"),
                    }
                    for slot in slots
                ],
            }
        )
    return lines


def _half_lines(grid: Grid) -> list[tuple[str, str, list[int]]]:
    """Return the half-days to tick at once: key, label, weekdays."""
    both = bool(grid.breaks)
    names = [("am", _("All the morning")), ("pm", _("All the afternoon"))]
    lines = names if both else [("am", _("All the day"))]
    return [(key, label, list(grid.weekdays)) for key, label in lines]


def _halves(asked: list[str], grid: Grid) -> set[int]:
    """Return the slots of half-days like ``am-2``."""
    pause = min((s.starts for s in grid.slots if s.number in grid.breaks), default=24 * 60)
    found = set()
    for slot in grid.slots:
        half = "am" if slot.starts < pause else "pm"
        if f"{half}-{slot.weekday}" in asked:
            found.add(slot.number)
    return found


@requires("rotations.keep_own_week")
@require_http_methods(["GET", "HEAD", "POST"])
def my_times(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """When I am taken in a week of this term."""
    term = get_object_or_404(queries.terms_of(actor_of(request)), public_id=public_id)
    return _grid_page(
        request,
        term,
        actor_of(request),
        here=reverse("rotations:my-times", args=[term.public_id]),
        title=_("When I am taken"),
        back=(_("My week"), reverse("rotations:my-week")),
    )


@requires("rotations.keep_week_times")
@require_http_methods(["GET", "HEAD", "POST"])
def person_times(request: HttpRequest, public_id: UUID, person_id: UUID) -> HttpResponse:
    term = term_or_404(request, public_id)
    person = get_object_or_404(queries.people_kept_by(actor_of(request)), public_id=person_id)
    check(request.user, "rotations.keep_week_times", person)
    return _grid_page(
        request,
        term,
        person,
        here=reverse("rotations:person-times", args=[term.public_id, person.public_id]),
        title=_("When %(who)s is taken") % {"who": person.display_name},
        back=(_("Who is taken when"), reverse("rotations:term-people", args=[term.public_id])),
    )


@requires("rotations.keep_meeting_rooms")
@require_safe
def term_people(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Those who take part and whom the reader keeps, with how much of their week is known."""
    term = term_or_404(request, public_id)
    members = SeriesMember.objects.filter(series__term=term, series__ended_at__isnull=True)
    rows = (
        queries.people_kept_by(actor_of(request))
        .filter(pk__in=members.values("person"))
        .annotate(times=Count("weekly_busy", filter=Q(weekly_busy__term=term), distinct=True))
    )
    listing: Listing[Person] = Listing(
        request.GET,
        rows,
        sorts=[
            Sort("name", _("name"), ["name_sort", "id"]),
            Sort("times", _("least known first"), ["times", "name_sort", "id"]),
        ],
        toggles=[Toggle("unknown", _("Nothing known yet"), lambda rows: rows.filter(times=0))],
        search=Search([], _("Name or number"), apply=search),
    )
    if fmt := request.GET.get("format"):
        return download(request, _times_table(term, listing), fmt)
    return term_page(
        request,
        "people",
        term,
        "people",
        listing=listing,
        may_import=may(request, "rotations.import_week_times"),
    )


def _times_table(term: Term, listing: Listing[Person]) -> Table:
    lines = WeeklyBusy.objects.filter(term=term, person__in=listing.all_rows.values("pk"))
    columns = [
        Out(_("Unit code"), lambda b: term.unit.code),
        Out(_("Term"), lambda b: term.name_zh),
        Out(pgettext("person", "Number"), lambda b: b.person.number),
        Out(_("Name"), lambda b: b.person.display_name),
        Out(_("Weekday"), lambda b: weekday_name(b.weekday)),
        Out(_("From"), lambda b: f"{b.starts_at:%H:%M}"),
        Out(_("Until"), lambda b: f"{b.ends_at:%H:%M}"),
        Out(_("How firmly"), lambda b: BusyKind(b.kind).label),
    ]
    order = ["person__name_sort", "person", "weekday", "starts_at"]
    return Table(_("Weekly times"), columns, lines.select_related("person").order_by(*order))


@requires("rotations.keep_meeting_rooms")
@require_safe
def term_rooms(request: HttpRequest, public_id: UUID) -> HttpResponse:
    term = term_or_404(request, public_id)
    listing: Listing[MeetingRoom] = Listing(
        request.GET,
        queries.rooms_visible_to(actor_of(request)),
        sorts=[
            Sort("name", pgettext("of a thing", "name"), ["name_zh", "id"]),
            Sort("seats", _("most seats"), ["-seats", "id"]),
        ],
        toggles=[Toggle("used", _("In use"), lambda r: r.filter(is_archived=False), default=True)],
        search=Search(["name_zh", "name_en"], pgettext("of a thing", "Name")),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Room"), str),
            Out(_("Unit"), lambda r: r.unit.display_name),
            Out(_("Seats"), lambda r: r.seats, "number"),
            Out(_("Remote"), lambda r: _("yes") if r.has_remote else _("no")),
        ]
        return download(request, Table(_("Meeting rooms"), columns, listing.all_rows), fmt)
    return term_page(request, "rooms", term, "rooms", listing=listing)


@requires("rotations.keep_meeting_rooms")
@require_http_methods(["GET", "HEAD", "POST"])
def room_new(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _room(request, term_or_404(request, public_id), None)


@requires("rotations.keep_meeting_rooms")
@require_http_methods(["GET", "HEAD", "POST"])
def room_edit(request: HttpRequest, public_id: UUID, room_id: UUID) -> HttpResponse:
    return _room(request, term_or_404(request, public_id), _room_or_404(request, room_id))


def _room_or_404(request: HttpRequest, room_id: UUID) -> MeetingRoom:
    rows = queries.rooms_visible_to(actor_of(request))
    return get_object_or_404(rows, public_id=room_id)


def _room(request: HttpRequest, term: Term, room: MeetingRoom | None) -> HttpResponse:
    form = RoomForm(request.POST or None, actor=actor_of(request), room=room)
    back = reverse("rotations:term-rooms", args=[term.public_id])
    if request.method == "POST" and form.is_valid():
        try:
            weekly_terms.save_room(
                form.room, unit=form.cleaned_data.get("unit"), room=room, actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Room saved."))
            return redirect(back)
    context = {
        "form": form,
        "title": str(room) if room else _("Add a meeting room"),
        "submit_label": _("Save room"),
        "cancel_url": back,
        "back": (_("Meeting rooms"), back),
    }
    return render(request, "rotations/weekly/form.html", context)


@requires("rotations.keep_meeting_rooms")
@require_http_methods(["GET", "HEAD", "POST"])
def room_times(request: HttpRequest, public_id: UUID, room_id: UUID) -> HttpResponse:
    """When a room is taken by others."""
    term, room = term_or_404(request, public_id), _room_or_404(request, room_id)
    return _grid_page(
        request,
        term,
        room,
        here=reverse("rotations:room-times", args=[term.public_id, room.public_id]),
        title=_("When %(who)s is taken") % {"who": room},
        back=(_("Meeting rooms"), reverse("rotations:term-rooms", args=[term.public_id])),
    )
