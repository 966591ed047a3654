"""Scenarios: asked for, stopped, named, copied, edited by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.engines.rotation import Stay, problem_from_json, problem_to_json
from cotutelle.engines.rotation.rules import Repair, Rule, apply_repair
from cotutelle.jobs.services import start_job
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.rotations.enums import CycleState, ScenarioKind, ScenarioState
from cotutelle.rotations.models import Cycle, Scenario, ScenarioEdit
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries.planning_keys import trainee_key
from cotutelle.rotations.queries.planning_problem import require_people
from cotutelle.rotations.queries.planning_scenarios import (
    figures,
    gap_percent,
    open_scenario,
    stays_from_json,
    stays_to_json,
)

JOB = "rotations.plan"
_OPEN = (ScenarioState.WAITING, ScenarioState.COMPUTING)


@transaction.atomic
def request_scenario(
    cycle: Cycle,
    *,
    kind: str,
    name: str = "",
    base: Scenario | None = None,
    time_limit: int | None = None,
    actor: Person,
) -> Scenario:
    """
    Ask for a plan from scratch, or for a re-plan of what is in force; a job computes it.

    ``time_limit`` in seconds holds for this one instead of that of the cycle's rules. Refuses:
    ``cycle.state`` (archived; a re-plan needs a published plan), ``cycle.empty``,
    ``cycle.rules`` (time limit), ``scenario.running`` (another one of this cycle is being
    computed).
    """
    check(actor, "rotations.plan_cycle", cycle)
    cycle = Cycle.objects.select_for_update(of=("self",)).select_related("unit").get(pk=cycle.pk)
    if cycle.state == CycleState.ARCHIVED:
        raise RuleViolation("cycle.state", _("This plan is archived."))
    if kind == ScenarioKind.REPLAN and cycle.state != CycleState.PUBLISHED:
        raise RuleViolation("cycle.state", _("Only a published plan is re-planned."))
    require_people(cycle, _("Add participants before planning."))
    if cycle.scenarios.filter(state__in=_OPEN).exists():
        raise RuleViolation(
            "scenario.running", _("Another scenario of this plan is being computed. Wait for it.")
        )
    scenario = _new(cycle, kind=kind, name=name, base=base, actor=actor)
    scenario.rules = _rules(cycle, time_limit)
    scenario.save(update_fields=["rules"])
    record("rotations.scenario.requested", actor=actor, subject=scenario, after={"kind": kind})
    start_job(
        JOB,
        actor=actor,
        unit=cycle.unit,
        subject=scenario,
        args={"scenario_id": scenario.pk},
    )
    return scenario


def _rules(cycle: Cycle, time_limit: int | None) -> dict[str, Any]:
    """Return the rules that a computation follows."""
    if time_limit is None:
        return dict(cycle.rules)
    rules = replace(PlanRules.from_parameters(cycle.rules), time_limit=time_limit)
    if fault := rules.fault():
        raise RuleViolation("cycle.rules", fault[1], field=fault[0])
    return rules.as_parameters()


def _new(cycle: Cycle, *, kind: str, name: str, base: Scenario | None, actor: Person) -> Scenario:
    last = cycle.scenarios.aggregate(n=Max("number"))["n"] or 0
    return Scenario.objects.create(
        cycle=cycle,
        number=last + 1,
        name=name.strip()[:120],
        kind=kind,
        base=base,
        created_by=actor,
        created_at=now(),
    )


@transaction.atomic
def stop_scenario(scenario: Scenario, *, actor: Person) -> None:
    """Ask the computation to stop and keep the best plan so far. Refuses: ``scenario.over``."""
    check(actor, "rotations.plan_cycle", scenario)
    found = Scenario.objects.filter(pk=scenario.pk, state__in=_OPEN).update(is_stopping=True)
    if not found:
        raise RuleViolation("scenario.over", _("This computation has ended already."))
    record("rotations.scenario.stopped", actor=actor, subject=scenario)


@transaction.atomic
def rename_scenario(scenario: Scenario, name: str, *, actor: Person) -> None:
    """Give a scenario a name of its own."""
    check(actor, "rotations.plan_cycle", scenario)
    before, scenario.name = scenario.name, name.strip()[:120]
    scenario.save(update_fields=["name"])
    record(
        "rotations.scenario.renamed",
        actor=actor,
        subject=scenario,
        before={"name": before},
        after={"name": scenario.name},
    )


@transaction.atomic
def copy_scenario(scenario: Scenario, *, name: str = "", actor: Person) -> Scenario:
    """
    Copy a computed plan to try changes on it by hand.

    Refuses: ``scenario.state`` (nothing has been computed).
    """
    check(actor, "rotations.plan_cycle", scenario)
    if not scenario.stays:
        raise RuleViolation("scenario.state", _("There is no plan in this scenario to copy."))
    Cycle.objects.select_for_update().get(pk=scenario.cycle_id)
    made = _new(scenario.cycle, kind=ScenarioKind.COPY, name=name, base=scenario, actor=actor)
    made.state = ScenarioState.READY
    made.rules, made.problem, made.stays = scenario.rules, scenario.problem, scenario.stays
    kept = {k: v for k, v in scenario.outcome.items() if k not in {"diagnosis", "replan"}}
    made.outcome = kept | {"status": "edited"}
    made.computed_at = now()
    made.save()
    record("rotations.scenario.copied", actor=actor, subject=made, after={"from": scenario.number})
    return made


@transaction.atomic
def try_repair(scenario: Scenario, index: int, *, name: str, actor: Person) -> Scenario:
    """
    Make a scenario of one of the repairs that the diagnosis proposed, with its proven plan.

    Nothing is waived by that: publishing it needs the rules themselves to be changed.
    Refuses: ``scenario.repair`` (there is none of this number).
    """
    check(actor, "rotations.plan_cycle", scenario)
    repairs = (scenario.outcome.get("diagnosis") or {}).get("repairs", [])
    if not 0 <= index < len(repairs):
        raise RuleViolation("scenario.repair", _("There is no such repair."))
    kept = repairs[index]
    stays = stays_from_json(kept["stays"])
    changes = tuple(_rule(change) for change in kept["changes"])
    problem = apply_repair(
        problem_from_json(scenario.problem), Repair(changes, kept["size"], stays)
    )
    Cycle.objects.select_for_update().get(pk=scenario.cycle_id)
    made = _new(scenario.cycle, kind=ScenarioKind.COPY, name=name, base=scenario, actor=actor)
    made.state, made.rules = ScenarioState.READY, scenario.rules
    made.problem, made.stays = problem_to_json(problem), stays_to_json(stays)
    best = {id_: pair[1] for id_, pair in scenario.outcome.get("satisfaction", {}).items()}
    made.outcome = figures(problem, stays, best) | {"status": "edited", "repair": kept["changes"]}
    made.computed_at = now()
    made.save()
    record("rotations.scenario.repaired", actor=actor, subject=made, after={"repair": index + 1})
    return made


def _rule(change: dict[str, Any]) -> Rule:
    periods = change["periods"]
    return Rule(
        kind=change["kind"],
        subjects=tuple(change["subjects"]),
        trainees=tuple(change["trainees"]),
        periods=(periods[0], periods[1]) if periods else None,
        amount=change["amount"],
    )


@transaction.atomic
def remove_scenario(scenario: Scenario, *, actor: Person) -> None:
    """Throw a scenario away. Refuses: ``scenario.published``, ``scenario.running``."""
    check(actor, "rotations.plan_cycle", scenario)
    Cycle.objects.select_for_update().get(pk=scenario.cycle_id)
    scenario.refresh_from_db(fields=["state"])
    if scenario.state == ScenarioState.PUBLISHED or scenario.published_stays.exists():
        raise RuleViolation("scenario.published", _("A published scenario stays in the records."))
    if scenario.state in _OPEN:
        raise RuleViolation(
            "scenario.running", _("This scenario is being computed. Stop it first.")
        )
    record(
        "rotations.scenario.removed",
        actor=actor,
        subject=scenario.cycle,
        before={"number": scenario.number},
    )
    scenario.delete()


# ---------------------------------------------------------------- edits by hand


def moved(
    own: Sequence[Stay], key: str, ward: str, start: int, months: dict[str, int]
) -> list[Stay]:
    """
    Return a trainee's stays with one of them moved.

    Where another stay of the same length lies exactly in the new months, the two change places.
    """
    old = next((stay for stay in own if stay.block == key), None)
    rest = [stay for stay in own if stay.block != key]
    if old is not None and old.start != start:
        for n, other in enumerate(rest):
            same = other.start == start and months.get(other.block) == months.get(key)
            if same:
                rest[n] = Stay(other.block, other.ward, old.start)
    return sorted([*rest, Stay(key, ward, start)], key=lambda stay: (stay.start, stay.block))


@transaction.atomic
def move_stay(
    scenario: Scenario,
    trainee: str,
    key: str,
    *,
    ward: str,
    start: int,
    revision: int,
    actor: Person,
) -> ScenarioEdit:
    """
    Move one stay by hand to another month or ward; rules it breaks then are shown, not refused.

    Refuses: ``scenario.state`` (not ready, or published), ``scenario.stale`` (somebody else
    changed it meanwhile), ``scenario.block`` (no such block or ward, outside the plan, nobody
    who takes part).
    """
    check(actor, "rotations.plan_cycle", scenario)
    _lock_ready(scenario, revision)
    opened = open_scenario(scenario)
    person = next((t for t in opened.problem.trainees if t.id == trainee), None)
    blocks = {block.id: block for block in person.blocks} if person else {}
    months = {id_: block.months for id_, block in blocks.items()}
    fits = 0 <= start < opened.problem.horizon
    rows = scenario.cycle.participants.select_related("student__person")
    row = next((p for p in rows if trainee_key(p) == trainee), None)
    if row is None or key not in blocks or ward not in blocks[key].wards or not fits:
        raise RuleViolation("scenario.block", _("There is no such block, ward or month."))
    before = opened.stays.get(trainee, ())
    after = moved(before, key, ward, start, months)
    scenario.edits.filter(undone_at__isnull=False).delete()
    number = (scenario.edits.aggregate(n=Max("number"))["n"] or 0) + 1
    edit = ScenarioEdit.objects.create(
        scenario=scenario,
        number=number,
        participant=row,
        before=[[s.block, s.ward, s.start] for s in before],
        after=[[s.block, s.ward, s.start] for s in after],
        actor=actor,
        at=now(),
    )
    _keep(scenario, trainee, edit.after, "rotations.scenario.edited", actor)
    return edit


@transaction.atomic
def undo_edit(scenario: Scenario, *, actor: Person) -> None:
    """Take the last edit back. Refuses: ``scenario.state``, ``scenario.no_edit``."""
    check(actor, "rotations.plan_cycle", scenario)
    _lock_ready(scenario)
    edit = scenario.edits.filter(undone_at__isnull=True).order_by("-number").first()
    if edit is None:
        raise RuleViolation("scenario.no_edit", _("There is no edit to take back."))
    edit.undone_at = now()
    edit.save(update_fields=["undone_at"])
    trainee = trainee_key(edit.participant)
    _keep(scenario, trainee, edit.before, "rotations.scenario.undone", actor)


@transaction.atomic
def redo_edit(scenario: Scenario, *, actor: Person) -> None:
    """Make the edit again that was taken back last. Refuses as `undo_edit`."""
    check(actor, "rotations.plan_cycle", scenario)
    _lock_ready(scenario)
    edit = scenario.edits.filter(undone_at__isnull=False).order_by("number").first()
    if edit is None:
        raise RuleViolation("scenario.no_edit", _("There is no edit to make again."))
    edit.undone_at = None
    edit.save(update_fields=["undone_at"])
    trainee = trainee_key(edit.participant)
    _keep(scenario, trainee, edit.after, "rotations.scenario.redone", actor)


def _lock_ready(scenario: Scenario, revision: int | None = None) -> None:
    Scenario.objects.select_for_update().filter(pk=scenario.pk).values("pk").get()
    scenario.refresh_from_db(fields=["state", "stays", "problem", "outcome", "revision"])
    if scenario.state != ScenarioState.READY:
        raise RuleViolation(
            "scenario.state",
            _("Only a computed scenario that is not published is edited; copy it to edit it."),
        )
    if revision is not None and scenario.revision != revision:
        raise RuleViolation(
            "scenario.stale", _("Somebody changed this scenario meanwhile. Look at it again.")
        )


def _keep(scenario: Scenario, trainee: str, own: Any, action: str, actor: Person) -> None:
    """Store a trainee's stays and what the plan is worth now; its certificate is void."""
    scenario.stays = {**scenario.stays, trainee: own}
    scenario.revision += 1
    scenario.run = None
    opened = open_scenario(scenario)
    best = {id_: pair[1] for id_, pair in scenario.outcome.get("satisfaction", {}).items()}
    fresh = figures(opened.problem, opened.stays, best)
    fresh["gap"] = gap_percent(fresh["score"], scenario.outcome.get("bound"))
    scenario.outcome = {**scenario.outcome, **fresh, "status": "edited"}
    scenario.save(update_fields=["stays", "revision", "run", "outcome"])
    record(action, actor=actor, subject=scenario, after={"revision": scenario.revision})
