"""What a cycle becomes as a planning problem."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from cotutelle.core.clock import now
from cotutelle.engines.rotation import RotationProblem, Trainee
from cotutelle.rotations.enums import CycleState, EventKind, OccupancyKind, WishKind
from cotutelle.rotations.models import (
    Occupancy,
    Participant,
    PlanEvent,
    Scenario,
    Stay,
    WardMonth,
    Wish,
)
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries.planning_keys import trainee_key, ward_key
from cotutelle.rotations.queries.planning_months import first_day, last_day
from cotutelle.rotations.queries.planning_problem import build_problem
from tests.factories.rotations_planning import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def build(world: World, **rules: object) -> RotationProblem:
    world.cycle.refresh_from_db()
    parameters = world.cycle.rules | rules
    return build_problem(world.cycle, rules=PlanRules.from_parameters(parameters), keeps_plan=True)


def trainee(problem: RotationProblem, participant: Participant) -> Trainee:
    return next(t for t in problem.trainees if t.id == trainee_key(participant))


def wish(participant: Participant, kind: WishKind, **fields: object) -> None:
    Wish.objects.create(participant=participant, kind=kind, created_at=now(), **fields)


def test_a_divisible_block_comes_as_its_parts_in_order(world: World) -> None:
    own = trainee(build(world), world.people[0])
    assert {b.id: b.months for b in own.blocks} == {"IM#1": 2, "IM#2": 1, "SU": 2, "RE": 1}
    assert [(o.before, o.after) for o in own.orders] == [("IM#1", "IM#2")]


def test_places_of_others_overrides_and_closed_wards_count(world: World) -> None:
    month = first_day(world.cycle, 2)
    Occupancy.objects.create(
        ward=world.wards["IM1"], month=month, kind=OccupancyKind.INTERN, people=1
    )
    WardMonth.objects.create(ward=world.wards["SU1"], month=month, upper=5, lower=1)
    problem = build(world)
    places = {w.id: w.upper for w in problem.wards}
    lower = {w.id: w.lower for w in problem.wards}
    assert places[ward_key(world.wards["IM1"])] == (2, 2, 1, 2, 2, 2, 2, 2)
    assert places[ward_key(world.wards["SU1"])] == (2, 2, 5, 2, 2, 2, 2, 2)
    assert lower[ward_key(world.wards["SU1"])] == (0, 0, 1, 0, 0, 0, 0, 0)
    assert places[ward_key(world.wards["RE1"])] is None


def test_wishes_bind_and_give_points(world: World) -> None:
    one, two, _three = world.people
    wish(one, WishKind.PREFER_WARD, ward=world.wards["IM2"], weight=2)
    wish(one, WishKind.PREFER_HOSPITAL, hospital=world.other, weight=1)
    wish(two, WishKind.FORBID_HOSPITAL, hospital=world.other)
    wish(two, WishKind.AWAY, first=3, last=4)
    problem = build(world, ward_points=10, hospital_points=4)
    block = next(b for b in trainee(problem, one).blocks if b.id == "IM#1")
    assert block.wards == {ward_key(world.wards["IM1"]): 0, ward_key(world.wards["IM2"]): 24}
    assert trainee(problem, two).forbidden == {world.other.code}
    assert {3, 4} <= trainee(problem, two).away


def test_protected_research_is_pinned_and_what_does_not_fit_is_kept_free(world: World) -> None:
    wish(world.people[0], WishKind.RESEARCH, first=2, last=3)
    own = trainee(build(world), world.people[0])
    assert [(p.block, p.start) for p in own.pins] == [("RE", 2)]
    assert 3 in own.away


def test_training_ends_after_curriculum_slack_and_leave(world: World) -> None:
    wish(world.people[0], WishKind.AWAY, first=0, last=0)
    problem = build(world, slack_months=0)
    assert trainee(problem, world.people[0]).away == {0, 7}
    assert trainee(problem, world.people[1]).away == {6, 7}


def publish(world: World, participant: Participant, start: int) -> Stay:
    scenario = Scenario.objects.create(
        cycle=world.cycle, number=1, created_by=world.office, created_at=now()
    )
    world.cycle.state = CycleState.PUBLISHED
    world.cycle.save()
    return Stay.objects.create(
        participant=participant,
        block=world.curriculum.blocks.get(code="SU"),
        ward=world.wards["SU1"],
        starts_on=first_day(world.cycle, start),
        ends_on=last_day(world.cycle, start + 1),
        scenario=scenario,
    )


def test_what_has_begun_is_pinned_and_nothing_is_planned_into_the_past(world: World) -> None:
    publish(world, world.people[0], 1)
    begun = first_day(world.cycle, 2) + dt.timedelta(days=3)
    with time_machine.travel(dt.datetime.combine(begun, dt.time(4), dt.UTC), tick=False):
        problem = build(world)
    own = trainee(problem, world.people[0])
    assert [(p.block, p.start) for p in own.pins] == [("SU", 1)]
    assert {b.earliest for b in own.blocks if b.id != "SU"} == {3}
    assert [s.block for s in problem.previous[own.id]] == ["SU"]


def test_nobody_is_sent_out_of_a_ward_that_closes(world: World) -> None:
    publish(world, world.people[0], 2)
    PlanEvent.objects.create(
        cycle=world.cycle,
        kind=EventKind.WARD_CLOSES,
        ward=world.wards["SU1"],
        first=3,
        created_at=now(),
    )
    begun = first_day(world.cycle, 2) + dt.timedelta(days=3)
    with time_machine.travel(dt.datetime.combine(begun, dt.time(4), dt.UTC), tick=False):
        problem = build(world)
    upper = next(w.upper for w in problem.wards if w.id == ward_key(world.wards["SU1"]))
    assert upper == (2, 2, 2, 1, 0, 0, 0, 0)


def test_who_leaves_keeps_only_what_is_behind_them(world: World) -> None:
    publish(world, world.people[0], 0)
    world.people[0].left_on = first_day(world.cycle, 4)
    world.people[0].save()
    begun = first_day(world.cycle, 2) + dt.timedelta(days=3)
    with time_machine.travel(dt.datetime.combine(begun, dt.time(4), dt.UTC), tick=False):
        own = trainee(build(world), world.people[0])
    assert [b.id for b in own.blocks] == ["SU"]
    assert [(p.block, p.start) for p in own.pins] == [("SU", 0)]
