"""Moves by hand on the board, and what one does with a scenario as a whole."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.people.views.common import actor_of
from cotutelle.rotations.models import Scenario
from cotutelle.rotations.queries.planning_names import Names
from cotutelle.rotations.queries.planning_scenarios import newly_broken, open_scenario
from cotutelle.rotations.queries.planning_words import loads_of, violation_text
from cotutelle.rotations.services import planning_scenarios as services
from cotutelle.rotations.services import planning_wishes
from cotutelle.rotations.services.planning_scenarios import moved
from cotutelle.rotations.services.planning_wishes import PinData
from cotutelle.rotations.views.planning_board import frame_of, panel_of
from cotutelle.rotations.views.planning_common import scenario_name, scenario_or_404


@requires("rotations.view_board")
@require_http_methods(["GET", "HEAD", "POST"])
def stay(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show one stay in the side panel; a post moves or holds it."""
    found = scenario_or_404(request, public_id, "rotations.view_board")
    if request.method != "POST":
        if not found.stays:
            raise Http404
        opened, names = open_scenario(found), Names(found.cycle)
        panel = panel_of(request, opened, names, request.GET.get("stay", ""))
        context = frame_of(request, found) | {"panel": panel}
        return render(request, "rotations/planning/_stay.html", context)
    check(request.user, "rotations.plan_cycle", found.cycle)
    try:
        if request.POST.get("do") == "pin":
            _pin(request, found)
        else:
            _move(request, found)
    except RuleViolation as violation:
        messages.error(request, str(violation))
    back = request.POST.get("back", "")
    return redirect(f"{reverse('rotations:scenario', args=[found.public_id])}?{back}")


def _move(request: HttpRequest, found: Scenario) -> None:
    try:
        start, revision = int(request.POST["start"]), int(request.POST["revision"])
    except (KeyError, ValueError) as error:
        raise RuleViolation("scenario.block", _("Choose a month.")) from error
    services.move_stay(
        found,
        request.POST.get("trainee", ""),
        request.POST.get("key", ""),
        ward=request.POST.get("ward", ""),
        start=start,
        revision=revision,
        actor=actor_of(request),
    )
    count = found.outcome.get("violations", 0)
    if count:
        messages.warning(request, _("Moved. The plan now breaks rules; they are marked in red."))
    else:
        messages.success(request, _("Moved. The plan keeps every rule."))


def _pin(request: HttpRequest, found: Scenario) -> None:
    """Hold the stay as the scenario has it, or let it go where it is held so already."""
    opened, names = open_scenario(found), Names(found.cycle)
    id_, key = request.POST.get("trainee", ""), request.POST.get("key", "")
    person, part = names.people.get(id_), names.part(id_, key)
    here = next((s for s in opened.stays.get(id_, ()) if s.block == key), None)
    ward = names.wards.get(here.ward) if here else None
    if person is None or part is None or here is None or ward is None:
        raise RuleViolation("scenario.block", _("There is no such block, ward or month."))
    pin = person.pins.filter(block=part.block, part=part.number).select_related("ward").first()
    actor = actor_of(request)
    if pin is not None and pin.ward_id == ward.pk and pin.start == here.start:
        planning_wishes.remove_pin(pin, actor=actor)
        messages.success(request, _("The stay is no longer held."))
        return
    data = PinData(block=part.block, part=part.number, ward=ward, start=here.start)
    planning_wishes.set_pin(person, data, actor=actor)
    messages.success(request, _("The stay is held: the next computation keeps it."))


@requires("rotations.plan_cycle")
@require_safe
def check_move(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say which rules a move would break, before anything is saved."""
    found = scenario_or_404(request, public_id, "rotations.plan_cycle")
    if not found.stays:
        raise Http404
    opened, names = open_scenario(found), Names(found.cycle)
    id_, key = request.GET.get("trainee", ""), request.GET.get("key", "")
    trainee = next((t for t in opened.problem.trainees if t.id == id_), None)
    text = request.GET.get("start", "")
    if (
        trainee is None
        or text not in {str(p) for p in range(opened.problem.horizon)}
        or key not in {b.id for b in trainee.blocks}
    ):
        raise Http404
    months = {block.id: block.months for block in trainee.blocks}
    own = moved(opened.stays.get(id_, ()), key, request.GET.get("ward", ""), int(text), months)
    after = opened.stays | {id_: tuple(own)}
    fresh = newly_broken(opened.problem, after, opened.violations)
    loads = loads_of(opened.problem, after)
    says = list(dict.fromkeys(violation_text(v, names, opened.problem, loads) for v in fresh))
    context = {"says": says, "when": names.months(int(text), int(text) + months[key] - 1)}
    return render(request, "rotations/planning/_check.html", context)


# ---------------------------------------------------------------- what one does with a scenario


@requires("rotations.plan_cycle")
@require_POST
def act(request: HttpRequest, public_id: UUID, what: str) -> HttpResponse:
    """Stop, copy, name, throw away, take back or make again, try a repair."""
    found = scenario_or_404(request, public_id, "rotations.plan_cycle")
    actor = actor_of(request)
    here = reverse("rotations:scenario", args=[found.public_id])
    back = request.POST.get("back", "")
    target = f"{here}?{back}" if back else here
    try:
        if what == "stop":
            services.stop_scenario(found, actor=actor)
            messages.info(request, _("The computation stops and keeps the best plan so far."))
        elif what == "rename":
            services.rename_scenario(found, request.POST.get("name", ""), actor=actor)
        elif what == "undo":
            services.undo_edit(found, actor=actor)
        elif what == "redo":
            services.redo_edit(found, actor=actor)
        else:
            target = _leave(request, found, what)
    except RuleViolation as violation:
        messages.error(request, str(violation))
    return redirect(target)


def _leave(request: HttpRequest, found: Scenario, what: str) -> str:
    """Do what leads to another page; return its address."""
    actor = actor_of(request)
    if what == "remove":
        services.remove_scenario(found, actor=actor)
        return reverse("rotations:cycle", args=[found.cycle.public_id])
    if what == "repair":
        text = request.POST.get("index", "")
        index = int(text[:9]) if text.isdecimal() else -1
        name = _("Repair %(n)s of %(name)s") % {"n": index + 1, "name": scenario_name(found)}
        made = services.try_repair(found, index, name=name, actor=actor)
    else:
        name = _("Copy of %(name)s") % {"name": scenario_name(found)}
        made = services.copy_scenario(found, name=name, actor=actor)
    return reverse("rotations:scenario", args=[made.public_id])
