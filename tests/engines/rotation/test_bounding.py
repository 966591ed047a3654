"""Bounds and the plans that their columns make, against every plan of tiny problems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotutelle.engines.rotation._compiled import compile_problem
from cotutelle.engines.rotation.bound_check import check_bound
from cotutelle.engines.rotation.bounding import DualBound, whole_bound
from cotutelle.engines.rotation.checking import check_plan, recompute_score
from cotutelle.engines.rotation.columns import Cells, column_of
from cotutelle.engines.rotation.generate import planted
from cotutelle.engines.rotation.master import restricted_master
from cotutelle.engines.rotation.problem import Block, RotationProblem, Trainee, Ward
from tests.engines.rotation.tiny import best_score, draw_problem, plans, schedules

SEEDS = st.integers(0, 10**6)


def lifted(problem: RotationProblem, height: int) -> RotationProblem:
    """Return the problem with scores far from zero."""
    people = tuple(
        replace(t, blocks=tuple(replace(b, score=b.score + height) for b in t.blocks))
        for t in problem.trainees
    )
    return replace(problem, trainees=people)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from([0, 300, -300]))
def test_incumbent_optimum_and_bound_stand_in_order(seed: int, height: int) -> None:
    problem = lifted(draw_problem(seed, trainees=3), height)
    dual = DualBound(problem)
    dual.step(20)
    assert dual.settled
    optimum = best_score(problem)
    if optimum is None:
        return
    assert optimum <= whole_bound(dual.bound)
    assert check_bound(problem, dual.evidence()) == pytest.approx(dual.bound, abs=1e-6)
    choice = restricted_master(problem, dual.columns, time_limit=120)
    if choice is not None:
        assert not check_plan(problem, choice.stays)
        assert choice.score == recompute_score(problem, choice.stays) <= optimum


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_all_schedules_as_columns_make_the_best_plan(seed: int) -> None:
    problem = draw_problem(seed)
    compiled = compile_problem(problem)
    pools = [
        [column_of(problem, compiled, index, stays) for stays in schedules(problem, person)]
        for index, person in enumerate(problem.trainees)
    ]
    choice = restricted_master(problem, pools, time_limit=120)
    assert (choice and choice.score) == best_score(problem)
    assert choice is None or choice.is_proved


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_bound_does_not_depend_on_the_order_of_the_input(seed: int) -> None:
    problem = draw_problem(seed, trainees=3)
    turned = replace(problem, wards=problem.wards[::-1], trainees=problem.trainees[::-1])
    first, second = DualBound(problem), DualBound(turned)
    first.step(20)
    second.step(20)
    assert first.bound == second.bound
    assert first.evidence() == second.evidence()


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_a_plan_offered_is_never_lost(seed: int) -> None:
    problem = draw_problem(seed)
    plan = next(plans(problem), None)
    if plan is None:
        return
    dual = DualBound(problem)
    dual.step(0)
    choice = restricted_master(problem, dual.columns, plan, time_limit=120)
    assert choice is not None
    assert choice.score >= recompute_score(problem, plan)


def test_two_threads_prove_what_one_proves() -> None:
    problem = planted(12, months=12, wards=8, seed=3)[0]
    one, two = DualBound(problem), DualBound(problem, workers=2)
    one.step(60)
    two.step(60)
    assert one.bound == two.bound
    assert one.evidence() == two.evidence()


@pytest.mark.parametrize("seed", range(3))
def test_the_planted_optimum_is_proved(seed: int) -> None:
    problem, _, plan = planted(12, months=12, wards=8, seed=seed)
    dual = DualBound(problem)
    dual.step(60)
    assert whole_bound(dual.bound) == plan.score
    choice = restricted_master(problem, dual.columns, time_limit=60)
    assert choice is None or choice.score <= plan.score
    assert whole_bound(check_bound(problem, dual.evidence())) == plan.score


def three_in_pairs() -> RotationProblem:
    """
    Three trainees each want two of three places, and half of each would be best.

    Each does both blocks at once only in one of three ways; every two ways share a place.
    """
    wards = tuple(Ward(f"w{i}", "h", (1, 1)) for i in range(3))
    people = tuple(
        Trainee(
            f"t{i}",
            (
                Block("a", 1, {f"w{i}": 2, f"w{(i + 1) % 3}": 2}),
                Block("b", 1, {f"w{(i + 2) % 3}": 1}),
            ),
        )
        for i in range(3)
    )
    return RotationProblem(2, wards, people)


def test_minimums_and_targets_shape_the_plan() -> None:
    problem = three_in_pairs()
    dual = DualBound(problem)
    dual.step(20)
    choice = restricted_master(problem, dual.columns, time_limit=120)
    assert choice is not None
    assert choice.score == best_score(problem) == whole_bound(dual.bound) == 9


def test_a_trainee_without_schedule_ends_it() -> None:
    problem = three_in_pairs()
    stuck = replace(problem.trainees[0], away=frozenset([0]))
    problem = replace(problem, trainees=(stuck, *problem.trainees[1:]))
    dual = DualBound(problem)
    dual.step(20)
    assert dual.settled
    assert dual.bound == float("-inf")
    assert restricted_master(problem, dual.columns, time_limit=60) is None


def test_a_minimum_above_the_maximum_leaves_no_choice() -> None:
    problem = three_in_pairs()
    wards = (replace(problem.wards[0], lower=(2, 2)), *problem.wards[1:])
    problem = replace(problem, wards=wards)
    dual = DualBound(problem)
    dual.step(20)
    assert restricted_master(problem, dual.columns, time_limit=60) is None


def test_no_trainee_at_all() -> None:
    problem = RotationProblem(2, (Ward("w", "h", (1, 1)),), (), fairness=1)
    dual = DualBound(problem)
    dual.step(5)
    assert dual.bound == 0.0
    assert dual.settled


def test_cells_price_their_best_load() -> None:
    ward = Ward("w", "h", upper=(3,), lower=(1,), target=(2,))
    people = tuple(Trainee(f"t{i}", (Block("b", 1, {"w": 1}),)) for i in range(5))
    cells = Cells(compile_problem(RotationProblem(1, (ward,), people, smooth=4)))
    for price in (-2.5, 0.0, 1.0, 4.0, 6.5):
        expected = max(price * n - 4 * max(0, n - 2) for n in (1, 2, 3))
        assert cells.value(np.array([price])) == expected
