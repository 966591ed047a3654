"""Quotas above the mentor: validation, the order of a unit, and deferred acceptance with both."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from cotutelle.engines.matching import (
    Group,
    InvalidProblem,
    LowerQuotaMissed,
    MatchingProblem,
    Mentor,
    Offer,
    Pin,
    Shortfall,
    match,
    match_students,
    student_rank,
    tie_groups,
)
from cotutelle.engines.matching.lottery import Lottery
from cotutelle.engines.matching.priority import unit_orders
from tests.engines.matching_market import small_market
from tests.engines.matching_units import Units, grouped_markets
from tests.strategies import shuffled


def test_a_department_with_one_place_gives_it_by_its_own_priority() -> None:
    problem = MatchingProblem(
        {"s1": ["a", "b"], "s2": ["b", "a"]},
        {"a": Offer("ma", 1), "b": Offer("mb", 1)},
        {
            "ma": Mentor(1, ["s2", "s1"], group_id="dept"),
            "mb": Mentor(1, ["s1", "s2"], group_id="dept"),
        },
        groups={"dept": Group(1, priority=["s1", "s2"])},
    )

    assert match_students(problem).offer_of == {"s1": "b"}
    other = replace(problem, groups={"dept": Group(1, priority=["s2", "s1"])})
    assert match_students(other).offer_of == {"s2": "a"}


def test_the_order_of_a_unit_merges_the_lists_of_its_mentors() -> None:
    problem = MatchingProblem(
        {student: ["a", "b"] for student in ("s1", "s2", "s3", "s4")},
        {"a": Offer("ma", 2), "b": Offer("mb", 2)},
        {
            "ma": Mentor(2, ["s4", "s1"], group_id="dept"),
            "mb": Mentor(2, ["s2", "s3", "s1"], group_id="dept"),
        },
        groups={"dept": Group(2, priority=["s1", "s2", "s3", "s4"])},
    )
    lists = {"ma": ["s4", "s1"], "mb": ["s2", "s3", "s1"]}

    order = unit_orders(problem, Lottery("0"), lists, ["dept"])["dept"]

    # mb takes s2, s3, s1 before ma's first, s4, whom the unit likes least, holds s1 up.
    assert order == {"mb": [0, 1, 2], "ma": [3, 4]}


def _held(problem: MatchingProblem) -> Mapping[str, str]:
    return match_students(problem).offer_of


def test_small_markets_with_nested_units_are_matched_as_brute_force_does() -> None:
    binding = 0
    for problem in grouped_markets(1500):
        units = Units(problem)
        stable = [held for held in units.feasible() if not units.blocking(held)]
        held = dict(_held(problem))
        assert held in stable
        for student in problem.student_preferences:
            if student not in problem.pins:
                assert units.level(held, student) == min(units.level(o, student) for o in stable)
        free = _held(
            replace(problem, groups={k: replace(g, quota=None) for k, g in problem.groups.items()})
        )
        binding += free != held
    assert binding > 300  # the units mattered often enough


def test_the_order_of_a_unit_is_that_of_taking_heads_in_turn() -> None:
    for problem in grouped_markets(400, students=5, offers=5):
        units = Units(problem)
        lottery = Lottery(problem.seed)
        lists = {key: lottery.break_ties(m.preferences) for key, m in problem.mentors.items()}
        orders = unit_orders(problem, lottery, lists, problem.groups)
        for group, order in orders.items():
            found = sorted(
                (place, mentor, lists[mentor][at])
                for mentor, places in order.items()
                for at, place in enumerate(places)
            )
            assert [(mentor, student) for _, mentor, student in found] == units.order_of[group]


def test_no_student_gains_by_another_list_under_caps() -> None:
    for problem in grouped_markets(250):
        honest = _held(problem)
        for student, truth in problem.student_preferences.items():
            if student in problem.pins or any(len(g) > 1 for g in tie_groups(truth)):
                continue
            now = student_rank(problem, student, honest.get(student, "")) or 99
            for length in range(len(problem.offers) + 1):
                for lie in itertools.permutations(problem.offers, length):
                    lists = {**problem.student_preferences, student: lie}
                    got = _held(replace(problem, student_preferences=lists)).get(student, "")
                    assert (student_rank(problem, student, got) or 99) >= now


def test_the_order_of_keys_changes_nothing_under_caps() -> None:
    random = Random(7)  # noqa: S311
    for problem in grouped_markets(500, students=6, offers=5):
        mixed = shuffled(random, problem)
        assert match_students(mixed) == match_students(problem)


def test_caps_that_cannot_bind_change_nothing() -> None:
    for problem in grouped_markets(300, students=6, offers=5):
        wide = {key: replace(group, quota=50) for key, group in problem.groups.items()}
        bare = {key: replace(mentor, group_id=None) for key, mentor in problem.mentors.items()}
        assert _held(replace(problem, groups=wide)) == _held(
            replace(problem, groups={}, mentors=bare)
        )


def test_missed_minimums_are_named_all_at_once() -> None:
    problem = small_market(
        offers={
            "imaging": Offer("wang", 1, lower_quota=1),
            "stroke": Offer("wang", 1),
            "cohort": Offer("li", 1),
        },
        mentors={
            "wang": Mentor(1, ["s3", "s2", "s1"], group_id="neuro"),
            "li": Mentor(3, ["s1", "s2", "s3"], lower_quota=2, group_id="neuro"),
        },
        groups={"neuro": Group(None, 3, parent_id="all"), "all": Group(9, 2)},
    )

    with pytest.raises(
        LowerQuotaMissed, match="the exact algorithm plans minimum quotas"
    ) as caught:
        match_students(problem)

    assert caught.value.missed == (
        Shortfall("offer", "imaging", 1, 0),
        Shortfall("mentor", "li", 2, 1),
        Shortfall("group", "neuro", 3, 2),
    )
    assert "mentor 'li' needs 2 and got 1" in str(caught.value)


def test_a_minimum_that_is_met_is_no_matter() -> None:
    problem = small_market(
        mentors={
            "wang": Mentor(1, ["s3", "s2", "s1"], lower_quota=1),
            "li": Mentor(1, ["s1", "s2", "s3"]),
        }
    )

    assert match_students(problem).offer_of == {"s2": "cohort", "s3": "stroke"}


@pytest.mark.parametrize("algorithm", ["deferred-acceptance", "promotion"])
def test_weights_are_left_to_the_exact_algorithm(algorithm: Any) -> None:
    problem = small_market(
        offers={
            "imaging": Offer("wang", 1, weight=2),
            "stroke": Offer("wang", 1),
            "cohort": Offer("li", 1),
        }
    )

    with pytest.raises(ValueError, match="weights above 1 need the exact algorithm"):
        match(problem, algorithm=algorithm)


def test_what_is_asked_for_must_exist() -> None:
    with pytest.raises(ValueError, match="algorithm: 'guess'"):
        match(small_market(), algorithm="guess")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="objective: 'luck'"):
        match(small_market(), objective="luck")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="objective: promotion knows none but 'size'"):
        match(small_market(), algorithm="promotion", objective="generous")


def test_everything_wrong_with_groups_is_said_at_once() -> None:
    with pytest.raises(InvalidProblem) as caught:
        MatchingProblem(
            {"s1": [], "s2": []},
            {"a": Offer("m", 2, 3, weight=0), "b": Offer("m", 2, -1), "c": Offer("m", 2, weight=2)},
            {"m": Mentor(3, lower_quota=4, group_id="g"), "n": Mentor(1, group_id="nowhere")},
            {"s1": Pin("c"), "s2": Pin("b")},
            groups={
                "g": Group(2, 3, parent_id="h", priority=["s1", ["s1"], "s9", []]),
                "h": Group(-1, parent_id="i"),
                "i": Group(None, 2**60, parent_id="h"),
                "j": Group(parent_id="lost"),
                "": Group(),
            },
        )

    assert [(fault.argument, fault.key, fault.code) for fault in caught.value.problems] == [
        ("groups", "", "empty_id"),
        ("offers", "a", "lower_above_quota"),
        ("offers", "b", "bad_lower_quota"),
        ("offers", "a", "bad_weight"),
        ("mentors", "m", "lower_above_quota"),
        ("mentors", "n", "unknown_group"),
        ("groups", "g", "lower_above_quota"),
        ("groups", "h", "bad_quota"),
        ("groups", "i", "bad_lower_quota"),
        ("groups", "g", "duplicate"),
        ("groups", "g", "unknown_student"),
        ("groups", "g", "empty_place"),
        ("groups", "h", "cycle"),
        ("groups", "i", "cycle"),
        ("groups", "j", "unknown_group"),
        ("pins", "s1", "pin_against_quota"),
        ("pins", "s2", "pin_against_quota"),
        ("pins", "s2", "pin_against_quota"),
    ]
    assert "group 'h' lies in itself: 'h' in 'i' in 'h'" in str(caught.value)


def test_a_pin_needs_a_place_of_every_group_above_it() -> None:
    market: dict[str, Any] = {
        "student_preferences": {"s1": [], "s2": []},
        "offers": {"a": Offer("m", 2)},
        "mentors": {"m": Mentor(2, group_id="inner")},
        "pins": {"s1": Pin("a"), "s2": Pin("a")},
    }
    outer = Group(2)
    assert MatchingProblem(**market, groups={"inner": Group(parent_id="outer"), "outer": outer})
    with pytest.raises(InvalidProblem, match="one too many for group 'outer', whose quota is 1"):
        MatchingProblem(**market, groups={"inner": Group(parent_id="outer"), "outer": Group(1)})
