"""What the pages of planning share: finding things, tabs, words of states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import CycleState, ScenarioState, SwapState
from cotutelle.rotations.models import Cycle, Participant, Scenario
from cotutelle.rotations.queries import planning as queries

CYCLE_KINDS: Mapping[str, str] = {
    CycleState.DRAFT: "wait",
    CycleState.PUBLISHED: "ok",
    CycleState.ARCHIVED: "wait",
}
SCENARIO_KINDS: Mapping[str, str] = {
    ScenarioState.WAITING: "wait",
    ScenarioState.COMPUTING: "run",
    ScenarioState.READY: "due",
    ScenarioState.IMPOSSIBLE: "late",
    ScenarioState.FAILED: "late",
    ScenarioState.PUBLISHED: "ok",
}
SWAP_KINDS: Mapping[str, str] = {
    SwapState.ASKED: "due",
    SwapState.AGREED: "due",
    SwapState.APPROVED: "ok",
    SwapState.REFUSED: "late",
    SwapState.WITHDRAWN: "wait",
}


def cycle_or_404(request: HttpRequest, public_id: UUID, permission: str) -> Cycle:
    """Return a cycle the reader may see, and check ``permission`` on it."""
    found = get_object_or_404(queries.cycles_visible_to(actor_of(request)), public_id=public_id)
    check(request.user, permission, found)
    return found


def scenario_or_404(request: HttpRequest, public_id: UUID, permission: str) -> Scenario:
    """Return a scenario the reader may see, and check ``permission`` on its cycle."""
    rows = queries.scenarios_visible_to(actor_of(request))
    found = get_object_or_404(rows, public_id=public_id)
    check(request.user, permission, found.cycle)
    return found


def participant_or_404(request: HttpRequest, public_id: UUID, permission: str) -> Participant:
    """Return a participant the reader may see, and check ``permission`` on them."""
    rows = queries.participants_visible_to(actor_of(request))
    found = get_object_or_404(rows, public_id=public_id)
    check(request.user, permission, found)
    return found


def scenario_name(scenario: Scenario) -> str:
    """Return the name of a scenario, or its number."""
    return scenario.name or _("Scenario %(n)s") % {"n": scenario.number}


def scenario_state(scenario: Scenario) -> str:
    """Return the state in words; "impossible" only where that is proven."""
    state = ScenarioState(scenario.state)
    diagnosis = scenario.outcome.get("diagnosis") or {}
    if state == ScenarioState.IMPOSSIBLE and not diagnosis.get("is_proven"):
        return _("No plan found")
    return str(state.label)


def cycle_tabs(request: HttpRequest, cycle: Cycle, current: str) -> list[dict[str, Any]]:
    """Return the tabs of a cycle that the reader may open."""
    tabs = (
        ("overview", _("Overview"), "rotations:cycle", "rotations.view_cycle"),
        ("people", _("Trainees"), "rotations:people", "rotations.view_board"),
        ("events", _("Events"), "rotations:events", "rotations.view_board"),
        ("rules", _("Planning rules"), "rotations:cycle-rules", "rotations.plan_cycle"),
        ("history", _("History"), "rotations:cycle-history", "rotations.view_board"),
    )
    return [
        {
            "label": label,
            "url": reverse(name, args=[cycle.public_id]),
            "current": key == current,
        }
        for key, label, name, permission in tabs
        if may(request, permission, cycle)
    ]


def cycle_page(
    request: HttpRequest, template: str, cycle: Cycle, tab: str, **context: Any
) -> HttpResponse:
    """Render a page of a cycle inside its frame."""
    base = {
        "cycle": cycle,
        "state_kind": CYCLE_KINDS[cycle.state],
        "state_label": CycleState(cycle.state).label,
        "tab_items": cycle_tabs(request, cycle, tab),
        "may_plan": may(request, "rotations.plan_cycle", cycle),
    }
    return render(request, f"rotations/planning/{template}.html", base | context)
