"""The what-if room: picking whom a change is about, one step at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from cotutelle.engines import matching
from cotutelle.selection.enums import ParticipantState
from cotutelle.selection.models import Participant, Round, Scenario
from cotutelle.selection.queries.scenario_caps import unbounded_units
from cotutelle.selection.queries.scenario_names import (
    Names,
    label_of,
    mentors_of,
    offers_of,
    students_of,
)
from cotutelle.selection.views.scenario_words import EDITS

SHOWN = 50
#: Kind of edit → what has to be picked first, in this order.
STEPS: Mapping[str, tuple[str, ...]] = {
    "list": ("student",),
    "answer": ("mentor",),
    "places": ("place",),
    "cap": ("unit",),
    "pin": ("student", "offer"),
    "unpin": ("pinned",),
    "ban": ("student", "mentor"),
    "unban": ("banned",),
    "leave": ("student",),
    "join": ("gone",),
}


def value_of(request: HttpRequest, step: str) -> str:
    """Return what was picked at ``step``."""
    return request.POST.get(step) or request.GET.get(step, "")


def picked(request: HttpRequest, step: str, home: Round, problem: matching.MatchingProblem) -> bool:
    """Tell whether what was picked at ``step`` is in this market."""
    value = value_of(request, step)
    known: Mapping[str, Mapping[str, Any]] = {
        "student": problem.student_preferences,
        "offer": problem.offers,
        "mentor": problem.mentors,
        "pinned": problem.pins,
        "group": problem.groups,
    }
    if step in known:
        return value in known[step]
    if step == "unit":
        return value in unbounded_units(home, problem)
    if step == "banned":
        student, _gap, mentor = value.partition(".")
        return bool(student and mentor in problem.mentors)
    if step == "gone":
        return any(str(p.public_id) == value for p in gone(home, problem, ""))
    level, _gap, key = value.partition(".")
    return level in {"offer", "mentor", "group"} and key in known[level]


def pick(  # noqa: PLR0917  a step of an edit
    request: HttpRequest,
    scenario: Scenario,
    kind: str,
    step: str,
    home: Round,
    problem: matching.MatchingProblem,
) -> HttpResponse:
    """Show what can be picked at ``step``, with a search."""
    text = request.GET.get("q", "").strip()[:100]
    rows = _choices(step, home, problem, text)
    carried = {name: request.GET[name] for name in STEPS[kind] if request.GET.get(name)}
    title = {
        "student": _("Which student?"),
        "offer": _("Which offer?"),
        "mentor": _("Which mentor?"),
        "place": _("Whose places?"),
        "unit": _("Which unit?"),
        "pinned": _("Which assignment?"),
        "banned": _("Which conflict?"),
        "gone": _("Which student?"),
    }[step]
    return render(
        request,
        "selection/officer/scenario_pick.html",
        {
            "round": scenario.round,
            "scenario": scenario,
            "title": title,
            "search_label": _("Name of the unit")
            if step == "unit"
            else _("Name, pinyin or number"),
            "label": EDITS[kind][1],
            "step": step,
            "q": text,
            "rows": rows[:SHOWN],
            "more": max(0, len(rows) - SHOWN),
            "carried": carried,
        },
    )


def _choices(
    step: str, home: Round, problem: matching.MatchingProblem, text: str
) -> list[tuple[str, str]]:
    """Return (value, label) of what can be picked."""
    if step == "student":
        return _rows(students_of(home, text), problem.student_preferences)
    if step == "gone":
        return [(str(p.public_id), _told_apart(p)) for p in gone(home, problem, text)]
    if step == "offer":
        return _rows(offers_of(home, text), problem.offers)
    if step == "mentor":
        return _rows(mentors_of(home, text), problem.mentors)
    if step == "place":
        names = Names(home).load(groups=problem.groups)
        groups = [(f"group.{key}", names.of("group", key)) for key in problem.groups]
        return [
            *_holding(groups, text),
            *_rows(mentors_of(home, text), problem.mentors, "mentor."),
            *_rows(offers_of(home, text), problem.offers, "offer."),
        ]
    return _holding(_pairs_or_units(step, home, problem), text)


def _holding(pairs: Iterable[tuple[str, str]], text: str) -> list[tuple[str, str]]:
    return [pair for pair in pairs if text.casefold() in pair[1].casefold()]


def _pairs_or_units(
    step: str, home: Round, problem: matching.MatchingProblem
) -> list[tuple[str, str]]:
    if step == "unit":
        units = unbounded_units(home, problem)
        return [(key, unit.display_name) for key, unit in units.items()]
    names = Names(home)
    if step == "pinned":
        pins = {s: pin.offer_id for s, pin in problem.pins.items()}
        names.load(students=pins, offers=pins.values())
        found = [(s, f"{names.of('student', s)} – {names.of('offer', o)}") for s, o in pins.items()]
    else:
        bans = {
            (s, problem.offers[o].mentor_id)
            for (s, o), ban in problem.bans.items()
            if ban.kind == "conflict"
        }
        names.load(students=[s for s, _m in bans], mentors=[m for _s, m in bans])
        found = [
            (f"{s}.{m}", f"{names.of('student', s)} – {names.of('mentor', m)}") for s, m in bans
        ]
    return sorted(found, key=lambda pair: pair[1])


def _told_apart(row: Any) -> str:
    """Name a row; a student with the candidate number, since names repeat."""
    if isinstance(row, Participant):
        return f"{label_of(row)} · {row.student.candidate_number}"
    return label_of(row)


def _rows(rows: Any, known: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    return [
        (f"{prefix}{row.public_id}", _told_apart(row))
        for row in rows
        if str(row.public_id) in known
    ]


def gone(home: Round, problem: matching.MatchingProblem, text: str) -> list[Any]:
    rows = students_of(home, text).filter(state=ParticipantState.WITHDRAWN)
    return [row for row in rows if str(row.public_id) not in problem.student_preferences]
