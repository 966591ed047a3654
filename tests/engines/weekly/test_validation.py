"""Every mistake is named, all at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cotutelle.engines.weekly import (
    Activity,
    InvalidProblem,
    Party,
    Placement,
    Room,
    WeeklyProblem,
    plan_week,
    validate_problem,
)

WEEK = WeeklyProblem(
    (0, 0, 1, 1),
    (Party("p"), Party("q")),
    (Room("r"),),
    (Activity("a", 1, frozenset("p"), rooms=frozenset("r")),),
)


def _activity(**changes) -> WeeklyProblem:
    return replace(WEEK, activities=(replace(WEEK.activities[0], **changes),))


CASES = {
    "no slots": (replace(WEEK, day_of_slot=()), "out_of_range"),
    "days mixed": (replace(WEEK, day_of_slot=(0, 1, 0, 1)), "not_in_order"),
    "negative day": (replace(WEEK, day_of_slot=(-1, 0, 1, 1)), "out_of_range"),
    "break outside": (replace(WEEK, breaks=frozenset([4])), "out_of_range"),
    "same id": (replace(WEEK, rooms=(Room("r"), Room("r"))), "duplicate"),
    "no id": (replace(WEEK, rooms=(Room("r"), Room(""))), "bad_id"),
    "busy outside": (
        replace(WEEK, parties=(Party("p", frozenset([9])), Party("q"))),
        "out_of_range",
    ),
    "movable but free": (
        replace(WEEK, parties=(Party("p", movable=frozenset([1])), Party("q"))),
        "not_busy",
    ),
    "dislike without weight": (
        replace(WEEK, parties=(Party("p", unwanted={1: 0}), Party("q"))),
        "out_of_range",
    ),
    "seats below none": (replace(WEEK, rooms=(Room("r", seats=-1),)), "out_of_range"),
    "no length": (_activity(length=0), "out_of_range"),
    "half a slot": (_activity(length=0.5), "not_a_number"),
    "unknown party": (_activity(needed=frozenset("x")), "unknown"),
    "unknown guest": (_activity(wished={"x": 1}), "unknown"),
    "unknown room": (_activity(rooms=frozenset("x")), "unknown"),
    "remote guest": (_activity(remote=frozenset("q")), "not_needed"),
    "needed and wished": (_activity(wished={"p": 1}), "also_needed"),
    "wish without weight": (_activity(wished={"q": 0}), "out_of_range"),
    "negative allowed day": (_activity(days=frozenset([-1])), "out_of_range"),
    "previous before the week": (replace(WEEK, previous={"a": Placement(-1)}), "out_of_range"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_named(name):
    problem, code = CASES[name]

    with pytest.raises(InvalidProblem) as caught:
        validate_problem(problem)

    assert code in {fault.code for fault in caught.value.faults}
    assert all(fault.message.startswith(fault.path) for fault in caught.value.faults)


def test_all_mistakes_come_at_once():
    problem = replace(_activity(length=0, needed=frozenset("xy")), breaks=frozenset([9]))

    with pytest.raises(InvalidProblem) as caught:
        plan_week(problem)

    assert len(caught.value.faults) == 4


def test_the_past_may_know_what_is_gone():
    validate_problem(
        replace(WEEK, previous={"gone": Placement(99, "gone"), "a": Placement(0, "x")})
    )
