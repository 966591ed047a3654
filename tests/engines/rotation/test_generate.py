"""Problems whose answer is known: is it?"""

from __future__ import annotations

import numpy as np
import pytest

from cotutelle.engines.rotation import (
    check_bound,
    check_plan,
    recompute_score,
    score_of,
    validate_problem,
)
from cotutelle.engines.rotation.generate import (
    CONFLICTS,
    planted,
    planted_conflict,
    planted_cost,
)
from cotutelle.engines.rotation.oracle import Oracle


@pytest.mark.parametrize(
    ("trainees", "months", "wards", "seed"),
    [(1, 12, 8, 0), (30, 36, 70, 1), (40, 24, 20, 2), (10, 60, 1000, 3)],
)
def test_the_planted_plan_keeps_all_rules(
    trainees: int, months: int, wards: int, seed: int
) -> None:
    problem, optimum, plan = planted(trainees, months, wards, seed)

    validate_problem(problem)
    assert check_plan(problem, plan.stays) == ()
    assert recompute_score(problem, plan.stays) == optimum == plan.score == plan.bound
    assert score_of(problem, plan.stays).above_target == 0
    assert planted_cost(problem, optimum) > 0


def test_nobody_can_do_better_even_alone() -> None:
    problem, _, plan = planted(25, 36, 40, 4)
    nothing = np.zeros((len(problem.wards), problem.horizon))
    oracle = Oracle(problem)

    for number, id_ in enumerate(sorted(trainee.id for trainee in problem.trainees)):
        assert oracle.best(number, nothing).score == plan.best_alone[id_]


def test_the_evidence_proves_the_optimum() -> None:
    problem, optimum, plan = planted(12, 36, 40, 5)
    assert plan.evidence is not None

    assert check_bound(problem, plan.evidence) == pytest.approx(optimum)


def test_a_problem_of_36_months_is_as_described() -> None:
    for seed in range(10):
        problem, _, _ = planted(50, seed=seed)
        assert len(problem.wards) == 70
        assert {len(trainee.blocks) for trainee in problem.trainees} <= set(range(13, 18))
        people = problem.trainees
        assert any(t.orders for t in people)
        assert any(t.away for t in people)
        assert any(t.forbidden for t in people)
        assert any(t.most_in_hospital is not None for t in people)
        assert any(block.latest is not None for t in people for block in t.blocks)
        assert any(sum(ward.lower) for ward in problem.wards)


def test_the_seed_decides() -> None:
    assert planted(5, 12, 8, 1) == planted(5, 12, 8, 1)
    assert planted(5, 12, 8, 1) != planted(5, 12, 8, 2)
    assert planted_conflict("away", 1) == planted_conflict("away", 1)


@pytest.mark.parametrize("numbers", [(0, 36, 70), (5, 11, 70), (5, 61, 70), (5, 36, 7)])
def test_numbers_out_of_range_are_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="is not from"):
        planted(*numbers)


@pytest.mark.parametrize("kind", CONFLICTS)
@pytest.mark.parametrize("seed", range(6))
def test_only_the_planted_cause_is_in_the_way_of_the_planted_plan(kind: str, seed: int) -> None:
    problem, cause = planted_conflict(kind, seed)
    _, _, plan = planted(24, 24, 24, seed)
    validate_problem(problem)

    violations = check_plan(problem, plan.stays)

    code = {
        "capacity": "over_capacity",
        "minimum": "under_minimum",
        "pin": "pin_ignored",
        "window": "outside_window",
    }.get(kind, kind)
    assert cause.kind == kind
    assert {violation.code for violation in violations} == {code}
    assert {v.trainee for v in violations} == (set(cause.trainees) or {None})
    if kind in {"capacity", "minimum"}:
        assert cause.periods is not None
        assert {(v.ward, v.period) for v in violations} == {(cause.subjects[0], cause.periods[0])}


def test_an_unknown_conflict_is_refused() -> None:
    with pytest.raises(ValueError, match="kind"):
        planted_conflict("weather")
