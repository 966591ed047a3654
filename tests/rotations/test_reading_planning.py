"""Plans in force under two hands at once: what was seen, what was agreed to, who is where."""

from __future__ import annotations

import dataclasses

import pytest

from cotutelle.availability.models import Span
from cotutelle.core.errors import RuleViolation
from cotutelle.engines.rotation import Stay as PlannedStay
from cotutelle.rotations.enums import CycleState, EventKind, ScenarioState, SwapState, WardState
from cotutelle.rotations.models import Cycle, Participant, PlanEvent, Scenario, Stay, Swap, Ward
from cotutelle.rotations.months import add_months, last_of
from cotutelle.rotations.planning_links import ask_to_replan
from cotutelle.rotations.queries.hours import ward_on
from cotutelle.rotations.queries.planning_keys import trainee_key
from cotutelle.rotations.queries.planning_review import in_force_digest
from cotutelle.rotations.queries.planning_scenarios import stays_from_json, stays_to_json
from cotutelle.rotations.queries.setup_intake import intake_of
from cotutelle.rotations.queries.setup_wards import loads_of
from cotutelle.rotations.services import (
    planning_computing,
    planning_cycles,
    planning_scenarios,
    planning_swaps,
    planning_wishes,
    setup_wards,
)
from cotutelle.rotations.services.planning_publication import publish_scenario
from cotutelle.rotations.services.planning_wishes import EventData
from cotutelle.workflow.enums import TaskState
from cotutelle.workflow.models import Task
from tests.factories.rotations_planning import World, make_world
from tests.factories.rotations_setup import make_stay
from tests.rotations.planning_plans import ready_scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def publish(world: World, scenario: Scenario | None = None) -> Scenario:
    found = scenario or ready_scenario(world)
    publish_scenario(found, revision=found.revision, actor=world.office)
    world.cycle.refresh_from_db()
    return found


def variant(world: World, key: str, start: int) -> Scenario:
    """Return a copy of the first scenario in which the first trainee's stay lies elsewhere."""
    first = Scenario.objects.get(cycle=world.cycle, number=1)
    made = planning_scenarios.copy_scenario(first, actor=world.office)
    trainee = trainee_key(world.people[0])
    stays = stays_from_json(first.stays)
    stays[trainee] = tuple(
        PlannedStay(s.block, s.ward, start if s.block == key else s.start) for s in stays[trainee]
    )
    made.stays = stays_to_json(stays)
    made.save()
    return made


def stay_of(world: World, person: int, code: str, part: int = 0) -> Stay:
    return Stay.objects.select_related("participant__cycle__unit", "block", "ward").get(
        participant=world.people[person], block__code=code, part=part
    )


def agreed_swap(world: World) -> Swap:
    mine, other = stay_of(world, 0, "IM", 1), stay_of(world, 1, "IM", 1)
    swap = planning_swaps.ask_swap(mine, other, actor=world.people[0].student.person)
    return planning_swaps.answer_swap(swap, agrees=True, actor=world.people[1].student.person)


# ---------------------------------------------------------------- two hands at once


def test_nobody_publishes_over_a_plan_they_have_not_seen(world: World) -> None:
    publish(world)
    mine, theirs = variant(world, "RE", 6), variant(world, "RE", 7)
    seen = in_force_digest(world.cycle)
    publish(world, theirs)
    with pytest.raises(RuleViolation) as refusal:
        publish_scenario(mine, revision=mine.revision, seen=seen, actor=world.office)
    assert refusal.value.code == "scenario.stale"
    again = in_force_digest(world.cycle)
    publish_scenario(mine, revision=mine.revision, seen=again, actor=world.office)
    assert stay_of(world, 0, "RE").scenario == mine


def test_a_computation_that_ends_twice_does_not_undo_a_publication(world: World) -> None:
    scenario = ready_scenario(world)
    Scenario.objects.filter(pk=scenario.pk).update(state=ScenarioState.COMPUTING)
    slow = Scenario.objects.get(pk=scenario.pk)
    Scenario.objects.filter(pk=scenario.pk).update(state=ScenarioState.READY)
    scenario.refresh_from_db()
    publish(world, scenario)
    kept = Scenario.objects.get(pk=scenario.pk)
    planning_computing._end(slow, ScenarioState.FAILED, world.office, {"faults": []})
    after = Scenario.objects.get(pk=scenario.pk)
    assert (after.state, after.stays) == (ScenarioState.PUBLISHED, kept.stays)


def test_a_scenario_published_meanwhile_is_not_thrown_away(world: World) -> None:
    scenario = ready_scenario(world)
    stale = Scenario.objects.get(pk=scenario.pk)
    publish(world, scenario)
    with pytest.raises(RuleViolation) as refusal:
        planning_scenarios.remove_scenario(stale, actor=world.office)
    assert refusal.value.code == "scenario.published"


def test_an_event_settled_meanwhile_is_not_taken_back(world: World) -> None:
    first = publish(world)
    event = planning_wishes.record_event(
        world.cycle,
        EventData(kind=EventKind.TRAINEE_AWAY, first=7, last=7, participant=world.people[0]),
        actor=world.office,
    )
    stale = PlanEvent.objects.get(pk=event.pk)
    publish(world, planning_scenarios.copy_scenario(first, actor=world.office))
    with pytest.raises(RuleViolation) as refusal:
        planning_wishes.remove_event(stale, actor=world.office)
    assert refusal.value.code == "event.settled"


# ---------------------------------------------------------------- exchanges


def test_an_agreed_exchange_ends_when_a_new_plan_moves_one_of_its_stays(world: World) -> None:
    publish(world)
    swap = agreed_swap(world)
    made = variant(world, "IM#2", 6)
    publish(world, made)
    swap.refresh_from_db()
    assert swap.state == SwapState.WITHDRAWN
    tasks = Task.objects.filter(kind__in=["rotations.answer_swap", "rotations.decide_swap"])
    assert not tasks.filter(state=TaskState.OPEN).exists()
    with pytest.raises(RuleViolation) as refusal:
        planning_swaps.decide_swap(swap, approves=True, actor=world.office)
    assert refusal.value.code == "swap.state"


def test_one_exchange_ends_others_of_the_same_stay(world: World) -> None:
    publish(world)
    swap = agreed_swap(world)
    mine, other = stay_of(world, 1, "IM", 1), stay_of(world, 0, "IM", 1)
    crossed = planning_swaps.ask_swap(mine, other, actor=world.people[1].student.person)
    planning_swaps.decide_swap(swap, approves=True, actor=world.office)
    crossed.refresh_from_db()
    assert (swap.state, crossed.state) == (SwapState.APPROVED, SwapState.WITHDRAWN)


# ---------------------------------------------------------------- two plans


def test_nobody_is_sent_to_two_wards_by_two_plans(world: World) -> None:
    publish(world)
    second = Cycle.objects.create(
        unit=world.hospital,
        name_zh="另一轮",
        starts_on=world.cycle.starts_on,
        months=world.cycle.months,
        rules=world.cycle.rules,
        created_by=world.office,
        created_at=world.cycle.created_at,
    )
    for ward in world.wards.values():
        Ward.objects.filter(pk=ward.pk, upper__isnull=False).update(upper=9)
    people = [
        Participant.objects.create(cycle=second, student=row.student, curriculum=world.curriculum)
        for row in world.people
    ]
    other = dataclasses.replace(world, cycle=second, people=people)
    scenario = ready_scenario(other)
    with pytest.raises(RuleViolation) as refusal:
        publish_scenario(scenario, revision=0, actor=world.office)
    assert refusal.value.code == "plan.elsewhere"
    assert not Stay.objects.filter(participant__cycle=second).exists()
    planning_cycles.archive_cycle(world.cycle, actor=world.office)
    assert not Span.objects.filter(kind="rotations.stay", state="confirmed").exists()
    publish(other, scenario)
    assert second.state == CycleState.PUBLISHED


def test_an_archived_plan_ends_with_this_month() -> None:
    world = make_world(starts_in=0)
    publish(world)
    ward, month = world.wards["IM1"], world.cycle.starts_on
    present, coming = stay_of(world, 0, "IM", 0), stay_of(world, 2, "IM", 0)
    assert present.ends_on > last_of(month)
    planning_cycles.archive_cycle(world.cycle, actor=world.office)
    assert not Stay.objects.filter(pk=coming.pk).exists()
    present.refresh_from_db()
    assert (present.starts_on, present.ends_on) == (month, last_of(month))
    assert ward_on(present.participant.student, add_months(month, 1)) is None
    assert ward_on(present.participant.student, month) == ward
    later = [intake_of(ward, add_months(month, n)).present for n in range(1, 8)]
    assert later == [0] * 7
    assert [load.ours for load in loads_of(ward, month, 8)] == [2, *[0] * 7]
    spans = Span.objects.filter(kind="rotations.stay", state="confirmed")
    assert {span.ends_at.date() for span in spans} <= {add_months(month, 1), last_of(month)}


def test_who_goes_on_by_another_plan_stands_in_wards_as_that_one_says() -> None:
    world = make_world(starts_in=0)
    publish(world)
    month = world.cycle.starts_on
    old, new = world.wards["IM1"], world.wards["SU1"]
    moved, stays = stay_of(world, 0, "IM", 0).participant, stay_of(world, 1, "IM", 0).participant
    back = add_months(month, -1)
    Stay.objects.filter(participant__in=[moved, stays], starts_on=month).update(starts_on=back)
    planning_cycles.archive_cycle(world.cycle, actor=world.office)
    assert {s.participant for s in intake_of(old, month).staying} == {moved, stays}
    second = Cycle.objects.create(
        unit=world.hospital, name_zh="另一轮", starts_on=month, months=8,
        state=CycleState.PUBLISHED, created_by=world.office, created_at=world.cycle.created_at,
    )  # fmt: skip
    for before, ward in ((moved, new), (stays, old)):
        row = Participant.objects.create(
            cycle=second, student=before.student, curriculum=world.curriculum
        )
        make_stay(row, ward, 0, 2)
    here, there = intake_of(old, month), intake_of(new, month)
    assert ([s.participant for s in here.leaving], here.present) == ([moved], 1)
    assert [s.participant.student for s in here.staying] == [stays.student]
    assert here.staying[0].participant.cycle == second
    assert moved.student in [s.participant.student for s in there.coming]
    assert [load.ours for load in loads_of(old, back, 4)] == [2, 1, 1, 0]
    assert [load.ours for load in loads_of(new, back, 4)] == [0, 2, 1, 0]
    assert ward_on(moved.student, month) == new
    assert ward_on(moved.student, back) == old


def test_what_was_before_an_archived_plan_ended_keeps_its_block() -> None:
    world = make_world(starts_in=0)
    publish(world)
    past = stay_of(world, 2, "SU")
    back = add_months(world.cycle.starts_on, -2)
    Stay.objects.filter(pk=past.pk).update(starts_on=back, ends_on=last_of(add_months(back, 1)))
    planning_cycles.archive_cycle(world.cycle, actor=world.office)
    past.refresh_from_db()
    assert past.block is not None
    assert past.starts_on == back


def test_exchanges_end_with_the_plan_that_is_archived(world: World) -> None:
    publish(world)
    swap = agreed_swap(world)
    planning_cycles.archive_cycle(world.cycle, actor=world.office)
    tasks = Task.objects.filter(kind__in=["rotations.answer_swap", "rotations.decide_swap"])
    assert not tasks.filter(state=TaskState.OPEN).exists()
    with pytest.raises(RuleViolation) as refusal:
        planning_swaps.decide_swap(swap, approves=True, actor=world.office)
    assert refusal.value.code == "swap.state"
    assert not Stay.objects.filter(participant__cycle=world.cycle).exists()


def test_nothing_is_exchanged_in_an_archived_plan() -> None:
    world = make_world(starts_in=0)
    publish(world)
    Cycle.objects.filter(pk=world.cycle.pk).update(state=CycleState.ARCHIVED)
    mine, other = stay_of(world, 0, "IM", 0), stay_of(world, 1, "IM", 0)
    with pytest.raises(RuleViolation) as refusal:
        planning_swaps.ask_swap(mine, other, actor=world.people[0].student.person)
    assert refusal.value.code == "swap.past"


# ---------------------------------------------------------------- leave and events


def test_the_task_to_replan_goes_with_the_last_event(world: World) -> None:
    publish(world)
    event = planning_wishes.record_event(
        world.cycle,
        EventData(kind=EventKind.TRAINEE_AWAY, first=7, last=7, participant=world.people[0]),
        actor=world.office,
    )
    ask_to_replan(world.cycle)
    open_ones = Task.objects.filter(kind="rotations.replan", state=TaskState.OPEN)
    assert open_ones.count() == 1
    planning_wishes.remove_event(event, actor=world.office)
    assert not open_ones.exists()


def test_a_ward_closed_meanwhile_stays_closed_when_its_places_are_edited(world: World) -> None:
    stale = Ward.objects.get(pk=world.wards["IM1"].pk)
    setup_wards.close_ward(world.wards["IM1"], reason="Renovation", actor=world.office)
    data = setup_wards.WardData(code=stale.code, name_zh=stale.name_zh, upper=7)
    setup_wards.edit_ward(stale, data, actor=world.office)
    kept = Ward.objects.get(pk=stale.pk)
    assert (kept.state, kept.upper) == (WardState.CLOSED, 7)
