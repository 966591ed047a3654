"""Mistakes in a problem, all at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cotutelle.engines.rotation import (
    Block,
    InvalidProblem,
    Order,
    RotationProblem,
    Stay,
    Trainee,
    Ward,
    score_of,
    validate_problem,
)
from tests.engines.rotation.tiny import draw_problem

WARD = Ward("icu", "north", upper=(1, 1, 1))
BLOCK = Block("a", 2, {"icu": 3})
TRAINEE = Trainee("anna", (BLOCK, Block("x", 1, {"icu": 0}, group="g")), groups={"g": 1})
PROBLEM = RotationProblem(3, (WARD,), (TRAINEE,))


def _faults(problem: RotationProblem) -> list[tuple[str, str]]:
    with pytest.raises(InvalidProblem) as caught:
        validate_problem(problem)
    return [(fault.path, fault.code) for fault in caught.value.faults]


def _with(**changes: Any) -> RotationProblem:
    return replace(PROBLEM, trainees=(replace(TRAINEE, **changes),))


def test_good_problems_are_accepted() -> None:
    validate_problem(PROBLEM)
    validate_problem(RotationProblem(1, (), ()))
    for seed in range(200):
        validate_problem(draw_problem(seed))


def test_conflicts_are_no_mistakes() -> None:
    minimum = replace(WARD, lower=(2, 2, 2))
    long = replace(BLOCK, months=9, latest=1)
    pinned = replace(
        TRAINEE,
        blocks=(long, *TRAINEE.blocks[1:]),
        pins=(Stay("x", "icu", 0),),
        away=frozenset({0}),
        forbidden=frozenset({"north", "icu"}),
    )

    validate_problem(RotationProblem(3, (minimum,), (pinned,)))


@pytest.mark.parametrize(
    ("problem", "path", "code"),
    [
        (replace(PROBLEM, horizon=0), "horizon", "out_of_range"),
        (replace(PROBLEM, horizon=61), "horizon", "out_of_range"),
        (replace(PROBLEM, fairness=-1), "fairness", "out_of_range"),
        (replace(PROBLEM, smooth=0.5), "smooth", "not_a_number"),  # type: ignore[arg-type]
        (replace(PROBLEM, keep=True), "keep", "not_a_number"),
        (replace(PROBLEM, wards=(WARD, WARD)), "wards", "duplicate"),
        (replace(PROBLEM, wards=(replace(WARD, upper=(1, 1)),)), "wards['icu'].upper", "wrong_length"),
        (replace(PROBLEM, wards=(replace(WARD, upper=()),)), "wards['icu'].upper", "wrong_length"),
        (replace(PROBLEM, wards=(replace(WARD, lower=(0, -1, 0)),)), "wards['icu'].lower[1]", "out_of_range"),
        (replace(PROBLEM, wards=(WARD, Ward("north", "south"))), "wards['north']", "two_meanings"),
        (replace(PROBLEM, wards=(WARD, Ward("b", ""))), "wards['b'].hospital", "bad_id"),
        (replace(PROBLEM, trainees=(TRAINEE, TRAINEE)), "trainees", "duplicate"),
        (_with(id="\ud800"), "trainees", "bad_id"),
        (_with(blocks=(BLOCK, BLOCK), groups={}), "trainees['anna'].blocks", "duplicate"),
        (_with(groups={}), "trainees['anna'].groups", "group_without_count"),
        (_with(groups={"g": 2}), "trainees['anna'].groups['g']", "group_too_small"),
        (_with(groups={"g": 1, "h": -1}), "trainees['anna'].groups['h']", "out_of_range"),
        (_with(groups={"g": 1, "": 0}), "trainees['anna'].groups", "bad_id"),
        (_with(orders=(Order("a", "q"),)), "trainees['anna'].orders", "unknown_block"),
        (_with(orders=(Order("a", "x"), Order("x", "a"))), "trainees['anna'].orders", "circle"),
        (_with(orders=(Order("a", "a"),)), "trainees['anna'].orders", "circle"),
        (_with(away=frozenset({3})), "trainees['anna'].away", "out_of_range"),
        (_with(forbidden=frozenset({"moon"})), "trainees['anna'].forbidden", "unknown_place"),
        (_with(pins=(Stay("q", "icu", 0),)), "trainees['anna'].pins", "unknown_block"),
        (_with(pins=(Stay("a", "er", 0),)), "trainees['anna'].pins", "unknown_ward"),
        (_with(pins=(Stay("a", "icu", 2),)), "trainees['anna'].pins", "outside_horizon"),
        (_with(pins=(Stay("a", "icu", 0), Stay("a", "icu", 1))), "trainees['anna'].pins", "duplicate"),
        (_with(most_in_hospital=-1), "trainees['anna'].most_in_hospital", "out_of_range"),
        (_with(idle_cost=-1), "trainees['anna'].idle_cost", "out_of_range"),
        (_with(change_cost=1e3), "trainees['anna'].change_cost", "not_a_number"),
        (replace(PROBLEM, previous={"bo": ()}), "previous['bo']", "unknown_trainee"),
        (
            replace(PROBLEM, previous={"anna": (Stay("a", "icu", 0), Stay("x", "icu", 1))}),
            "previous['anna']",
            "overlap",
        ),
        (replace(PROBLEM, previous={"anna": (Stay("a", "icu", -1),)}), "previous['anna']", "out_of_range"),
    ],
)  # fmt: skip
def test_one_mistake(problem: RotationProblem, path: str, code: str) -> None:
    assert _faults(problem) == [(path, code)]


@pytest.mark.parametrize(
    ("block", "field", "code"),
    [
        (replace(BLOCK, months=0), "months", "out_of_range"),
        (replace(BLOCK, score=10**7), "score", "out_of_range"),
        (replace(BLOCK, earliest=3), "earliest", "out_of_range"),
        (replace(BLOCK, latest=3), "latest", "out_of_range"),
        (replace(BLOCK, earliest=2, latest=1), "latest", "empty_window"),
        (replace(BLOCK, wards={"er": 1}), "wards", "unknown_ward"),
        (replace(BLOCK, wards={"icu": 1.5}), "wards['icu']", "not_a_number"),  # type: ignore[dict-item]
    ],
)
def test_one_mistake_in_a_block(block: Block, field: str, code: str) -> None:
    problem = _with(blocks=(block, *TRAINEE.blocks[1:]))

    assert _faults(problem) == [(f"trainees['anna'].blocks['a'].{field}", code)]


def test_a_pin_must_be_in_a_ward_for_the_block() -> None:
    problem = replace(
        _with(pins=(Stay("a", "er", 0),)), wards=(WARD, Ward("er", "north", upper=(1, 1, 1)))
    )

    assert _faults(problem) == [("trainees['anna'].pins", "not_allowed_ward")]


def test_all_mistakes_are_named_at_once() -> None:
    problem = replace(_with(idle_cost=-1, away=frozenset({9})), wards=(WARD, WARD), keep=-1)

    assert {code for _, code in _faults(problem)} == {"out_of_range", "duplicate"}
    assert len(_faults(problem)) == 4


def test_scoring_refuses_what_does_not_exist() -> None:
    with pytest.raises(ValueError, match="bo"):
        score_of(PROBLEM, {"bo": ()})
    with pytest.raises(ValueError, match="'q'"):
        score_of(PROBLEM, {"anna": (Stay("q", "icu", 0),)})
    with pytest.raises(ValueError, match="'er'"):
        score_of(PROBLEM, {"anna": (Stay("a", "er", 0),)})
