"""The check finds every kind of fault in a plan that somebody spoilt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cotutelle.engines.weekly import (
    Activity,
    Fix,
    Party,
    Placement,
    Room,
    WeeklyPlan,
    WeeklyProblem,
    check_week,
    plan_week,
)

USABLE = frozenset(["small", "large"])
PROBLEM = WeeklyProblem(
    (0, 0, 0, 0, 1, 1),
    (
        Party("ann", frozenset([3])),
        Party("bob", frozenset([0]), unwanted={1: 2}),
        Party("eve", frozenset(range(6)), frozenset([4, 5])),
        Party("guest"),
    ),
    (Room("small", seats=2), Room("large", frozenset([4]))),
    (
        Activity("one", 1, frozenset(["ann"]), wished={"guest": 4}, rooms=USABLE),
        Activity("two", 2, frozenset(["ann", "bob"]), rooms=USABLE, days=frozenset([0])),
        Activity("three", 2, frozenset(["eve", "bob"])),
    ),
    breaks=frozenset([2]),
    previous={"one": Placement(4, "small")},
)
GOOD = WeeklyPlan(
    placements={"one": Placement(4, "small")},
    unplaced=("three", "two"),
    fixes={"three": (Fix("three", Placement(4), (("eve", (4, 5)),)),), "two": ()},
    left_out={},
    unchanged=1,
    cost=0,
    is_optimal=True,
    bound_placed=1,
)


def _placed(id_: str, start: int, room: str | None) -> WeeklyPlan:
    placements = {**GOOD.placements, id_: Placement(start, room)}
    unplaced = tuple(name for name in GOOD.unplaced if name not in placements)
    return replace(GOOD, placements=placements, unplaced=unplaced)


SPOILT = {
    "unknown_activity": replace(GOOD, placements={**GOOD.placements, "x": Placement(0)}),
    "unplaced_list": replace(GOOD, unplaced=("two",)),
    "outside_week": _placed("one", 6, "small"),
    "across_pause": _placed("two", 1, "small"),
    "not_allowed_day": _placed("two", 4, "small"),
    "busy": _placed("two", 0, "small"),
    "twice_at_once": _placed("two", 4, "small"),
    "no_room": _placed("one", 4, None),
    "not_allowed_room": _placed("three", 4, "small"),
    "room_busy": _placed("one", 4, "large"),
    "room_twice": _placed("two", 4, "small"),
    "left_out": replace(GOOD, left_out={"one": ("bob",)}),
}


def test_the_plan_itself_is_good():
    assert check_week(PROBLEM, GOOD) == ()
    assert replace(plan_week(PROBLEM), cpu_seconds=0) == GOOD


@pytest.mark.parametrize("code", SPOILT)
def test_a_broken_rule_is_found(code):
    assert code in {violation.code for violation in check_week(PROBLEM, SPOILT[code])}


def test_too_few_seats_are_found():
    problem = replace(PROBLEM, rooms=(Room("small", seats=1), PROBLEM.rooms[1]))

    assert [v.code for v in check_week(problem, GOOD)] == ["seats"]
    assert check_week(problem, replace(GOOD, left_out={"one": ("guest",)}, cost=4)) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"cost": 1},
        {"unchanged": 0},
        {"bound_placed": 0},
        {"bound_placed": 2},
        {"left_out": {"one": ("guest",)}},
    ],
)
def test_a_wrong_figure_is_found(wrong):
    found = check_week(PROBLEM, replace(GOOD, **wrong))

    assert "wrong_figure" in {violation.code for violation in found}


@pytest.mark.parametrize(
    "fixes",
    [
        {},
        {"three": (Fix("three", Placement(0), (("eve", (0, 1)), ("bob", (0,)))),)},
        {"three": (Fix("three", Placement(4), (("eve", (4,)),)),)},
        {"three": (Fix("three", Placement(4), (("eve", (4, 5)), ("guest", (1,)))),)},
        {"three": (Fix("three", Placement(4), (("eve", (4, 5)),)),) * 2},
        {**GOOD.fixes, "two": (Fix("two", Placement(2, "small"), (("ann", (3,)),)),)},
        {**GOOD.fixes, "one": (Fix("one", Placement(0, "small"), ()),)},
    ],
)
def test_a_fix_that_does_not_help_is_found(fixes):
    found = check_week(PROBLEM, replace(GOOD, fixes=fixes))

    assert {violation.code for violation in found} == {"bad_fix"}
