"""Plans against trying everything."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotutelle.engines.weekly import (
    Activity,
    Party,
    Placement,
    Progress,
    Room,
    WeeklyProblem,
    check_week,
    plan_week,
    recompute_objectives,
    solving,
)
from cotutelle.engines.weekly import _model as model
from tests.engines.weekly.oracle import best_objectives, smallest_fixes, tiny_week

SEEDS = st.integers(0, 100_000)


def _agrees_with_trying_everything(problem: WeeklyProblem) -> None:
    plan = plan_week(problem)

    assert check_week(problem, plan) == ()
    assert plan.is_optimal
    counted = recompute_objectives(problem, plan)
    assert (counted.placed, counted.unchanged, -counted.cost) == best_objectives(problem)
    assert plan.bound_placed == counted.placed
    for id_ in plan.unplaced:
        freed = {
            frozenset(("party", party, slot) for party, slots in fix.frees for slot in slots)
            for fix in plan.fixes[id_]
        }
        assert freed == smallest_fixes(problem, plan, id_)


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_a_plan_is_best_and_its_fixes_are_the_smallest(seed):
    _agrees_with_trying_everything(tiny_week(seed))


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_the_solver_finds_what_the_search_finds(seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solving, "LARGEST_SEARCH", 0)
        _agrees_with_trying_everything(tiny_week(seed))


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_the_model_of_large_parts_finds_the_same(seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solving, "LARGEST_SEARCH", 0)
        patch.setattr(model, "LARGE", 0)
        _agrees_with_trying_everything(tiny_week(seed))


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_order_and_repetition_change_nothing(seed):
    problem = tiny_week(seed)
    draw = random.Random(seed)  # noqa: S311
    shuffled = replace(
        problem,
        **{
            name: tuple(draw.sample(getattr(problem, name), len(getattr(problem, name))))
            for name in ("parties", "rooms", "activities")
        },
    )

    again = plan_week(shuffled)

    assert replace(again, cpu_seconds=0) == replace(plan_week(problem), cpu_seconds=0)


def _week(*activities: Activity, parties: tuple[Party, ...] = (), **rest) -> WeeklyProblem:
    """Two days of four slots."""
    known = {party.id for party in parties}
    named = sorted({p for a in activities for p in a.needed} - known)
    everybody = (*parties, *map(Party, named))
    return WeeklyProblem((0,) * 4 + (1,) * 4, everybody, rest.pop("rooms", ()), activities, **rest)


def test_either_mentor_can_free_the_slot():
    # The clinician could free Tuesday's first half, the researcher Monday's second.
    clinician = Party("clinician", frozenset(range(4, 8)), frozenset([4, 5]))
    researcher = Party("researcher", frozenset(range(4)), frozenset([2, 3]))
    both = Activity("round", 2, frozenset(["clinician", "researcher"]))

    plan = plan_week(_week(both, parties=(clinician, researcher)))

    assert plan.unplaced == ("round",)
    assert [(fix.placement.start, fix.frees) for fix in plan.fixes["round"]] == [
        (2, (("researcher", (2, 3)),)),
        (4, (("clinician", (4, 5)),)),
    ]


def test_an_unplaced_activity_that_no_fix_helps_has_none():
    stuck = Party("stuck", frozenset(range(8)))

    plan = plan_week(_week(Activity("round", 1, frozenset(["stuck"])), parties=(stuck,)))

    assert plan.fixes == {"round": ()}


def test_a_previous_slot_is_kept_although_another_is_liked_better():
    person = Party("p", unwanted={2: 5, 3: 5})
    problem = _week(
        Activity("round", 2, frozenset(["p"])), parties=(person,), previous={"round": Placement(2)}
    )

    plan = plan_week(problem)

    assert plan.placements == {"round": Placement(2)}
    assert (plan.unchanged, plan.cost) == (1, 10)


def test_placing_one_more_comes_before_keeping_one():
    room = Room("r", frozenset(range(4, 8)))
    activities = [Activity(f"a{n}", 2, frozenset([f"p{n}"]), rooms=frozenset("r")) for n in (1, 2)]

    plan = plan_week(_week(*activities, rooms=(room,), previous={"a1": Placement(1, "r")}))

    assert len(plan.placements) == 2
    assert plan.unchanged == 0


def test_rooms_that_are_kept_out_of_step_are_told_apart():
    # "early" and "late" were in r3, at either end of the day. Counted, all five fit into three
    # rooms; but of the two that run over the middle, only one can share r3, so one must move.
    rooms = tuple(Room(name, frozenset(range(4, 8))) for name in ("r1", "r2", "r3"))
    usable = frozenset(["r1", "r2", "r3"])
    times = {"early": (0, 1), "first": (0, 3), "last": (1, 3), "late": (3, 1), "whole": (0, 4)}
    parties = tuple(
        Party(name, frozenset(range(8)) - set(range(start, start + length)))
        for name, (start, length) in times.items()
    )
    activities = [
        Activity(name, length, frozenset([name]), rooms=usable)
        for name, (_, length) in times.items()
    ]
    before = {"early": Placement(0, "r3"), "late": Placement(3, "r3")}
    problem = _week(*activities, parties=parties, rooms=rooms, previous=before)

    plan = plan_week(problem)

    assert check_week(problem, plan) == ()
    assert (plan.is_optimal, len(plan.placements), plan.unchanged) == (True, 5, 1)
    assert best_objectives(problem)[:2] == (5, 1)


def test_nobody_sits_where_there_is_no_seat_unless_they_dial_in():
    needed = frozenset(["clinician", "researcher"])
    small = Room("small", seats=1)
    present = Activity("round", 1, needed, rooms=frozenset(["small"]))

    def placed(activity: Activity, room: Room) -> int:
        return len(plan_week(_week(activity, rooms=(room,))).placements)

    dialling = replace(present, remote=frozenset(["researcher"]))
    assert placed(present, small) == 0
    assert placed(dialling, small) == 1
    assert placed(dialling, replace(small, remote=False)) == 0


def test_stopping_at_once_still_gives_a_plan_that_holds():
    activities = [
        Activity(f"a{n}", 2, frozenset(["shared", f"p{n}"]), rooms=frozenset("r"))
        for n in range(12)
    ]
    problem = _week(*activities, rooms=(Room("r"),))
    told: list[Progress] = []

    def stop(progress: Progress) -> bool:
        told.append(progress)
        return False

    plan = plan_week(problem, report=stop)

    assert told
    assert check_week(problem, plan) == ()
    assert len(plan.placements) >= 1


def test_progress_tells_of_every_part():
    told: list[Progress] = []
    activities = [Activity(f"a{n}", 1, frozenset([f"p{n}"])) for n in range(3)]

    plan_week(_week(*activities), report=lambda progress: told.append(progress) is None)

    assert [(p.parts_done, p.parts, p.placed) for p in told] == [(1, 3, 1), (2, 3, 2), (3, 3, 3)]


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_no_time_is_refused(seconds):
    with pytest.raises(ValueError, match="time_limit"):
        plan_week(_week(), time_limit=seconds)
