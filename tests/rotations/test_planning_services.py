"""Editing, publishing, re-publishing after events, and exchanging months."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.utils.timezone import localdate

from cotutelle.availability.models import Span
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.decisions.enums import RunState
from cotutelle.engines.rotation import Stay as PlannedStay
from cotutelle.ledger.models import Entry
from cotutelle.mentorship.models import Mentorship
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.rotations.enums import CycleState, EventKind, ScenarioState, SwapState
from cotutelle.rotations.models import CurriculumBlock, ElectiveGroup, Scenario, Stay
from cotutelle.rotations.queries.planning_keys import trainee_key, ward_key
from cotutelle.rotations.queries.planning_months import first_day, last_day
from cotutelle.rotations.queries.planning_review import review_of
from cotutelle.rotations.queries.planning_scenarios import stays_from_json, stays_to_json
from cotutelle.rotations.services import (
    planning_cycles,
    planning_scenarios,
    planning_swaps,
    planning_wishes,
)
from cotutelle.rotations.services.planning_computing import verify_json
from cotutelle.rotations.services.planning_publication import publish_scenario
from cotutelle.rotations.services.planning_stays import source_of
from cotutelle.rotations.services.planning_wishes import EventData
from tests.factories.mentorship import make_mentor
from tests.factories.people import make_person
from tests.factories.rotations_planning import World, make_department, make_world
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


def months_of(world: World, person: int) -> dict[str, tuple[str, dt.date, dt.date]]:
    rows = Stay.objects.filter(participant=world.people[person], block__isnull=False)
    return {
        f"{row.block.code}{row.part}": (row.ward.code, row.starts_on, row.ends_on)  # type: ignore[union-attr]
        for row in rows.select_related("block", "ward")
    }


# ---------------------------------------------------------------- edits


def move(world: World, scenario: Scenario, key: str, start: int, ward: str = "IM1") -> None:
    planning_scenarios.move_stay(
        scenario,
        trainee_key(world.people[0]),
        key,
        ward=ward_key(world.wards[ward]),
        start=start,
        revision=scenario.revision,
        actor=world.office,
    )


def test_a_move_is_kept_counted_and_can_be_undone_and_redone(world: World) -> None:
    scenario = ready_scenario(world)
    before = scenario.stays
    move(world, scenario, "IM#2", 6)
    assert scenario.outcome["violations"] == 0
    moved = stays_from_json(scenario.stays)[trainee_key(world.people[0])]
    assert PlannedStay("IM#2", ward_key(world.wards["IM1"]), 6) in moved
    planning_scenarios.undo_edit(scenario, actor=world.office)
    assert stays_from_json(scenario.stays) == stays_from_json(before)
    planning_scenarios.redo_edit(scenario, actor=world.office)
    assert stays_from_json(scenario.stays)[trainee_key(world.people[0])] == moved
    with pytest.raises(RuleViolation) as refusal:
        planning_scenarios.redo_edit(scenario, actor=world.office)
    assert refusal.value.code == "scenario.no_edit"


def test_a_move_that_breaks_rules_is_kept_and_counted(world: World) -> None:
    scenario = ready_scenario(world)
    move(world, scenario, "SU", 0, ward="SU1")
    # in two places in months 0 and 1
    assert scenario.outcome["violations"] >= 1


def test_two_stays_of_one_length_change_places(world: World) -> None:
    scenario = ready_scenario(world)
    move(world, scenario, "IM#1", 3)
    own = {s.block: s.start for s in stays_from_json(scenario.stays)[trainee_key(world.people[0])]}
    assert own["IM#1"] == 3
    assert own["SU"] == 0


def test_nobody_edits_a_copy_that_somebody_else_changed(world: World) -> None:
    scenario = ready_scenario(world)
    stale = Scenario.objects.get(pk=scenario.pk)
    move(world, scenario, "IM#2", 6)
    with pytest.raises(RuleViolation) as refusal:
        planning_scenarios.move_stay(
            stale,
            trainee_key(world.people[0]),
            "RE",
            ward=ward_key(world.wards["RE1"]),
            start=7,
            revision=0,
            actor=world.office,
        )
    assert refusal.value.code == "scenario.stale"


# ---------------------------------------------------------------- publication


def test_publishing_writes_stays_tells_people_and_fills_calendars(world: World) -> None:
    mentor = make_mentor(unit=world.cycle.unit)
    Mentorship.objects.create(
        student=world.people[0].student, mentor=mentor, starts_on=world.cycle.starts_on
    )
    scenario = publish(world)
    assert world.cycle.state == CycleState.PUBLISHED
    assert scenario.state == ScenarioState.PUBLISHED
    assert months_of(world, 0)["IM0"] == (
        "IM1",
        first_day(world.cycle, 0),
        last_day(world.cycle, 1),
    )
    person = world.people[0].student.person
    assert Notice.objects.filter(person=person, kind="rotations.plan_published").count() == 1
    assert Span.objects.filter(person=person, kind="rotations.stay").count() == 4
    seen = Span.objects.filter(person=mentor.person, kind="rotations.stay_of_student")
    assert {span.params["student"]["zh"] for span in seen} == {person.name_zh}
    assert seen.count() == 4
    assert scenario.run is not None
    assert scenario.run.state == RunState.OFFICIAL
    assert verify_json(scenario.run.certificate)["ok"] is True
    assert Entry.objects.filter(action="rotations.scenario.published", decision=True).count() == 1


def test_a_certificate_that_was_tampered_with_is_refuted(world: World) -> None:
    scenario = publish(world)
    assert scenario.run is not None
    certificate = scenario.run.certificate
    certificate["plan"]["stays"][trainee_key(world.people[0])][0]["start"] = 3
    assert verify_json(certificate)["ok"] is False
    assert verify_json({"format": "nothing"})["ok"] is False


def test_a_plan_that_breaks_a_rule_of_today_is_not_published(world: World) -> None:
    scenario = ready_scenario(world)
    world.wards["SU1"].upper = 1
    world.wards["SU1"].save()
    assert [v.code for v in review_of(scenario).broken] == ["over_capacity"] * 2
    with pytest.raises(RuleViolation) as refusal:
        publish_scenario(scenario, revision=0, actor=world.office)
    assert refusal.value.code == "plan.broken"
    assert not Stay.objects.exists()


def test_only_planners_publish(world: World) -> None:
    scenario = ready_scenario(world)
    stranger = make_person(Role.RESIDENCY_OFFICE, unit=world.other)
    secretary = make_person(Role.BASE_SECRETARY, unit=world.hospital)
    for actor in (stranger, secretary, world.people[0].student.person):
        with pytest.raises(Refused):
            publish_scenario(scenario, revision=0, actor=actor)


def replanned(world: World, stays: dict[str, tuple[PlannedStay, ...]]) -> Scenario:
    first = Scenario.objects.get(cycle=world.cycle, number=1)
    made = planning_scenarios.copy_scenario(first, actor=world.office)
    made.stays = stays_to_json(stays)
    made.save()
    return made


def test_only_those_whose_months_change_are_told_and_their_calendar_entry_moves(
    world: World,
) -> None:
    first = publish(world)
    Notice.objects.all().delete()
    trainee = trainee_key(world.people[0])
    stays = stays_from_json(first.stays)
    stays[trainee] = tuple(
        PlannedStay(s.block, s.ward, 6 if s.block == "RE" else s.start) for s in stays[trainee]
    )
    row = Stay.objects.get(participant=world.people[0], block__code="RE")
    uid = Span.objects.get(source=f"rotations.stay:{row.pk}").uid
    publish(world, replanned(world, stays))
    moved = Span.objects.get(source=f"rotations.stay:{row.pk}")
    assert (moved.uid, moved.sequence) == (uid, 1)
    told = set(
        Notice.objects.filter(kind="rotations.plan_changed").values_list("person", flat=True)
    )
    assert told == {world.people[0].student.person_id}


def traced(world: World, person: int) -> list[dict[str, Any]]:
    """Return what the plan of a trainee says in their own trace, oldest first."""
    rows = Entry.objects.filter(
        action="rotations.participant.planned",
        decision=True,
        person=world.people[person].student.person,
        pending__isnull=False,
    )
    return [row.payload.after for row in rows.order_by("pk")]


def test_only_those_whose_months_change_find_it_in_their_trace(world: World) -> None:
    first = publish(world)
    (before,) = traced(world, 0)
    assert len(traced(world, 1)) == 1
    assert before["digest"] == first.run.certificate_sha256  # type: ignore[union-attr]
    begins, ends = first_day(world.cycle, 0), last_day(world.cycle, 1)
    assert before["months"][f"{begins:%Y-%m}/{ends:%Y-%m}"] == ward_key(world.wards["IM1"])
    assert len(before["months"]) == 4
    trainee = trainee_key(world.people[0])
    stays = stays_from_json(first.stays)
    stays[trainee] = tuple(
        PlannedStay(s.block, s.ward, 6 if s.block == "RE" else s.start) for s in stays[trainee]
    )
    publish(world, replanned(world, stays))
    after = traced(world, 0)[1:]
    assert [len(one["months"]) for one in after] == [4]
    assert after[0]["months"] != before["months"]
    assert after[0]["digest"] != before["digest"]
    assert len(traced(world, 1)) == 1


def test_the_end_of_an_archived_plan_is_in_the_trace_of_its_trainees(world: World) -> None:
    publish(world)
    moment = dt.datetime.combine(first_day(world.cycle, 0), dt.time(4), dt.UTC)
    with time_machine.travel(moment, tick=False):
        planning_cycles.archive_cycle(world.cycle, actor=world.office)
    month = f"{first_day(world.cycle, 0):%Y-%m}"
    assert traced(world, 0)[-1] == {"months": {f"{month}/{month}": ward_key(world.wards["IM1"])}}


def test_two_stays_may_change_places_in_one_publication(world: World) -> None:
    first = publish(world)
    trainee = trainee_key(world.people[0])
    starts = {"IM#1": 3, "SU": 0, "IM#2": 5, "RE": 2}
    stays = stays_from_json(first.stays)
    stays[trainee] = tuple(PlannedStay(s.block, s.ward, starts[s.block]) for s in stays[trainee])
    publish(world, replanned(world, stays))
    assert months_of(world, 0)["SU0"][1] == first_day(world.cycle, 0)
    assert months_of(world, 0)["IM0"][1] == first_day(world.cycle, 3)


def test_who_leaves_keeps_what_is_behind_them_and_is_taken_out_of_the_rest(world: World) -> None:
    first = publish(world)
    moment = dt.datetime.combine(
        first_day(world.cycle, 1) + dt.timedelta(days=4), dt.time(4), dt.UTC
    )
    with time_machine.travel(moment, tick=False):
        planning_wishes.record_event(
            world.cycle,
            EventData(kind=EventKind.TRAINEE_LEAVES, first=2, participant=world.people[0]),
            actor=world.office,
        )
        trainee = trainee_key(world.people[0])
        stays = stays_from_json(first.stays)
        stays[trainee] = tuple(s for s in stays[trainee] if s.block == "IM#1")
        publish(world, replanned(world, stays))
    assert set(months_of(world, 0)) == {"IM0"}
    assert world.cycle.events.get().settled_at is not None
    spans = Span.objects.filter(person=world.people[0].student.person)
    assert sorted(spans.values_list("state", flat=True)) == ["cancelled"] * 3 + ["confirmed"]


def test_a_stay_that_leave_cuts_is_kept_as_far_as_it_went(world: World) -> None:
    first = publish(world)
    moment = dt.datetime.combine(
        first_day(world.cycle, 0) + dt.timedelta(days=4), dt.time(4), dt.UTC
    )
    with time_machine.travel(moment, tick=False):
        planning_wishes.record_event(
            world.cycle,
            EventData(kind=EventKind.TRAINEE_AWAY, first=1, last=1, participant=world.people[0]),
            actor=world.office,
        )
        trainee = trainee_key(world.people[0])
        starts = {"IM#1": 2, "IM#2": 4, "SU": 5, "RE": 7}
        stays = stays_from_json(first.stays)
        stays[trainee] = tuple(
            PlannedStay(s.block, s.ward, starts[s.block]) for s in stays[trainee]
        )
        scenario = replanned(world, stays)
        assert review_of(scenario).broken == ()
        publish(world, scenario)
    cut = Stay.objects.get(participant=world.people[0], block__isnull=True)
    assert (cut.starts_on, cut.ends_on) == (first_day(world.cycle, 0), last_day(world.cycle, 0))
    assert months_of(world, 0)["IM0"][1] == first_day(world.cycle, 2)
    entry = Span.objects.get(source=source_of(cut), person=world.people[0].student.person)
    assert localdate(entry.ends_at) == first_day(world.cycle, 1)


def with_electives(world: World) -> None:
    """Let trainees choose one of two further blocks: three months of medicine, two of surgery."""
    group = ElectiveGroup.objects.create(curriculum=world.curriculum, code="E", name_zh="选科")
    for code, department, months in (("EIM", "IM", 3), ("ESU", "SU", 2)):
        CurriculumBlock.objects.create(
            curriculum=world.curriculum,
            code=code,
            department=make_department(department),
            months=months,
            group=group,
        )
    world.cycle.months = 10
    world.cycle.save()


def test_another_elective_takes_the_months_of_the_one_that_was_planned() -> None:
    world = make_world(1, slack_months=4)
    with_electives(world)

    def plan(*rows: tuple[str, str, int]) -> dict[str, tuple[PlannedStay, ...]]:
        stays = [PlannedStay(key, ward_key(world.wards[ward]), at) for key, ward, at in rows]
        return {trainee_key(world.people[0]): tuple(stays)}

    core = (("IM#1", "IM1", 0), ("IM#2", "IM1", 2))
    before = plan(*core, ("SU", "SU1", 3), ("EIM", "IM1", 5), ("RE", "RE1", 8))
    publish(world, ready_scenario(world, before))
    gone = source_of(stay_of(world, 0, "EIM"))
    after = plan(*core, ("ESU", "SU1", 3), ("SU", "SU1", 5), ("RE", "RE1", 7))
    publish(world, replanned(world, after))
    assert set(months_of(world, 0)) == {"IM0", "IM1", "ESU0", "SU0", "RE0"}
    assert months_of(world, 0)["SU0"][1:] == (first_day(world.cycle, 5), last_day(world.cycle, 6))
    assert set(Span.objects.filter(source=gone).values_list("state", flat=True)) == {"cancelled"}


# ---------------------------------------------------------------- exchanges


def stay_of(world: World, person: int, code: str, part: int = 0) -> Stay:
    return Stay.objects.select_related("participant__cycle__unit", "block", "ward").get(
        participant=world.people[person], block__code=code, part=part
    )


def test_an_exchange_needs_both_and_the_office_and_then_changes_the_plan(world: World) -> None:
    publish(world)
    mine, other = stay_of(world, 0, "IM", 1), stay_of(world, 1, "IM", 1)
    asker = world.people[0].student.person
    swap = planning_swaps.ask_swap(mine, other, actor=asker)
    with pytest.raises(Refused):
        planning_swaps.answer_swap(swap, agrees=True, actor=asker)
    with pytest.raises(RuleViolation):
        planning_swaps.decide_swap(swap, approves=True, actor=world.office)
    planning_swaps.answer_swap(swap, agrees=True, actor=world.people[1].student.person)
    planning_swaps.decide_swap(swap, approves=True, actor=world.office)
    assert swap.state == SwapState.APPROVED
    assert stay_of(world, 0, "IM", 1).ward == world.wards["IM2"]
    assert stay_of(world, 1, "IM", 1).ward == world.wards["IM1"]
    for person in (0, 1):
        assert traced(world, person)[-1]["swap"] == str(swap.public_id)
        assert len(traced(world, person)) == 2


def test_months_are_exchanged_crosswise(world: World) -> None:
    publish(world)
    mine, other = stay_of(world, 0, "RE"), stay_of(world, 1, "IM", 1)
    swap = planning_swaps.ask_swap(mine, other, actor=world.people[0].student.person)
    planning_swaps.answer_swap(swap, agrees=True, actor=world.people[1].student.person)
    planning_swaps.decide_swap(swap, approves=True, actor=world.office)
    for person in (0, 1):
        assert stay_of(world, person, "RE").starts_on == first_day(world.cycle, 2)
        assert stay_of(world, person, "IM", 1).starts_on == first_day(world.cycle, 5)


def test_months_that_another_stay_reaches_across_are_not_exchanged(world: World) -> None:
    publish(world)
    with pytest.raises(RuleViolation) as refusal:
        planning_swaps.ask_swap(
            stay_of(world, 0, "IM"),
            stay_of(world, 2, "IM"),
            actor=world.people[0].student.person,
        )
    assert refusal.value.code == "swap.rules"


def test_an_exchange_that_breaks_a_rule_is_refused_at_once(world: World) -> None:
    publish(world)
    with pytest.raises(RuleViolation) as refusal:
        planning_swaps.ask_swap(
            stay_of(world, 0, "IM"),
            stay_of(world, 1, "IM", 1),
            actor=world.people[0].student.person,
        )
    assert refusal.value.code == "swap.length"


# ---------------------------------------------------------------- cycles


def test_a_cycle_takes_students_by_specialty_and_only_once(world: World) -> None:
    students = [person.student for person in world.people]
    again = planning_cycles.add_participants(
        world.cycle, students, default=world.curriculum, actor=world.office
    )
    assert again == 0
    with pytest.raises(Refused):
        planning_cycles.add_participants(
            world.cycle,
            students,
            default=world.curriculum,
            actor=make_person(Role.RESIDENCY_OFFICE, unit=world.other),
        )


def test_nobody_is_taken_out_whose_plan_is_in_force(world: World) -> None:
    publish(world)
    with pytest.raises(RuleViolation) as refusal:
        planning_cycles.remove_participant(world.people[0], actor=world.office)
    assert refusal.value.code == "participant.published"
