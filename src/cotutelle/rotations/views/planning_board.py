"""One scenario: while it is computed, why there is no plan, the board, and moves by hand."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cotutelle.core.access import requires
from cotutelle.people.views.common import may
from cotutelle.rotations.enums import DepartmentFamily, ScenarioState
from cotutelle.rotations.forms.planning import MoveForm, NameForm
from cotutelle.rotations.models import Scenario
from cotutelle.rotations.queries.planning_board import ZOOMS, View, board_of
from cotutelle.rotations.queries.planning_months import present_period
from cotutelle.rotations.queries.planning_names import COLOURS, Names
from cotutelle.rotations.queries.planning_scenarios import (
    Opened,
    edits_of,
    open_scenario,
    wishes_granted,
)
from cotutelle.rotations.queries.planning_words import (
    change_text,
    fault_in_words,
    finding_text,
    loads_of,
    rules_in_words,
    violation_text,
    who_waives,
)
from cotutelle.rotations.views.planning_common import (
    SCENARIO_KINDS,
    scenario_name,
    scenario_or_404,
    scenario_state,
)
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table

OPEN = {ScenarioState.WAITING, ScenarioState.COMPUTING}
SHOWN_PROBLEMS = 12
# Months before the present one with which the board opens.
BEFORE_NOW = 2


@requires("rotations.view_board")
@require_safe
def scenario(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = scenario_or_404(request, public_id, "rotations.view_board")
    context = frame_of(request, found)
    if found.state in OPEN or not found.stays:
        context |= _waiting(found)
        return render(request, "rotations/planning/board.html", context)
    opened, names = open_scenario(found), Names(found.cycle)
    view = _view(request, found)
    board = board_of(opened, names, view)
    if request.GET.get("format"):
        return download(request, _table(opened, names), request.GET["format"], watermark=True)
    context |= _figures(found, opened)
    context |= _controls(request, opened, names, view, board)
    context |= {
        "board": board,
        "problems": board.problems[:SHOWN_PROBLEMS],
        "more_problems": max(0, len(board.problems) - SHOWN_PROBLEMS),
        "diagnosis": _diagnosis(found, names),
    }
    if asked := request.GET.get("stay"):
        context["panel"] = panel_of(request, opened, names, asked)
    return render(request, "rotations/planning/board.html", context)


def frame_of(request: HttpRequest, found: Scenario) -> dict[str, Any]:
    undo, redo = edits_of(found)
    plans = may(request, "rotations.plan_cycle", found.cycle)
    return {
        "scenario": found,
        "cycle": found.cycle,
        "name": scenario_name(found),
        "state_kind": SCENARIO_KINDS[found.state],
        "state_label": scenario_state(found),
        "may_plan": plans,
        "may_edit": plans and found.state == ScenarioState.READY,
        "may_publish": found.state == ScenarioState.READY
        and may(request, "rotations.publish_plan", found.cycle),
        "has_undo": undo is not None,
        "has_redo": redo is not None,
        "is_running": found.state in OPEN,
        "progress": _progress(found),
        "name_form": NameForm(initial={"name": found.name}),
        "outcome": found.outcome,
    }


def _waiting(found: Scenario) -> dict[str, Any]:
    """Return what a page without a plan shows: contradictions, or why there is none."""
    names = Names(found.cycle)
    return {
        "faults": _faults(found, names),
        "diagnosis": _diagnosis(found, names),
        "board": None,
    }


def _progress(found: Scenario) -> dict[str, Any]:
    told = found.progress
    score, bound = told.get("score"), told.get("bound")
    seconds, limit = told.get("seconds", 0), told.get("limit", 0)
    gap = None
    if score is not None and bound is not None:
        gap = round(100 * max(0.0, bound - score) / max(1, abs(score)), 1)
    return {
        "score": score,
        "bound": None if bound is None else round(bound, 1),
        "gap": gap,
        "overdrawn": told.get("overdrawn", 0),
        "left": max(0, limit - seconds) if limit else None,
        "percent": min(100, round(100 * seconds / limit)) if limit else 0,
    }


@requires("rotations.view_board")
@require_safe
def progress(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = scenario_or_404(request, public_id, "rotations.view_board")
    response = render(request, "rotations/planning/_solving.html", frame_of(request, found))
    if found.state not in OPEN:
        response["HX-Refresh"] = "true"
    return response


def _view(request: HttpRequest, found: Scenario) -> View:
    def number(name: str, default: int) -> int:
        text = request.GET.get(name, "")
        return int(text) if text.isdecimal() and len(text) <= 2 else default  # noqa: PLR2004

    zoom = number("zoom", 18)
    months = zoom if zoom in ZOOMS else 18
    opens = min(present_period(found.cycle) - BEFORE_NOW, found.cycle.months - months)
    return View(
        first=number("from", max(0, opens)),
        months=months,
        search=request.GET.get("q", "").strip()[:60],
        hospital=request.GET.get("hospital", ""),
        department=request.GET.get("department", ""),
        only_problems=request.GET.get("problems") == "1",
    )


def _controls(
    request: HttpRequest, opened: Opened, names: Names, view: View, board: Any
) -> dict[str, Any]:
    """Return filters and zoom as links that keep the rest of the address."""
    base = {k: v for k, v in request.GET.items() if k != "stay" and v}

    def link(**values: Any) -> str:
        chosen = {k: v for k, v in (base | values).items() if v not in {"", None}}
        return f"?{urlencode(chosen)}" if chosen else "?"

    departments = {}
    for trainee in opened.problem.trainees:
        for block in trainee.blocks:
            if part := names.part(trainee.id, block.id):
                departments[part.block.department.code] = part.block.department.display_name
    hospitals = {ward.hospital for ward in opened.problem.wards}
    index = ZOOMS.index(view.months)
    step = max(1, view.months // 2)
    return {
        "view": view,
        "keep": [(k, v) for k, v in base.items() if k != "q"],
        "hospital_name": names.place(view.hospital) if view.hospital else "",
        "department_name": departments.get(view.department, ""),
        "hospital_links": [(names.place(code), link(hospital=code)) for code in sorted(hospitals)],
        "department_links": [
            (label, link(department=code)) for code, label in sorted(departments.items())
        ],
        "no_hospital": link(hospital=""),
        "no_department": link(department=""),
        "problem_link": link(problems="" if view.only_problems else "1"),
        "zoom_in": link(zoom=ZOOMS[index - 1]) if index else "",
        "zoom_out": link(zoom=ZOOMS[index + 1]) if index + 1 < len(ZOOMS) else "",
        "earlier": link(**{"from": max(0, board.first - step)}) if board.first else "",
        "later": link(**{"from": board.first + step}) if board.last + 1 < board.horizon else "",
        "xlsx": link(format="xlsx"),
        "address": link(),
        "legend": [(colour, DepartmentFamily(family).label) for family, colour in COLOURS.items()],
    }


def _figures(found: Scenario, opened: Opened) -> dict[str, Any]:
    granted, wishes = wishes_granted(found.cycle, opened.stays)
    outcome = found.outcome
    return {
        "granted": granted,
        "wishes": wishes,
        "points": outcome.get("score"),
        "bound": outcome.get("bound"),
        "gap": outcome.get("gap"),
        "worst": outcome.get("worst"),
        "mean": outcome.get("mean"),
        "changed": outcome.get("replan"),
    }


def _faults(found: Scenario, names: Names) -> list[dict[str, str]]:
    """Return what contradicts itself in the data, each once, and where it is repaired."""
    kept = found.outcome.get("faults", ())
    rows = (fault_in_words(code, path, names) for code, path in kept)
    return [
        {
            "text": text,
            "url": reverse("rotations:participant", args=[who.public_id]) if who else "",
        }
        for text, who in dict.fromkeys(rows)
    ]


def _diagnosis(found: Scenario, names: Names) -> dict[str, Any] | None:
    kept = found.outcome.get("diagnosis")
    if not kept:
        return None
    return {
        "findings": [finding_text(one, names) for one in kept["findings"]],
        "rules": [{"text": text, "who": who} for text, who in rules_in_words(kept["core"], names)],
        "is_proven": kept.get("is_proven", False),
        "is_irreducible": kept["is_irreducible"],
        "alone": [names.person(id_) for id_ in kept["alone"]],
        "repairs": [
            {
                "index": n,
                "size": repair["size"],
                "lines": [
                    {
                        "text": change_text(change, names),
                        "who": who_waives(change["kind"])[0],
                        "url": _place_to_change(change, names),
                    }
                    for change in repair["changes"]
                ],
            }
            for n, repair in enumerate(kept["repairs"])
        ],
    }


def _place_to_change(change: dict[str, Any], names: Names) -> str:
    """Return the page where a repair is really made."""
    if change["kind"] in {"capacity", "minimum"} and change["subjects"]:
        ward = names.wards.get(change["subjects"][0])
        return reverse("rotations:ward", args=[ward.public_id]) if ward else ""
    if change["kind"] == "hospital_count":
        return reverse("rotations:cycle-rules", args=[names.cycle.public_id])
    person = next((names.people.get(id_) for id_ in change["trainees"]), None)
    return reverse("rotations:participant", args=[person.public_id]) if person else ""


def _table(opened: Opened, names: Names) -> Table:
    lines = [
        (trainee, stay, {b.id: b.months for b in trainee.blocks}.get(stay.block, 1))
        for trainee in opened.problem.trainees
        for stay in opened.stays.get(trainee.id, ())
    ]
    columns = [
        Out(_("Student number"), lambda row: _number(names, row[0].id)),
        Out(_("Name"), lambda row: names.person(row[0].id)),
        Out(_("Block"), lambda row: names.block(row[0].id, row[1].block)),
        Out(_("Ward"), lambda row: names.ward(row[1].ward)),
        Out(_("From month"), lambda row: names.month(row[1].start)),
        Out(_("To month"), lambda row: names.month(row[1].start + row[2] - 1)),
        Out(_("Months"), lambda row: row[2], "number"),
    ]
    return Table(_("Rotation plan"), columns, lines)


def _number(names: Names, id_: str) -> str:
    row = names.people.get(id_)
    return row.student.person.number if row else ""


def panel_of(request: HttpRequest, opened: Opened, names: Names, asked: str) -> dict[str, Any]:
    """Return the side panel of one stay: where it may go, and the forms that move it."""
    id_, _slash, key = asked.partition("/")
    trainee = next((t for t in opened.problem.trainees if t.id == id_), None)
    stay = next((s for s in opened.stays.get(id_, ()) if s.block == key), None)
    if trainee is None or stay is None:
        raise Http404
    block = next(b for b in trainee.blocks if b.id == key)
    wards = [(ward, names.ward(ward)) for ward in sorted(block.wards)]
    scenario = opened.scenario
    person = names.people.get(id_)
    part = names.part(id_, key)
    pin = None
    if person is not None and part is not None:
        pin = person.pins.filter(block=part.block, part=part.number).first()
    own = [v for v in opened.violations if v.trainee == id_]
    loads = loads_of(opened.problem, opened.stays)
    return {
        "trainee": id_,
        "key": key,
        "name": names.person(id_),
        "block": names.block(id_, key),
        "ward": names.ward(stay.ward),
        "when": names.months(stay.start, stay.start + block.months - 1),
        "months": block.months,
        "form": MoveForm(
            cycle=scenario.cycle,
            horizon=opened.problem.horizon,
            wards=wards,
            initial={"ward": stay.ward, "start": stay.start, "revision": scenario.revision},
        ),
        "url": reverse("rotations:stay", args=[scenario.public_id]),
        "check_url": reverse("rotations:check", args=[scenario.public_id]),
        "pin": pin,
        "person": person,
        "problems": [violation_text(v, names, opened.problem, loads) for v in own],
        "back": request.GET.urlencode(),
    }
