"""Certificates: what they prove, and every way of tampering with one."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from hashlib import sha256
from random import Random
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.engines.matching import (
    Ban,
    Group,
    Matching,
    MatchingProblem,
    Mentor,
    Offer,
    Pin,
    build_certificate,
    canonical_json,
    input_sha256,
    match_students,
    strict,
    verify_certificate,
)
from cotutelle.engines.matching.verification_bound import size_bound
from tests.engines.matching_draws import random_unit_market
from tests.engines.matching_market import small_market
from tests.engines.matching_oracle import Oracle

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner),
)


@given(_JSON)
def test_canonical_json_is_that_of_rfc_8785(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


def test_keys_beyond_the_basic_plane_sort_by_utf_16() -> None:
    value: Any = {"\ufb33": [{"😀": 1, "\ue000": 2}], "😀": 2, "a": 3}

    assert canonical_json(value) == rfc8785.dumps(value)


def _certificate() -> dict[str, Any]:
    problem = small_market(
        bans={("s1", "stroke"): Ban("conflict", "kin")}, pins={"s3": Pin("stroke", "minutes 7")}
    )
    certificate = build_certificate(problem, match_students(problem))
    read: dict[str, Any] = json.loads(canonical_json(certificate))
    return read


def test_a_certificate_proves_itself() -> None:
    certificate = _certificate()

    assert verify_certificate(certificate).ok
    assert certificate["result"] == {"s2": "cohort", "s3": "stroke"}
    assert certificate["evidence"]["size"] == 2


def test_a_certificate_of_format_1_stays_what_it_was_byte_for_byte() -> None:
    digest = sha256(canonical_json(_certificate())).hexdigest()

    assert digest == "02e09bdabc107c14189167a59d5998df333412f266f727b91e682a6302a87887"


def test_the_digest_of_the_inputs_depends_on_their_content_alone() -> None:
    problem = small_market()
    lists = dict(reversed(list(problem.student_preferences.items())))

    assert input_sha256(small_market(student_preferences=lists)) == input_sha256(problem)
    assert input_sha256(small_market(seed="1")) != input_sha256(problem)
    ties = {"wang": problem.mentors["wang"], "li": Mentor(1, [("s3", "s1", "s2")])}
    assert input_sha256(small_market(mentors=ties)) == input_sha256(problem)


TAMPERINGS: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "assignment": (("result", "s2"), "imaging", "result_sha256"),
    "assignment, unknown offer": (("result", "s2"), "surgery", "unknown_offer"),
    "assignment, not text": (("result", "s2"), 7, "malformed"),
    "quota": (("inputs", "offers", "cohort", "quota"), 2, "input_sha256"),
    "quota below nought": (("inputs", "offers", "cohort", "quota"), -1, "invalid_input"),
    "quota, a fraction": (("inputs", "offers", "cohort", "quota"), 1.0, "malformed"),
    "quota, true": (("inputs", "mentors", "li", "quota"), True, "malformed"),
    "seed": (("inputs", "seed"), "1", "input_sha256"),
    "pin": (("inputs", "pins", "s3", "reason"), "none", "input_sha256"),
    "bans": (("inputs", "bans"), [], "input_sha256"),
    "bans, not a list": (("inputs", "bans"), {}, "malformed"),
    "ban without kind": (("inputs", "bans"), [["s1", "stroke"]], "malformed"),
    "preferences": (("inputs", "students", "s2"), ["cohort"], "input_sha256"),
    "ban twice": (
        ("inputs", "bans"),
        [["s1", "stroke", "conflict", "kin"], ["s1", "stroke", "policy", ""]],
        "malformed",
    ),
    "preferences, text": (("inputs", "students", "s2"), "cohort", "malformed"),
    "preferences, odd": (("inputs", "students", "s2"), [["cohort", 1]], "malformed"),
    "surrogate": (("inputs", "students", "s2"), ["\ud800"], "malformed"),
    "input digest": (("input_sha256",), "0" * 64, "input_sha256"),
    "result digest": (("result_sha256",), "0" * 64, "result_sha256"),
    "size": (("evidence", "size"), 3, "evidence"),
    "size, a fraction": (("evidence", "size"), 2.0, "evidence"),
    "figure added": (("evidence", "happiness"), 1, "evidence"),
    "tolerated": (("evidence", "tolerated"), [["s1", "stroke"]], "evidence"),
    "evidence": (("evidence",), "good", "evidence"),
    "evidence, not a number": (("evidence", "size"), float("nan"), "evidence"),
    "status in format 1": (("evidence", "status"), "stable", "evidence"),
    "objective in format 1": (("algorithm", "objective"), "size", "algorithm"),
    "groups in format 1": (("inputs", "groups"), {}, "malformed"),
    "algorithm": (("algorithm", "version"), 0, "algorithm"),
    "format": (("format",), "other", "malformed"),
    "field added": (("note",), "trust me", "malformed"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_tampered_certificate_is_refused_by_name(name: str) -> None:
    path, value, code = TAMPERINGS[name]

    assert code in _codes_of(_certificate(), path, value)


def _codes_of(certificate: dict[str, Any], path: tuple[str, ...], value: Any) -> set[str]:
    """Put ``value`` at ``path`` and return the codes of the verdict."""
    certificate = copy.deepcopy(certificate)
    place = certificate
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return {violation.code for violation in verify_certificate(certificate).problems}


def test_digests_computed_anew_do_not_save_a_bad_result() -> None:
    certificate = _certificate()
    certificate["result"] = {"s3": "stroke", "s1": "imaging"}
    certificate["result_sha256"] = sha256(canonical_json(certificate["result"])).hexdigest()

    codes = {violation.code for violation in verify_certificate(certificate).problems}

    assert {"mentor_over_quota", "blocking_pair", "evidence"} <= codes


@pytest.mark.parametrize("value", [None, [], "text", {}, {"format": 1}])
def test_what_is_no_certificate_is_refused(value: object) -> None:
    assert [violation.code for violation in verify_certificate(value).problems] == ["malformed"]


def test_there_is_no_certificate_of_a_bad_result() -> None:
    problem = small_market()
    matching = match_students(small_market(pins={"s1": Pin("imaging")}))

    with pytest.raises(ValueError, match="blocking_pair"):
        build_certificate(problem, matching)


def unit_market(**changes: Any) -> MatchingProblem:
    """
    The small market below a clinic with two places; cohort must be taken by somebody.

    Of the applications it takes those to Wang first, but that of s1 last of all.
    """
    arguments: dict[str, Any] = {
        "offers": {
            "imaging": Offer("wang", 1),
            "stroke": Offer("wang", 1),
            "cohort": Offer("li", 1, lower_quota=1),
        },
        "mentors": {
            "wang": Mentor(2, strict(["s3", "s2", "s1"]), group_id="clinic"),
            "li": Mentor(1, strict(["s1", "s2", "s3"]), group_id="clinic"),
        },
        "groups": {"clinic": Group(2, 1, "school", ["s3", "s2"]), "school": Group(lower_quota=2)},
    }
    return small_market(**arguments | changes)


def _unit_certificate(**changes: Any) -> dict[str, Any]:
    matching = Matching(
        {"s2": "cohort", "s3": "stroke"},
        algorithm="exact",
        objective="generous",
        status="optimal",
        bound=2,
    )
    certificate = build_certificate(unit_market(), replace(matching, **changes))
    read: dict[str, Any] = json.loads(canonical_json(certificate))
    return read


def test_a_certificate_with_units_proves_itself_and_says_what_it_tolerates() -> None:
    certificate = _unit_certificate()
    verdict = verify_certificate(certificate)

    assert verdict.problems == ()
    assert certificate["format"] == "cotutelle/matching-certificate/2"
    assert certificate["evidence"]["blocking_pairs"] == 1
    assert certificate["evidence"]["tolerated"] == [
        ["s1", "imaging", "group_full", "group_cap", "s1", "imaging", ["group", "clinic"]],
        ["s2", "imaging", "group_full", "lower_quota", "s2", "imaging", ["offer", "cohort"]],
    ]
    assert verdict.admits == certificate["evidence"]["size"] == 2


def test_a_bound_that_cannot_be_proven_here_is_called_the_solvers_word() -> None:
    problem = small_market(
        student_preferences={"s1": ["imaging"], "s2": ["imaging", "cohort"], "s3": []},
        mentors={"wang": Mentor(1, ["s2", "s1"]), "li": Mentor(1, ["s2"])},
    )
    matching = Matching({"s2": "imaging"}, algorithm="exact", status="optimal", bound=1)

    assert verify_certificate(build_certificate(problem, matching)).admits == 2


UNIT_TAMPERINGS: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "cap": (("inputs", "groups", "clinic", "quota"), 1, "group_over_quota"),
    "cap lifted": (("inputs", "groups", "clinic", "quota"), None, "evidence"),
    "cap, a fraction": (("inputs", "groups", "clinic", "quota"), 2.0, "malformed"),
    "minimum of a group": (("inputs", "groups", "school", "lower_quota"), 3, "lower_quota_missed"),
    "minimum of a mentor": (("inputs", "mentors", "wang", "lower_quota"), 2, "lower_quota_missed"),
    "minimum of an offer": (
        ("inputs", "offers", "imaging", "lower_quota"),
        1,
        "lower_quota_missed",
    ),
    "minimum lifted": (("inputs", "offers", "cohort", "lower_quota"), 0, "evidence"),
    "priority": (("inputs", "groups", "clinic", "priority"), ["s1"], "input_sha256"),
    "priority, odd": (("inputs", "groups", "clinic", "priority"), [1], "malformed"),
    "parent, odd": (("inputs", "groups", "clinic", "parent"), 1, "malformed"),
    "groups, a list": (("inputs", "groups"), [], "malformed"),
    "weight": (("inputs", "offers", "cohort", "weight"), 2, "group_over_quota"),
    "weight, true": (("inputs", "offers", "cohort", "weight"), True, "malformed"),
    "moved out of the group": (("inputs", "mentors", "li", "group"), None, "lower_quota_missed"),
    "assignment": (("result",), {"s1": "imaging", "s2": "cohort"}, "result_sha256"),
    "one too many": (
        ("result",),
        {"s1": "imaging", "s2": "cohort", "s3": "stroke"},
        "group_over_quota",
    ),
    "blocking pairs": (("evidence", "blocking_pairs"), 0, "evidence"),
    "tolerated left out": (("evidence", "tolerated"), [], "evidence"),
    "bound below the size": (("evidence", "bound"), 1, "evidence"),
    "bound above an optimal size": (("evidence", "bound"), 3, "evidence"),
    "bound, none": (("evidence", "bound"), None, "evidence"),
    "bound, text": (("evidence", "bound"), "2", "evidence"),
    "status": (("evidence", "status"), "stable", "evidence"),
    "status, unknown": (("evidence", "status"), ["optimal"], "evidence"),
    "objective": (("algorithm", "objective"), "beauty", "malformed"),
    "algorithm": (("algorithm", "name"), "magic", "malformed"),
    "algorithm, another": (
        ("algorithm",),
        {"name": "promotion", "objective": "size", "version": 1},
        "blocking_pair",
    ),
    "version": (("algorithm", "version"), 2, "algorithm"),
    "format": (("format",), "cotutelle/matching-certificate/1", "malformed"),
}


@pytest.mark.parametrize("name", UNIT_TAMPERINGS)
def test_a_tampered_certificate_with_units_is_refused_by_name(name: str) -> None:
    path, value, code = UNIT_TAMPERINGS[name]

    assert code in _codes_of(_unit_certificate(), path, value)


def test_every_binding_rule_is_computed_again() -> None:
    rows = _unit_certificate()["evidence"]["tolerated"]
    for row in range(2):
        changed = copy.deepcopy(rows)
        changed[row][6] = ["group", "school"]

        assert _codes_of(_unit_certificate(), ("evidence", "tolerated"), changed) == {"evidence"}


@pytest.mark.parametrize(
    "changes",
    [
        {"bound": 1},
        {"bound": None},
        {"status": "stable"},
        {"algorithm": "promotion"},
        {"algorithm": "promotion", "status": "stable"},
    ],
)
def test_there_is_no_certificate_of_claims_that_do_not_agree(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="matching: "):
        _unit_certificate(**changes)


def test_the_same_market_has_the_same_digest_under_every_algorithm() -> None:
    problem = small_market()
    held = match_students(problem).offer_of
    plain = build_certificate(problem, match_students(problem))
    promoted = build_certificate(problem, Matching(held, algorithm="promotion"))

    assert plain["format"] != promoted["format"]
    assert plain["input_sha256"] == promoted["input_sha256"] == input_sha256(problem)
    assert verify_certificate(promoted).problems == ()


def test_the_bound_is_that_of_brute_force_in_markets_without_weights() -> None:
    random = Random(20266)  # noqa: S311
    for _ in range(300):
        problem = random_unit_market(random)
        best = max(map(len, Oracle(problem, strict=False).feasible(minima=False)))
        assert size_bound(problem) == best


def test_a_market_without_anybody_has_the_bound_nought() -> None:
    assert size_bound(MatchingProblem({}, {}, {})) == 0
    assert size_bound(MatchingProblem({}, {"a": Offer("m", 1)}, {"m": Mentor(1)})) == 0


def test_with_weights_the_bound_may_only_be_too_high() -> None:
    random = Random(20267)  # noqa: S311
    for _ in range(300):
        problem = random_unit_market(random, weights=True)
        best = max(map(len, Oracle(problem, strict=False).feasible(minima=False)))
        assert size_bound(problem) >= best
