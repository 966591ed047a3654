"""Planning all together, against enumeration and planted optima."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cotutelle.engines.rotation import (
    Block,
    Infeasible,
    RotationProblem,
    Stay,
    Trainee,
    Ward,
    check_plan,
    plan_rotations,
    score_of,
)
from cotutelle.engines.rotation.generate import planted, planted_cost
from tests.engines.rotation.tiny import best_score, draw_problem


def _two(upper: int, lower: int = 0) -> RotationProblem:
    """Two trainees who both want ward a in the only period."""
    wards = (Ward("a", "A", upper=(upper,), lower=(lower,)), Ward("b", "B"))
    people = tuple(
        Trainee(name, (Block("x", 1, {"a": 5, "b": score}),))
        for name, score in (("t", 1), ("u", 3))
    )
    return RotationProblem(1, wards, people)


def test_plans_of_tiny_problems_are_optimal_and_proved() -> None:
    planned = 0
    for seed in range(30):
        problem = draw_problem(seed)
        best = best_score(problem)
        try:
            # Where there is none the search goes on until its time is over.
            plan = plan_rotations(problem, time_limit=2.0 if best is None else 60.0)
        except Infeasible:
            assert best is None
            continue
        if plan.status == "elastic":
            assert best is None
            assert plan.over or plan.under
            continue
        planned += 1
        assert plan.score == best
        assert plan.bound is not None
        assert plan.bound >= best - 1e-6
        assert check_plan(problem, plan.stays) == ()
        assert score_of(problem, plan.stays).total == plan.score
    assert planned > 5


def test_the_one_who_loses_least_gives_way() -> None:
    plan = plan_rotations(_two(1), time_limit=60.0)
    assert plan.status == "optimal"
    assert plan.stays == {"t": (Stay("x", "a", 0),), "u": (Stay("x", "b", 0),)}
    assert plan.score == 8
    assert plan.best_alone == {"t": 5, "u": 5}


def test_places_that_cannot_be_kept_are_named() -> None:
    plan = plan_rotations(_two(3, lower=3), time_limit=3.0)
    assert plan.status == "elastic"
    assert plan.under == {("a", 0): 1}
    assert not plan.over


def test_a_trainee_without_a_plan_alone_is_named() -> None:
    problem = _two(1)
    away = replace(problem.trainees[0], away=frozenset({0}))
    with pytest.raises(Infeasible) as caught:
        plan_rotations(replace(problem, trainees=(away, problem.trainees[1])), time_limit=1.0)
    assert set(caught.value.trainees) == {"t"}


def test_a_planted_cohort_is_near_its_optimum_and_never_worse_than_the_start() -> None:
    problem, optimum, best = planted(30, months=24, wards=24, seed=3)
    plan = plan_rotations(problem, time_limit=60.0, seed=1)
    assert check_plan(problem, plan.stays) == ()
    assert plan.bound is not None
    assert plan.bound >= optimum - 1e-6
    assert planted_cost(problem, plan.score) <= 1.15 * planted_cost(problem, optimum)
    again = plan_rotations(problem, time_limit=1.0, start=best.stays)
    assert again.score == optimum


def test_the_caller_may_stop_and_keeps_the_best() -> None:
    problem, _, _ = planted(30, months=24, wards=24, seed=3)
    plan = plan_rotations(problem, time_limit=60.0, report=lambda progress: progress.score is None)
    assert check_plan(problem, plan.stays) == ()
    assert plan.cpu_seconds < 30


def test_same_seed_same_plan() -> None:
    problem = _two(1)
    plans = [plan_rotations(problem, time_limit=60.0, seed=7) for _ in range(2)]
    assert plans[0].stays == plans[1].stays


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_a_limit_that_is_no_time_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="time_limit"):
        plan_rotations(_two(1), time_limit=limit)
