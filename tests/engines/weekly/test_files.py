"""Problems and plans as documents."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotutelle.engines.weekly import (
    InvalidProblem,
    plan_from_json,
    plan_to_json,
    plan_week,
    problem_from_json,
    problem_to_json,
)
from tests.engines.weekly.oracle import tiny_week


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000))
def test_documents_come_back_as_what_they_were(seed):
    problem = tiny_week(seed)
    plan = plan_week(problem)

    assert problem_from_json(json.loads(json.dumps(problem_to_json(problem)))) == problem
    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan


def test_sets_are_sorted_and_defaults_are_not_written():
    document = problem_to_json(tiny_week(1))

    assert document["format"] == "cotutelle.weekly/1"
    assert all(
        party["busy"] == sorted(party["busy"]) for party in document["parties"] if "busy" in party
    )
    assert not any(activity.get("kind") for activity in document["activities"])


def test_everything_wrong_is_named_at_once():
    document = problem_to_json(tiny_week(1))
    document["surprise"] = 1
    document["parties"][0]["busy"] = "Monday"
    document["activities"][0] |= {"length": True, "needed": [3], "wished": []}
    del document["rooms"]

    with pytest.raises(InvalidProblem) as caught:
        problem_from_json(document)

    assert {fault.path for fault in caught.value.faults} == {
        "surprise",
        "rooms",
        "parties[0].busy",
        "activities[0].length",
        "activities[0].needed[0]",
        "activities[0].wished",
    }


@pytest.mark.parametrize("document", [None, [], {}, {"format": "cotutelle.weekly.plan/1"}])
def test_another_format_is_refused(document):
    with pytest.raises(InvalidProblem, match=r"expected 'cotutelle\.weekly/1'"):
        problem_from_json(document)


def test_a_readable_problem_that_makes_no_sense_is_refused():
    document = problem_to_json(tiny_week(1))
    document["activities"][0]["needed"] = ["nobody"]

    with pytest.raises(InvalidProblem, match="'nobody' does not exist"):
        problem_from_json(document)
