"""Scenarios computed by the engine: ready with proof, impossible with reasons, re-planned."""

from __future__ import annotations

import pytest

from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.engines.rotation import check_plan
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.rotations.enums import EventKind, ScenarioKind, ScenarioState, WishKind
from cotutelle.rotations.models import Scenario, Wish
from cotutelle.rotations.queries.planning_review import review_of
from cotutelle.rotations.queries.planning_scenarios import open_scenario
from cotutelle.rotations.services import planning_scenarios, planning_wishes
from cotutelle.rotations.services.planning_computing import verify_json
from cotutelle.rotations.services.planning_publication import publish_scenario
from cotutelle.rotations.services.planning_wishes import EventData
from tests.factories.rotations_planning import World, make_world

pytestmark = pytest.mark.django_db


def compute(world: World, kind: str = ScenarioKind.PLAN) -> Scenario:
    scenario = planning_scenarios.request_scenario(world.cycle, kind=kind, actor=world.office)
    run_now(Job.objects.get(kind="rotations.plan", subject_id=scenario.pk))
    scenario.refresh_from_db()
    return scenario


def test_a_plan_is_computed_checked_and_kept_with_its_proof() -> None:
    world = make_world(time_limit=20)
    scenario = compute(world)
    assert scenario.state == ScenarioState.READY
    opened = open_scenario(scenario)
    assert check_plan(opened.problem, opened.stays) == ()
    assert scenario.run is not None
    assert verify_json(scenario.run.certificate)["ok"] is True
    assert scenario.outcome["bound"] >= scenario.outcome["score"]
    assert review_of(scenario).is_sound


def test_only_one_scenario_is_computed_at_a_time() -> None:
    world = make_world()
    planning_scenarios.request_scenario(world.cycle, kind=ScenarioKind.PLAN, actor=world.office)
    with pytest.raises(RuleViolation) as refusal:
        planning_scenarios.request_scenario(world.cycle, kind=ScenarioKind.PLAN, actor=world.office)
    assert refusal.value.code == "scenario.running"


def test_an_impossible_plan_names_rules_and_repairs_that_work() -> None:
    world = make_world(1, slack_months=0, time_limit=5)
    Wish.objects.create(
        participant=world.people[0],
        kind=WishKind.FORBID_WARD,
        ward=world.wards["SU1"],
        created_at=now(),
    )
    scenario = compute(world)
    assert scenario.state == ScenarioState.IMPOSSIBLE
    diagnosis = scenario.outcome["diagnosis"]
    assert any(rule["kind"] == "forbidden" for rule in diagnosis["core"])
    made = planning_scenarios.try_repair(scenario, 0, name="", actor=world.office)
    assert made.outcome["violations"] == 0
    with pytest.raises(RuleViolation) as refusal:
        publish_scenario(made, revision=0, actor=world.office)
    assert refusal.value.code == "plan.broken"


def test_who_stops_before_a_plan_was_found_is_told_so_and_waits_for_no_reasons() -> None:
    world = make_world(time_limit=20)
    scenario = planning_scenarios.request_scenario(
        world.cycle, kind=ScenarioKind.PLAN, actor=world.office
    )
    Scenario.objects.filter(pk=scenario.pk).update(is_stopping=True)
    run_now(Job.objects.get(kind="rotations.plan", subject_id=scenario.pk))
    scenario.refresh_from_db()
    assert scenario.state == ScenarioState.IMPOSSIBLE
    diagnosis = scenario.outcome["diagnosis"]
    assert not diagnosis["is_proven"]
    assert not diagnosis["findings"] + diagnosis["core"] + diagnosis["repairs"]


def test_a_ward_closes_and_the_re_plan_changes_only_what_it_must() -> None:
    world = make_world(time_limit=20)
    first = compute(world)
    publish_scenario(first, revision=0, actor=world.office)
    world.cycle.refresh_from_db()
    planning_wishes.record_event(
        world.cycle,
        EventData(kind=EventKind.WARD_CLOSES, ward=world.wards["IM1"], first=0),
        actor=world.office,
    )
    scenario = compute(world, ScenarioKind.REPLAN)
    assert scenario.state == ScenarioState.READY
    told = scenario.outcome["replan"]
    assert told["least_changed_months"] <= told["changed_months"] == len(review_of(scenario).moves)
    publish_scenario(scenario, revision=0, actor=world.office)
    assert world.cycle.events.get().settled_at is not None
