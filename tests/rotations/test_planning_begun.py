"""What has begun is a fact: whatever changes around it, the plan can go on from there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import time_machine

from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.engines.rotation import RotationProblem, Trainee, Violation, check_plan
from cotutelle.engines.rotation import Stay as PlannedStay
from cotutelle.rotations.enums import EventKind, WishKind
from cotutelle.rotations.models import (
    Curriculum,
    CurriculumBlock,
    ElectiveGroup,
    Participant,
    Stay,
    StayPin,
)
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries.planning_keys import trainee_key, ward_key
from cotutelle.rotations.queries.planning_months import first_day, last_day
from cotutelle.rotations.queries.planning_problem import build_problem
from cotutelle.rotations.queries.planning_scenarios import stays_from_json, stays_in_force
from cotutelle.rotations.services import (
    planning_cycles,
    planning_scenarios,
    planning_swaps,
    planning_wishes,
)
from cotutelle.rotations.services.planning_computing import verify_json
from cotutelle.rotations.services.planning_publication import publish_scenario
from cotutelle.rotations.services.planning_wishes import EventData, WishData
from tests.factories.rotations_planning import World, make_department, make_ward, make_world
from tests.rotations.planning_plans import ready_scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@contextmanager
def in_month(world: World, period: int) -> Iterator[None]:
    day = first_day(world.cycle, period) + dt.timedelta(days=4)
    with time_machine.travel(dt.datetime.combine(day, dt.time(4), dt.UTC), tick=False):
        yield


@pytest.fixture
def published(world: World) -> World:
    """The plan of `planning_plans.ROUNDS`: the first has IM 0–2, SU 3–4, RE 5."""
    publish_scenario(ready_scenario(world), revision=0, actor=world.office)
    world.cycle.refresh_from_db()
    return world


def problem_of(world: World, **rules: object) -> RotationProblem:
    world.cycle.refresh_from_db()
    parameters = world.cycle.rules | rules
    return build_problem(world.cycle, rules=PlanRules.from_parameters(parameters), keeps_plan=True)


def broken(world: World, **rules: object) -> tuple[Violation, ...]:
    """Return what the plan in force breaks today."""
    return check_plan(problem_of(world, **rules), stays_in_force(world.cycle))


def trainee(problem: RotationProblem, participant: Participant) -> Trainee:
    return next(t for t in problem.trainees if t.id == trainee_key(participant))


def bind(world: World, **fields: object) -> None:
    data = WishData(**fields)  # type: ignore[arg-type]
    planning_wishes.add_wish(world.people[0], data, actor=world.office)


# ---------------------------------------------------------------- leave, wishes, months


def test_leave_of_this_month_asks_for_no_other_plan(published: World) -> None:
    with in_month(published, 1):
        planning_wishes.record_event(
            published.cycle,
            EventData(EventKind.TRAINEE_AWAY, first=1, last=1, participant=published.people[0]),
            actor=published.office,
        )
        assert broken(published) == ()


@pytest.mark.parametrize("kind", [WishKind.FORBID_WARD, WishKind.FORBID_HOSPITAL])
def test_who_was_in_a_ward_is_kept_out_of_it_from_now_on(published: World, kind: WishKind) -> None:
    two = make_ward(published.other, "SU", code="SU2")
    bind(published, kind=kind, ward=published.wards["IM1"], hospital=published.hospital)
    with in_month(published, 2):
        own = trainee(problem_of(published), published.people[0])
        found = [v.code for v in broken(published)]
    wards = {block.id: set(block.wards) for block in own.blocks}
    assert wards["IM#2"] == {ward_key(published.wards[code]) for code in ("IM1", "IM2")}
    if kind == WishKind.FORBID_HOSPITAL:
        assert wards["SU"] == {ward_key(two)}
        assert wards["RE"] == set()
        assert set(found) == {"not_allowed_ward"}
    else:
        assert found == []


def test_a_ward_for_which_nobody_trains_can_be_forbidden(world: World) -> None:
    spare = make_department("SU")
    CurriculumBlock.objects.filter(curriculum=world.curriculum, department=spare).delete()
    bind(world, kind=WishKind.FORBID_WARD, ward=world.wards["SU1"])
    assert trainee(problem_of(world), world.people[0]).forbidden == frozenset()


def test_who_is_said_to_begin_later_keeps_what_has_begun(published: World) -> None:
    row = published.people[0]
    with in_month(published, 1):
        planning_cycles.change_participant(
            row, curriculum=row.curriculum, first=2, last=None, actor=published.office
        )
        assert broken(published) == ()


def test_months_that_leave_added_may_be_taken_away_again(world: World) -> None:
    """A plan that leave made longer than the cycle is still one to re-plan from."""
    bind(world, kind=WishKind.AWAY, first=0, last=3)
    rounds = (("IM#1", "IM1", 4), ("IM#2", "IM1", 6), ("SU", "SU1", 7), ("RE", "RE1", 9))
    own = tuple(PlannedStay(b, ward_key(world.wards[w]), s) for b, w, s in rounds)
    world.cycle.participants.exclude(pk=world.people[0].pk).delete()
    publish_scenario(
        ready_scenario(world, {trainee_key(world.people[0]): own}), revision=0, actor=world.office
    )
    planning_wishes.remove_wish(world.people[0].wishes.get(), actor=world.office)
    assert {v.code for v in broken(world, slack_months=0)} == {"away"}
    with in_month(world, 9):
        assert broken(world, slack_months=0) == ()


def test_nothing_is_planned_once_all_months_have_passed(published: World) -> None:
    Stay.objects.filter(participant=published.people[0], block__code="RE").delete()
    for period in (7, 8, 20):
        with in_month(published, period):
            own = trainee(problem_of(published), published.people[0])
        assert 7 in own.away


def test_a_pin_of_a_month_that_has_passed_holds_nothing(published: World) -> None:
    Stay.objects.filter(participant=published.people[0]).exclude(block__code="IM").delete()
    StayPin.objects.create(
        participant=published.people[0],
        block=published.curriculum.blocks.get(code="SU"),
        ward=published.wards["SU1"],
        start=3,
        created_by=published.office,
        created_at=now(),
    )
    for period, held in ((2, True), (3, False), (6, False)):
        with in_month(published, period):
            own = trainee(problem_of(published), published.people[0])
        assert ("SU" in {pin.block for pin in own.pins}) is held


# ---------------------------------------------------------------- protected research


def test_research_stays_in_its_protected_months(published: World) -> None:
    bind(published, kind=WishKind.RESEARCH, first=5, last=5)
    own = trainee(problem_of(published), published.people[0])
    assert [(pin.block, pin.start) for pin in own.pins] == [("RE", 5)]
    assert broken(published) == ()


def test_months_protected_later_are_kept_free_by_the_next_plan(published: World) -> None:
    bind(published, kind=WishKind.RESEARCH, first=4, last=4)
    assert [(v.code, v.period) for v in broken(published)] == [("away", 4)]


def test_research_is_not_laid_into_leave_nor_into_the_past(world: World) -> None:
    bind(world, kind=WishKind.RESEARCH, first=2, last=3)
    bind(world, kind=WishKind.AWAY, first=2)
    own = trainee(problem_of(world), world.people[0])
    assert [(pin.block, pin.start) for pin in own.pins] == [("RE", 3)]
    assert 2 in own.away


def test_research_is_not_laid_into_months_that_have_passed(published: World) -> None:
    Stay.objects.filter(participant=published.people[0], block__code="RE").delete()
    bind(published, kind=WishKind.RESEARCH, first=5, last=7)
    with in_month(published, 5):
        own = trainee(problem_of(published), published.people[0])
    assert [(p.block, p.start) for p in own.pins if p.block == "RE"] == [("RE", 6)]
    assert 7 in own.away


def test_an_elective_that_was_not_chosen_is_not_laid_into_protected_months() -> None:
    world = make_world(1, slack_months=4)
    group = ElectiveGroup.objects.create(curriculum=world.curriculum, code="E", name_zh="选科")
    for code, department, months in (("ERE", "RE", 1), ("ESU", "SU", 2)):
        CurriculumBlock.objects.create(
            curriculum=world.curriculum,
            code=code,
            department=make_department(department),
            months=months,
            group=group,
        )
    rounds = (
        ("IM#1", "IM1", 0),
        ("IM#2", "IM1", 2),
        ("SU", "SU1", 3),
        ("ESU", "SU1", 5),
        ("RE", "RE1", 7),
    )
    own = tuple(PlannedStay(b, ward_key(world.wards[w]), s) for b, w, s in rounds)
    scenario = ready_scenario(world, {trainee_key(world.people[0]): own})
    publish_scenario(scenario, revision=0, actor=world.office)
    bind(world, kind=WishKind.RESEARCH, first=8, last=8)
    assert broken(world) == ()


# ---------------------------------------------------------------- another curriculum


def twin(world: World, *, surgery: int = 2) -> Curriculum:
    """Return the next edition of the curriculum: the same blocks, surgery as long as asked."""
    old = list(world.curriculum.blocks.all())
    made = Curriculum.objects.get(pk=world.curriculum.pk)
    made.pk, made.public_id, made.edition = None, None, "2027"
    made.public_id = Curriculum._meta.get_field("public_id").get_default()
    made.months = 4 + surgery
    made.save()
    for block in old:
        block.pk, block.curriculum = None, made
        block.months = surgery if block.code == "SU" else block.months
        block.save()
    return made


def test_another_edition_takes_over_what_was_done_by_the_first(published: World) -> None:
    row = published.people[0]
    with in_month(published, 2):
        planning_cycles.change_participant(
            row, curriculum=twin(published), first=0, last=None, actor=published.office
        )
        assert broken(published) == ()
        before = {
            stay.pk: (stay.starts_on, stay.ends_on) for stay in Stay.objects.filter(participant=row)
        }
        again = planning_scenarios.copy_scenario(
            published.cycle.scenarios.get(), actor=published.office
        )
        assert publish_scenario(again, revision=0, actor=published.office) == 0
    after = Stay.objects.filter(participant=row)
    assert {stay.pk: (stay.starts_on, stay.ends_on) for stay in after} == before


def test_a_block_that_became_longer_is_done_again(published: World) -> None:
    row = published.people[0]
    trainee_id = trainee_key(row)
    with in_month(published, 3):
        planning_cycles.change_participant(
            row, curriculum=twin(published, surgery=3), first=0, last=None, actor=published.office
        )
        again = planning_scenarios.copy_scenario(
            published.cycle.scenarios.get(), actor=published.office
        )
        stays = stays_from_json(again.stays)
        starts = {"SU": 4, "RE": 7}
        stays[trainee_id] = tuple(
            PlannedStay(s.block, s.ward, starts.get(s.block, s.start)) for s in stays[trainee_id]
        )
        again.stays = {k: [[s.block, s.ward, s.start] for s in own] for k, own in stays.items()}
        again.save()
        publish_scenario(again, revision=0, actor=published.office)
    rows = [
        (s.block.code if s.block else "", s.starts_on, s.ends_on)
        for s in Stay.objects.filter(participant=row).select_related("block")
    ]
    cycle = published.cycle
    assert rows[2:] == [
        ("", first_day(cycle, 3), last_day(cycle, 3)),
        ("SU", first_day(cycle, 4), last_day(cycle, 6)),
        ("RE", first_day(cycle, 7), last_day(cycle, 7)),
    ]


# ---------------------------------------------------------------- who leaves


def test_who_leaves_before_anything_began_is_in_the_certificate_with_no_stay(
    published: World,
) -> None:
    leave(published, 0)
    again = planning_scenarios.copy_scenario(
        published.cycle.scenarios.get(), actor=published.office
    )
    again.stays = again.stays | {trainee_key(published.people[0]): []}
    again.save()
    publish_scenario(again, revision=0, actor=published.office)
    again.refresh_from_db()
    assert again.run is not None
    assert verify_json(again.run.certificate)["ok"] is True


def test_who_leaves_later_does_until_then_what_was_planned(published: World) -> None:
    id_ = trainee_key(published.people[0])
    with in_month(published, 0):
        leave(published, 5)
        problem = problem_of(published)
        own = trainee(problem, published.people[0])
        stays = stays_in_force(published.cycle)
    assert [(pin.block, pin.start) for pin in own.pins] == [("IM#1", 0)]
    assert [(b.id, b.earliest, b.latest) for b in own.blocks[1:]] == [("IM#2", 1, 4), ("SU", 1, 4)]
    stays[id_] = tuple(stay for stay in stays[id_] if stay.block != "RE")
    assert check_plan(problem, stays) == ()


def test_who_leaves_does_nothing_that_leave_or_a_wish_forbids_before(published: World) -> None:
    with in_month(published, 0):
        leave(published, 5)
        bind(published, kind=WishKind.FORBID_WARD, ward=published.wards["SU1"])
        planning_wishes.record_event(
            published.cycle,
            EventData(EventKind.TRAINEE_AWAY, first=2, last=2, participant=published.people[0]),
            actor=published.office,
        )
        own = trainee(problem_of(published), published.people[0])
    assert [block.id for block in own.blocks] == ["IM#1"]


def leave(world: World, period: int, person: int = 0) -> None:
    planning_wishes.record_event(
        world.cycle,
        EventData(EventKind.TRAINEE_LEAVES, first=period, participant=world.people[person]),
        actor=world.office,
    )


def stay_of(world: World, person: int, code: str, part: int = 0) -> Stay:
    return Stay.objects.select_related("participant__cycle__unit", "block", "ward").get(
        participant=world.people[person], block__code=code, part=part
    )


def test_nothing_is_exchanged_with_who_is_about_to_leave(published: World) -> None:
    leave(published, 2, person=1)
    with pytest.raises(RuleViolation) as refusal:
        planning_swaps.ask_swap(
            stay_of(published, 0, "RE"),
            stay_of(published, 1, "IM", 1),
            actor=published.people[0].student.person,
        )
    assert refusal.value.code == "swap.rules"


def test_who_left_by_an_earlier_event_has_still_left(published: World) -> None:
    leave(published, 2)
    leave(published, 1)
    for event, left in zip(
        published.cycle.events.order_by("-id"), (first_day(published.cycle, 2), None), strict=True
    ):
        planning_wishes.remove_event(event, actor=published.office)
        published.people[0].refresh_from_db()
        assert published.people[0].left_on == left


def test_a_move_beyond_the_last_month_is_counted_as_broken(world: World) -> None:
    scenario = ready_scenario(world)
    planning_scenarios.move_stay(
        scenario,
        trainee_key(world.people[0]),
        "SU",
        ward=ward_key(world.wards["SU1"]),
        start=7,
        revision=0,
        actor=world.office,
    )
    assert scenario.outcome["violations"] == 1


def test_a_stay_of_somebody_taken_out_meanwhile_is_not_moved(world: World) -> None:
    scenario = ready_scenario(world)
    gone = trainee_key(world.people[0])
    planning_cycles.remove_participant(world.people[0], actor=world.office)
    with pytest.raises(RuleViolation) as refusal:
        planning_scenarios.move_stay(
            scenario,
            gone,
            "RE",
            ward=ward_key(world.wards["RE1"]),
            start=7,
            revision=0,
            actor=world.office,
        )
    assert refusal.value.code == "scenario.block"
