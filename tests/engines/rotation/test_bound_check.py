"""The recomputed bound against every plan of tiny problems."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotutelle.engines.rotation.bound_check import check_bound
from cotutelle.engines.rotation.checking import recompute_score
from cotutelle.engines.rotation.plan import Evidence
from cotutelle.engines.rotation.problem import Block, RotationProblem, Stay, Trainee, Ward
from tests.engines.rotation.tiny import best_score, draw_problem, schedules

SEEDS = st.integers(0, 10**6)


def draw_evidence(problem: RotationProblem, seed: int) -> Evidence:
    dice = random.Random(seed)  # noqa: S311
    cells = {
        (ward.id, period): dice.choice([-3.0, -0.5, 0.0, 0.5, 2.0, 7.25])
        for ward in problem.wards
        for period in range(problem.horizon)
        if dice.random() < 0.5
    }
    weights = [dice.random() for _ in problem.trainees]
    shares = {
        person.id: problem.fairness * weight / sum(weights)
        for person, weight in zip(problem.trainees, weights, strict=True)
    }
    return Evidence(cells, shares)


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_no_plan_exceeds_the_bound_of_any_prices(seed: int) -> None:
    problem = draw_problem(seed)
    bound = check_bound(problem, draw_evidence(problem, seed))
    best = best_score(problem)
    assert best is None or best <= bound + 1e-9


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_one_trainee_without_limits_is_bounded_by_the_best_schedule(seed: int) -> None:
    problem = draw_problem(seed, trainees=1)
    wards = tuple(replace(w, upper=None, lower=(), target=()) for w in problem.wards)
    problem = replace(problem, wards=wards, fairness=2)
    bound = check_bound(problem, Evidence({}, {"t0": 2.0}))
    scores = [
        recompute_score(problem, {"t0": stays}) for stays in schedules(problem, problem.trainees[0])
    ]
    assert bound == max(scores, default=float("-inf"))


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_following_fewer_blocks_never_lowers_the_bound(seed: int) -> None:
    problem = draw_problem(seed, blocks=4)
    evidence = draw_evidence(problem, seed)
    exact = check_bound(problem, evidence)
    loose = check_bound(problem, evidence, codes=9)
    assert loose >= exact - 1e-9
    assert check_bound(problem, evidence, codes=1 << 10) == pytest.approx(exact)


def two_for_one_place() -> RotationProblem:
    """Two trainees want the one place of the good ward; the other ward is worth 4 less."""
    wards = (Ward("good", "h", (1,)), Ward("poor", "h", (2,)))
    blocks = (Block("b", 1, {"good": 10, "poor": 6}),)
    return RotationProblem(1, wards, (Trainee("a", blocks), Trainee("b", blocks)))


def test_the_price_of_the_scarce_place_proves_the_optimum() -> None:
    problem = two_for_one_place()
    assert check_bound(problem, Evidence()) == 20
    assert check_bound(problem, Evidence({("good", 0): 4.0})) == 16
    assert check_bound(problem, Evidence({("good", 0): 6.0})) == 18


def test_a_minimum_is_priced_below_nothing() -> None:
    problem = two_for_one_place()
    wards = (problem.wards[0], Ward("poor", "h", (2,), (2,)))
    problem = replace(problem, wards=wards)
    assert check_bound(problem, Evidence({("good", 0): 4.0})) == 16
    assert check_bound(problem, Evidence({("poor", 0): -4.0})) == 12


def test_the_share_of_the_worst_off_counts_own_scores() -> None:
    problem = replace(two_for_one_place(), fairness=1)
    even = Evidence({("good", 0): 6.0}, {"a": 0.5, "b": 0.5})
    assert check_bound(problem, even) == 1.5 * 12 + 6.0


def test_places_above_the_target_cost() -> None:
    problem = two_for_one_place()
    wards = (Ward("good", "h", (2,), target=(1,)), problem.wards[1])
    problem = replace(problem, wards=wards, smooth=3)
    assert check_bound(problem, Evidence({("good", 0): 3.0})) == 17
    assert best_score(problem) == 17


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (Evidence({("nowhere", 0): 1.0}, {"a": 1.0}), "no such cell"),
        (Evidence({("good", 1): 1.0}, {"a": 1.0}), "no such cell"),
        (Evidence({}, {"a": 2.0, "b": -1.0}), "negative share"),
        (Evidence({}, {"z": 1.0}), "no such trainee"),
        (Evidence({}, {"a": 0.5}), "sum to 0.5"),
        (Evidence({("good", 0): float("nan")}, {"a": 1.0}), "not a number"),
    ],
)
def test_faulty_evidence_is_refused(evidence: Evidence, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_bound(replace(two_for_one_place(), fairness=1), evidence)


def test_a_trainee_without_schedule_bounds_everything() -> None:
    problem = two_for_one_place()
    stuck = replace(problem.trainees[0], away=frozenset([0]))
    problem = replace(problem, trainees=(stuck, problem.trainees[1]))
    assert check_bound(problem, Evidence()) == float("-inf")


def test_a_pinned_elective_is_done() -> None:
    blocks = (Block("x", 1, {"good": 9}, group="g"), Block("y", 1, {"good": 1}, group="g"))
    person = Trainee("a", blocks, groups={"g": 1}, pins=(Stay("y", "good", 1),))
    problem = RotationProblem(3, (Ward("good", "h"),), (person,))
    assert check_bound(problem, Evidence()) == 1
