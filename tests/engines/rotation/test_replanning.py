"""Re-planning against trying every plan."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from cotutelle.engines.rotation.checking import check_plan, recompute_score
from cotutelle.engines.rotation.plan import Infeasible
from cotutelle.engines.rotation.problem import Block, RotationProblem, Stay, Trainee, Ward
from cotutelle.engines.rotation.replanning import replan
from tests.engines.rotation.tiny import draw_problem, plans, schedules


def _months(problem: RotationProblem, plan: dict[str, tuple[Stay, ...]]) -> int:
    """Count changed periods cell by cell, without the code under test."""
    changed = 0
    for trainee in problem.trainees:
        if trainee.id not in problem.previous:
            continue
        months = {block.id: block.months for block in trainee.blocks}

        def at(period: int, stays: tuple[Stay, ...], months: dict[str, int] = months) -> list[str]:
            return [s.ward for s in stays if s.start <= period < s.start + months[s.block]]

        before, after = problem.previous[trainee.id], plan[trainee.id]
        changed += sum(at(p, before) != at(p, after) for p in range(problem.horizon))
    return changed


def _shaken(seed: int) -> RotationProblem:
    """Return a small problem with a plan in force that an event has broken, mostly."""
    problem = draw_problem(seed)
    dice = random.Random(seed)  # noqa: S311
    before = {
        trainee.id: dice.choice(found)
        for trainee in problem.trainees
        if (found := schedules(problem, trainee)) and dice.random() < 0.9
    }
    return replace(problem, previous=before, keep=dice.choice([0, 3]))


@pytest.mark.parametrize("seed", range(80))
def test_replan_changes_least_and_proves_it(seed: int) -> None:
    problem = _shaken(seed)
    if any(not schedules(problem, trainee) for trainee in problem.trainees):
        with pytest.raises(Infeasible):
            replan(problem, problem.previous)
        return
    every = list(plans(problem))
    found = replan(problem, problem.previous, time_limit=120)
    if not every:
        assert found.plan.status == "elastic"
        assert found.plan.over or found.plan.under
        return
    least = min(_months(problem, plan) for plan in every)
    stays = dict(found.plan.stays)
    assert not check_plan(problem, stays)
    assert found.changed_months == _months(problem, stays) == least
    assert found.least_changed_months == least
    assert found.plan.score == recompute_score(problem, stays)


def test_the_drawn_problems_are_of_every_sort() -> None:
    drawn = [_shaken(seed) for seed in range(80)]
    alone = [p for p in drawn if all(schedules(p, t) for t in p.trainees)]
    changes = [min((_months(p, plan) for plan in plans(p)), default=None) for p in alone]
    assert sum(change is None for change in changes) >= 5
    assert sum(bool(change) for change in changes) >= 12


def test_who_breaks_off_at_once_gets_a_plan_in_which_everybody_keeps_their_own_rules() -> None:
    wards = (Ward("w0", "h"), Ward("w1", "h", upper=(1,)))
    people = tuple(Trainee(name, (Block("x", 1, {"w1": 0}),)) for name in "abc")
    before = {"a": "w1", "b": "w1", "c": "w0"}
    previous = {name: (Stay("x", ward, 0),) for name, ward in before.items()}
    problem = RotationProblem(1, wards, people, previous=previous, keep=1)
    found = replan(problem, previous, report=lambda progress: False)
    assert found.plan.status == "elastic"
    assert {v.code for v in check_plan(problem, found.plan.stays)} == {"over_capacity"}
