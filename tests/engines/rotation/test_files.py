"""Problems and plans as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotutelle.engines.rotation import (
    Evidence,
    InvalidProblem,
    Plan,
    RotationProblem,
    Stay,
    Trainee,
    Ward,
    plan_from_json,
    plan_to_json,
    problem_from_json,
    problem_to_json,
)
from cotutelle.engines.rotation.generate import planted
from tests.engines.rotation.tiny import draw_problem

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=4)
CELLS = st.dictionaries(st.tuples(NAMES, st.integers(0, 59)), st.integers(1, 9), max_size=3)
PRICES = st.dictionaries(
    st.tuples(NAMES, st.integers(0, 59)), st.floats(-1e6, 1e6, allow_nan=False), max_size=3
)
PLANS = st.builds(
    Plan,
    stays=st.dictionaries(
        NAMES, st.lists(st.builds(Stay, NAMES, NAMES, st.integers(0, 59))).map(tuple), max_size=3
    ),
    score=st.integers(-(10**9), 10**9),
    bound=st.none() | st.floats(-1e9, 1e9, allow_nan=False),
    status=st.sampled_from(["optimal", "feasible", "elastic"]),
    trainee_scores=st.dictionaries(NAMES, st.integers(), max_size=3),
    best_alone=st.dictionaries(NAMES, st.integers(), max_size=3),
    evidence=st.none()
    | st.builds(
        Evidence, PRICES, st.dictionaries(NAMES, st.floats(0, 9, allow_nan=False), max_size=3)
    ),
    over=CELLS,
    under=CELLS,
    cpu_seconds=st.floats(0, 1e4, allow_nan=False),
)


def _through_text(document: dict[str, Any]) -> Any:
    return json.loads(json.dumps(document))


@given(st.integers(0, 10**9))
@settings(max_examples=100, deadline=None)
def test_a_problem_survives(seed: int) -> None:
    problem = draw_problem(seed)

    assert problem_from_json(_through_text(problem_to_json(problem))) == problem


@given(PLANS)
@settings(max_examples=100, deadline=None)
def test_a_plan_survives(plan: Plan) -> None:
    assert plan_from_json(_through_text(plan_to_json(plan))) == plan


def test_a_planted_problem_survives() -> None:
    problem, _, plan = planted(20, 24, 24, 1)

    assert problem_from_json(_through_text(problem_to_json(problem))) == problem
    assert plan_from_json(_through_text(plan_to_json(plan))) == plan


def test_somebody_with_nothing_to_do_survives() -> None:
    problem = RotationProblem(2, (Ward("w", "h"),), (Trainee("gone", ()),))
    assert problem_from_json(problem_to_json(problem)) == problem


def test_one_number_stands_for_every_period() -> None:
    document = {
        "format": "cotutelle.rotation/1",
        "horizon": 3,
        "wards": [{"id": "icu", "hospital": "north", "upper": 2, "lower": 0, "target": [1, 1, 1]}],
        "trainees": [{"id": "anna", "blocks": [{"id": "a", "months": 1, "wards": {"icu": 4}}]}],
    }

    problem = problem_from_json(document)

    assert problem.wards[0].upper == (2, 2, 2)
    assert problem.wards[0].lower == (0, 0, 0)
    assert problem.wards[0].target == (1, 1, 1)
    assert problem_to_json(problem)["wards"][0] == {
        "id": "icu",
        "hospital": "north",
        "upper": 2,
        "lower": 0,
        "target": 1,
    }


GOOD: dict[str, Any] = {
    "format": "cotutelle.rotation/1",
    "horizon": 3,
    "wards": [{"id": "icu", "hospital": "north"}],
    "trainees": [{"id": "anna", "blocks": [{"id": "a", "months": 1, "wards": {"icu": 4}}]}],
}


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"format": "cotutelle.rotation/2"}, "format", "malformed"),
        ({"horizon": "3"}, "horizon", "malformed"),
        ({"horizon": 10**9}, "horizon", "malformed"),
        ({"horizon": 3.0}, "horizon", "malformed"),
        ({"wards": {}}, "wards", "malformed"),
        ({"wards": [3]}, "wards[0]", "malformed"),
        ({"colour": "red"}, "problem", "unknown_field"),
        ({"wards": [{"id": "icu"}]}, "wards[0]", "missing_field"),
        ({"wards": [{"id": 1, "hospital": "north"}]}, "wards[0].id", "malformed"),
        ({"previous": []}, "previous", "malformed"),
        ({"previous": {"anna": [{"block": "a", "ward": "icu", "start": None}]}}, "start", "malformed"),
        ({"trainees": [{"id": "anna", "blocks": [], "orders": [{"before": "a", "after": "b", "needed": 1}]}]}, "needed", "malformed"),
        ({"keep": -1}, "keep", "out_of_range"),
    ],
)  # fmt: skip
def test_a_malformed_problem_is_refused(change: dict[str, Any], path: str, code: str) -> None:
    with pytest.raises(InvalidProblem) as caught:
        problem_from_json({**GOOD, **change})

    faults = caught.value.faults
    assert code in {fault.code for fault in faults if fault.path.endswith(path)}, faults


def test_everything_malformed_is_named_at_once() -> None:
    with pytest.raises(InvalidProblem) as caught:
        problem_from_json({**GOOD, "fairness": None, "keep": "1", "wards": [{}]})

    places = [fault.path for fault in caught.value.faults]
    assert places == ["wards[0]", "wards[0]", "fairness", "keep"]


@pytest.mark.parametrize("document", [None, [], "plan", {}, {"format": "cotutelle.rotation/1"}])
def test_what_is_no_plan_is_refused(document: Any) -> None:
    with pytest.raises(InvalidProblem):
        plan_from_json(document)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "good"},
        {"status": ["optimal"]},
        {"bound": float("nan")},
        {"bound": float("inf")},
        {"over": [["icu", 1]]},
        {"over": [["icu", 1.5, 1]]},
        {"evidence": {"cells": []}},
        {"evidence": {"cells": [["icu", 0, "1"]], "fairness": {}}},
    ],
)
def test_a_malformed_plan_is_refused(change: dict[str, Any]) -> None:
    good = {"format": "cotutelle.rotation.plan/1", "status": "feasible", "score": 0, "stays": {}}
    plan_from_json(good)

    with pytest.raises(InvalidProblem):
        plan_from_json({**good, **change})
