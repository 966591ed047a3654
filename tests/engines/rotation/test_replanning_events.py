"""What happens to a plan in force, and what is frozen."""

from __future__ import annotations

import pytest

from cotutelle.engines.rotation.checking import check_plan
from cotutelle.engines.rotation.events import (
    agreement_ends,
    freeze_past,
    trainee_away,
    trainee_leaves,
    ward_closes,
    ward_loses_places,
)
from cotutelle.engines.rotation.problem import Block, Order, RotationProblem, Stay, Trainee, Ward
from cotutelle.engines.rotation.replanning import Difference, replan

PLAN = {
    "t1": (Stay("x", "a", 0), Stay("y", "b", 3)),
    "t2": (Stay("x", "a", 1), Stay("y", "c", 4)),
}


def _problem() -> RotationProblem:
    wards = (
        Ward("a", "h1", upper=(2,) * 8, lower=(0, 0, 1, 0, 0, 0, 0, 0)),
        Ward("b", "h1", upper=(1,) * 8),
        Ward("c", "h2", upper=(1,) * 8),
    )
    blocks = (Block("x", 3, {"a": 1}), Block("y", 2, {"b": 1, "c": 1}, latest=6))
    people = tuple(Trainee(name, blocks, orders=(Order("x", "y"),)) for name in ("t1", "t2"))
    return RotationProblem(8, wards, people)


def _ward(problem: RotationProblem, name: str) -> Ward:
    return next(ward for ward in problem.wards if ward.id == name)


def test_the_plan_in_force_is_a_plan() -> None:
    assert not check_plan(_problem(), PLAN)


def test_a_share_of_places_is_lost_from_a_month_on_and_the_minimum_with_it() -> None:
    after = ward_loses_places(_problem(), "a", 2, share=0.5)
    assert _ward(after, "a").upper == (2, 2, 1, 1, 1, 1, 1, 1)
    closed = ward_closes(_problem(), "a", 2)
    assert _ward(closed, "a").upper == (2, 2, 0, 0, 0, 0, 0, 0)
    assert not any(_ward(closed, "a").lower)


@pytest.mark.parametrize(
    ("ward", "share", "places", "names"),
    [("z", 0.5, None, "ward"), ("a", None, None, "share"), ("a", 0.5, 1, "share")],
)
def test_a_wrong_loss_is_refused(
    ward: str, share: float | None, places: int | None, names: str
) -> None:
    with pytest.raises(ValueError, match=names):
        ward_loses_places(_problem(), ward, 2, share=share, places=places)


def test_who_is_there_stays_where_places_are_lost() -> None:
    frozen = freeze_past(ward_loses_places(_problem(), "a", 2, share=0.5), PLAN, 2)
    assert _ward(frozen, "a").upper == (2, 2, 2, 1, 1, 1, 1, 1)
    found = replan(frozen, frozen.previous, time_limit=60)
    assert found.changed_months == 0
    assert found.plan.stays == PLAN


def test_a_closed_ward_cuts_who_is_there() -> None:
    problem = _problem()
    blocks = (Block("x", 3, {"a": 1, "c": 1}), problem.trainees[0].blocks[1])
    people = tuple(Trainee(t.id, blocks, orders=t.orders) for t in problem.trainees)
    shaken = ward_closes(RotationProblem(8, problem.wards, people), "a", 2)
    frozen = freeze_past(shaken, PLAN, 2)
    assert frozen.previous["t1"] == (Stay("x", "a", 0), Stay("x~rest", "a", 2), PLAN["t1"][1])
    months = {block.id: block.months for block in frozen.trainees[1].blocks}
    assert months == {"x": 1, "x~rest": 2, "y": 2}
    found = replan(frozen, frozen.previous, time_limit=60)
    assert not check_plan(frozen, found.plan.stays)
    assert found.changed_months == found.least_changed_months
    assert Difference("t1", 2, "a", "c") in found.diff


def test_who_leaves_keeps_the_past_and_frees_the_rest() -> None:
    shaken = trainee_leaves(_problem(), PLAN, "t1", 2)
    frozen = freeze_past(shaken, PLAN, 2)
    found = replan(frozen, frozen.previous, time_limit=60)
    assert found.plan.stays["t1"] == (Stay("x", "a", 0),)
    assert found.plan.stays["t2"] == PLAN["t2"]
    assert found.changed_months == found.least_changed_months == 3


def test_leave_moves_what_comes_later() -> None:
    frozen = freeze_past(trainee_away(_problem(), "t2", [4]), PLAN, 3)
    found = replan(frozen, frozen.previous, time_limit=60)
    assert not check_plan(frozen, found.plan.stays)
    assert found.plan.stays["t1"] == PLAN["t1"]
    assert found.changed_months == found.least_changed_months == 2


def test_an_agreement_that_ends_closes_all_its_wards() -> None:
    after = agreement_ends(_problem(), ["b", "c"], 4)
    assert _ward(after, "b").upper == _ward(after, "c").upper == (1, 1, 1, 1, 0, 0, 0, 0)
    frozen = freeze_past(after, PLAN, 3)
    found = replan(frozen, frozen.previous, time_limit=60)
    assert found.is_impossible
    assert found.plan.status == "elastic"
