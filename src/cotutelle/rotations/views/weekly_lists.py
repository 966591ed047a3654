"""Lists about joint rounds: all of them, what was raised, by mentor, by week."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from cotutelle.core.access import requires
from cotutelle.core.clock import now
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import MeetingState, MemberRole, SeriesKind
from cotutelle.rotations.models import ClinicalProblem, Meeting, Term
from cotutelle.rotations.queries import weekly as queries
from cotutelle.rotations.queries.weekly_words import names_of
from cotutelle.rotations.views.weekly_common import (
    MEETING_KINDS,
    round_tabs,
    term_or_404,
    term_page,
)
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle

_CELLS = {
    MeetingState.HELD: "l4",
    MeetingState.PLANNED: "l0",
    MeetingState.MOVED: "l2",
    MeetingState.CANCELLED: "under",
    MeetingState.MISSED: "over",
}
_MARKS = {
    MeetingState.HELD: "✓",
    MeetingState.PLANNED: "",
    MeetingState.MOVED: "→",
    MeetingState.CANCELLED: "–",
    MeetingState.MISSED: "✕",
}


def _terms(request: HttpRequest) -> Choice:
    rows = queries.meetings_visible_to(actor_of(request)).order_by().values("series__term")
    terms = Term.objects.filter(pk__in=rows).order_by("-starts_on", "id")
    options = [(str(t.public_id), t.display_name) for t in terms]
    return Choice("term", _("Term"), options, "series__term__public_id")


@requires("rotations.view_meetings")
@require_safe
def round_list(request: HttpRequest) -> HttpResponse:
    listing: Listing[Meeting] = Listing(
        request.GET,
        queries.rounds_visible_to(actor_of(request)),
        sorts=[
            Sort("newest", _("latest first"), ["-starts_at", "-id"]),
            Sort("oldest", _("earliest first"), ["starts_at", "id"]),
        ],
        choices=[Choice("state", _("State"), MeetingState.choices, "state"), _terms(request)],
        toggles=[
            Toggle(
                "begun", _("Begun by now"), lambda r: r.filter(starts_at__lte=now()), default=True
            )
        ],
        search=Search([], _("Team or person"), apply=queries.search_rounds),
    )
    if fmt := request.GET.get("format"):
        return download(request, _round_table(listing), fmt)
    rows = [(m, MEETING_KINDS[m.state], _mentors(m)) for m in listing.rows]
    context = {"listing": listing, "rows": rows, "tab_items": round_tabs(request, "rounds")}
    return render(request, "rotations/weekly/round_list.html", context)


def _mentors(meeting: Meeting) -> str:
    students = MemberRole.STUDENT
    return names_of(m.person for m in meeting.series.members.all() if m.role != students)


def _round_table(listing: Listing[Meeting]) -> Table:
    came = {"present", "remote"}
    columns = [
        Out(pgettext("round", "Team"), lambda m: str(m.series)),
        Out(_("Term"), lambda m: m.series.term.display_name),
        Out(_("Begins"), lambda m: m.starts_at, "datetime"),
        Out(_("State"), lambda m: MeetingState(m.state).label),
        Out(_("Mentors"), _mentors),
        Out(_("Came"), lambda m: sum(a.presence in came for a in m.attendances.all()), "number"),
        Out(_("Members"), lambda m: len(m.series.members.all()), "number"),
        Out(_("Problems raised"), lambda m: m.raised, "number"),
        Out(_("Reason"), lambda m: m.reason),
    ]
    return Table(_("Joint rounds"), columns, listing.all_rows)


@requires("rotations.view_problems")
@require_safe
def problem_list(request: HttpRequest) -> HttpResponse:
    """Clinical problems raised at joint rounds, kept for research to build on."""
    listing: Listing[ClinicalProblem] = Listing(
        request.GET,
        queries.problems_visible_to(actor_of(request)),
        sorts=[
            Sort("newest", _("latest first"), ["-created_at", "-id"]),
            Sort("title", _("title"), ["title", "id"]),
        ],
        search=Search(
            ["title", "text", "meeting__series__name_zh", "meeting__series__name_en"],
            _("Word of the problem, team"),
        ),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Problem"), lambda p: p.title),
            Out(_("What is known, what is not"), lambda p: p.text),
            Out(pgettext("round", "Team"), lambda p: str(p.meeting.series)),
            Out(_("Joint round"), lambda p: p.meeting.starts_at, "datetime"),
            Out(_("Raised by"), lambda p: p.raised_by.display_name),
        ]
        return download(request, Table(_("Clinical problems"), columns, listing.all_rows), fmt)
    context = {"listing": listing, "tab_items": round_tabs(request, "problems")}
    return render(request, "rotations/weekly/problem_list.html", context)


def _count_of(state: str) -> Callable[[Any], int]:
    return lambda row: int(row[1].get(state, 0))


def _label_of(week: int) -> Callable[[Any], str]:
    return lambda row: str(row[1][week]["label"])


@requires("rotations.view_round_figures")
@require_safe
def round_mentors(request: HttpRequest) -> HttpResponse:
    """How many joint rounds each mentor's teams held, and to how many the mentor came."""
    rows = queries.rounds_by_mentor(actor_of(request))
    if fmt := request.GET.get("format"):
        columns = [
            Out(pgettext("person", "Number"), lambda r: r[0].number),
            Out(_("Name"), lambda r: r[0].display_name),
            Out(_("Unit"), lambda r: r[0].unit.display_name),
            Out(_("Counts toward duties"), lambda r: r[1].get("came", 0), "number"),
            *(Out(label, _count_of(state), "number") for state, label in MeetingState.choices),
        ]
        return download(request, Table(_("Joint rounds by mentor"), columns, rows), fmt)
    context = {
        "rows": rows,
        "tab_items": round_tabs(request, "mentors"),
        "named": may(request, "rotations.view_meetings"),
    }
    return render(request, "rotations/weekly/mentors.html", context)


@requires("rotations.view_round_figures")
@require_safe
def term_board(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Teams by weeks: held, moved, cancelled, not held."""
    found = term_or_404(request, public_id)
    meetings = Meeting.objects.filter(
        series__term=found, series__kind=SeriesKind.JOINT_ROUND
    ).select_related("series")
    weeks: set[dt.date] = set()
    lines: dict[int, dict[dt.date, Meeting]] = defaultdict(dict)
    names: dict[int, Any] = {}
    totals: dict[str, int] = defaultdict(int)
    for m in meetings:
        monday = m.original_on - dt.timedelta(days=m.original_on.weekday())
        weeks.add(monday)
        lines[m.series_id][monday] = m
        names[m.series_id] = m.series
        totals[m.state] += 1
    order = sorted(weeks)
    linked = may(request, "rotations.view_meetings", found)
    rows = [
        (
            names[key],
            [_cell(lines[key].get(week), linked=linked) for week in order],
            _held(lines[key]),
        )
        for key in sorted(lines, key=lambda key: str(names[key]))
    ]
    if fmt := request.GET.get("format"):
        return download(request, _board_table(found, order, rows), fmt)
    over = totals[MeetingState.HELD] + totals[MeetingState.MISSED]
    return term_page(
        request,
        "board",
        found,
        "board",
        weeks=order,
        rows=rows,
        held=totals[MeetingState.HELD],
        over=over,
        missed=totals[MeetingState.MISSED],
    )


def _cell(meeting: Meeting | None, *, linked: bool) -> dict[str, Any]:
    if meeting is None:
        return {"css": "", "mark": "", "label": ""}
    state = MeetingState(meeting.state)
    return {
        "css": _CELLS[state],
        "mark": _MARKS[state],
        "label": state.label,
        "id": meeting.public_id if linked else None,
        "day": meeting.starts_at,
    }


def _held(line: dict[dt.date, Meeting]) -> tuple[int, int]:
    states = [m.state for m in line.values()]
    held = states.count(MeetingState.HELD)
    return held, held + states.count(MeetingState.MISSED)


def _board_table(found: Term, weeks: list[dt.date], rows: list[Any]) -> Table:
    columns = [
        Out(pgettext("round", "Team"), lambda r: str(r[0])),
        *(Out(f"{w:%Y-%m-%d}", _label_of(n)) for n, w in enumerate(weeks)),
        Out(pgettext("meeting", "Held"), lambda r: r[2][0], "number"),
        Out(_("Held or not held"), lambda r: r[2][1], "number"),
    ]
    return Table(_("Rounds by week"), columns, rows)
