"""Review & publish, what changes for whom, and two scenarios side by side."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.people.views.common import actor_of
from cotutelle.rotations.enums import ScenarioState
from cotutelle.rotations.models import Scenario
from cotutelle.rotations.queries.planning_names import Names
from cotutelle.rotations.queries.planning_review import (
    Move,
    Review,
    calendar_of,
    in_force_digest,
    moves_between,
    published_scenario,
    review_of,
)
from cotutelle.rotations.queries.planning_scenarios import open_scenario, wishes_granted
from cotutelle.rotations.queries.planning_words import loads_of, violation_text
from cotutelle.rotations.services.planning_publication import publish_scenario
from cotutelle.rotations.views.planning_common import (
    cycle_or_404,
    scenario_name,
    scenario_or_404,
)
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table

SHOWN = 200


@requires("rotations.publish_plan")
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = scenario_or_404(request, public_id, "rotations.publish_plan")
    if found.state != ScenarioState.READY:
        return redirect("rotations:scenario", found.public_id)
    if request.method == "POST":
        return _publish(request, found)
    seen = review_of(found)
    names = Names(found.cycle)
    if request.GET.get("format"):
        table = _moves_table(seen.moves, names)
        return download(request, table, request.GET["format"], watermark=True)
    return render(request, "rotations/planning/review.html", _review(found, seen, names))


def _publish(request: HttpRequest, found: Scenario) -> HttpResponse:
    text = request.POST.get("revision", "")
    try:
        count = publish_scenario(
            found,
            revision=int(text[:9]) if text.isdecimal() else -1,
            seen=request.POST.get("in_force"),
            actor=actor_of(request),
        )
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("rotations:review", found.public_id)
    says = ngettext(
        "Published. The plan of %(n)d trainee changed; they were told.",
        "Published. The plans of %(n)d trainees changed; they were told.",
        count,
    )
    messages.success(request, says % {"n": count})
    return redirect("rotations:scenario", found.public_id)


def _review(found: Scenario, seen: Review, names: Names) -> dict[str, Any]:
    concerned = len(seen.concerned)
    broken: list[str] = []
    if seen.present is not None:
        loads = loads_of(seen.present, seen.opened.stays)
        broken = [violation_text(v, names, seen.present, loads) for v in seen.broken]
    first = published_scenario(found.cycle) is None
    button = ngettext("Publish to %(n)d trainee", "Publish to %(n)d trainees", concerned)
    granted, wishes = wishes_granted(found.cycle, seen.opened.stays)
    return {
        "scenario": found,
        "cycle": found.cycle,
        "name": scenario_name(found),
        "seen": seen,
        "in_force": in_force_digest(found.cycle),
        "is_first": first,
        "verdict": _verdict(found, seen),
        "broken": list(dict.fromkeys(broken))[:SHOWN],
        "rows": move_rows(seen.moves, names)[:SHOWN],
        "months": len(seen.moves),
        "concerned": concerned,
        "button": button % {"n": concerned},
        "replan": found.outcome.get("replan"),
        "outcome": found.outcome,
        "granted": granted,
        "wishes": wishes,
    }


def _verdict(found: Scenario, seen: Review) -> dict[str, Any]:
    stays = sum(len(own) for own in seen.opened.stays.values())
    checks = [
        {"label": _("Trainees"), "count": seen.people},
        {"label": _("Stays against curriculum, leave and prohibitions"), "count": stays},
        {
            "label": _("Ward-months against their places"),
            "count": len(seen.opened.problem.wards) * seen.opened.problem.horizon,
        },
    ]
    if seen.broken:
        checks.append(
            {"label": _("Broken rules of today"), "count": len(seen.broken), "kind": "late"}
        )
    facts = []
    if found.run is not None:
        facts.append(
            {
                "label": _("Digest of the certificate"),
                "value": f"{found.run.certificate_sha256[:16]}…",
                "code": True,
            }
        )
    return {
        "passed": seen.is_sound,
        "title": _("The independent check found no broken rule")
        if seen.is_sound
        else _("The independent check refuses this plan"),
        "by": _("Checked against wards, leave and wishes as they are now."),
        "checks": checks,
        "facts": facts,
    }


def move_rows(moves: tuple[Move, ...], names: Names) -> list[dict[str, Any]]:
    """Return changed person-months as runs: one line for months that change alike."""
    rows: list[dict[str, Any]] = []
    for move in moves:
        last = rows[-1] if rows else None
        same = last is not None and (
            last["trainee"],
            last["last"] + 1,
            last["before_key"],
            last["after_key"],
        ) == (move.trainee, move.period, move.before, move.after)
        if same and last is not None:
            last["last"] = move.period
            last["when"] = names.months(last["first"], move.period)
            continue
        rows.append(
            {
                "trainee": move.trainee,
                "name": names.person(move.trainee),
                "first": move.period,
                "last": move.period,
                "when": names.month(move.period),
                "before_key": move.before,
                "after_key": move.after,
                "before": names.ward(move.before) if move.before else "–",
                "after": names.ward(move.after) if move.after else "–",
            }
        )
    return rows


def _moves_table(moves: tuple[Move, ...], names: Names) -> Table:
    columns = [
        Out(_("Name"), lambda row: row["name"]),
        Out(_("Months"), lambda row: row["when"]),
        Out(_("Before"), lambda row: row["before"]),
        Out(_("After"), lambda row: row["after"]),
    ]
    return Table(_("Changes of a rotation plan"), columns, move_rows(moves, names))


@requires("rotations.view_board")
@require_safe
def compare(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Two scenarios of a cycle side by side: figures, and whose months differ."""
    cycle = cycle_or_404(request, public_id, "rotations.view_board")
    rows = [row for row in cycle.scenarios.order_by("-number") if row.stays]
    by_number = {str(row.number): row for row in rows}
    chosen = [
        by_number.get(request.GET.get(name, ""), fallback)
        for name, fallback in zip(("a", "b"), [*rows[:2], None, None], strict=False)
    ]
    context: dict[str, Any] = {
        "cycle": cycle,
        "choices": [(str(row.number), scenario_name(row)) for row in rows],
        "a": chosen[0],
        "b": chosen[1],
    }
    if chosen[0] is not None and chosen[1] is not None:
        context |= _side_by_side(chosen[0], chosen[1])
    return render(request, "rotations/planning/compare.html", context)


def _side_by_side(one: Scenario, other: Scenario) -> dict[str, Any]:
    names = Names(one.cycle)
    opened = [open_scenario(row) for row in (one, other)]
    calendars = [calendar_of(o.problem, o.stays) for o in opened]
    moves = moves_between(calendars[0], calendars[1], one.cycle)
    granted = [wishes_granted(one.cycle, o.stays) for o in opened]

    def pair(label: str, key: str, unit: str = "") -> tuple[str, str, str]:
        values = [row.outcome.get(key) for row in (one, other)]
        shown = ["–" if v is None else f"{round(v, 1)}{unit}" for v in values]
        return label, shown[0], shown[1]

    figures = [
        pair(_("Points"), "score"),
        pair(_("Proven: no plan has more than"), "bound"),
        pair(_("May be away from the best by"), "gap", " %"),
        pair(_("Rules broken"), "violations"),
        (_("Wishes granted"), *(f"{g} / {n}" for g, n in granted)),
        pair(_("Worst-off trainee, of what they would reach alone"), "worst", " %"),
        pair(_("Mean of all trainees"), "mean", " %"),
    ]
    people = len({move.trainee for move in moves})
    return {
        "names": [scenario_name(one), scenario_name(other)],
        "figures": figures,
        "rows": move_rows(moves, names)[:SHOWN],
        "months": len(moves),
        "people": people,
        "url_a": reverse("rotations:scenario", args=[one.public_id]),
        "url_b": reverse("rotations:scenario", args=[other.public_id]),
    }
