"""Certificates: what they prove, and every way of tampering with one."""

from __future__ import annotations

import copy
import json
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.engines.matching import (
    Ban,
    Mentor,
    Pin,
    build_certificate,
    canonical_json,
    input_sha256,
    match_students,
    verify_certificate,
)
from tests.engines.matching_market import small_market

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
    "preferences, odd": (("inputs", "students", "s2"), [["cohort", 1]], "malformed"),
    "surrogate": (("inputs", "students", "s2"), ["\ud800"], "malformed"),
    "input digest": (("input_sha256",), "0" * 64, "input_sha256"),
    "result digest": (("result_sha256",), "0" * 64, "result_sha256"),
    "size": (("evidence", "size"), 3, "evidence"),
    "size, a fraction": (("evidence", "size"), 2.0, "evidence"),
    "figure added": (("evidence", "happiness"), 1, "evidence"),
    "tolerated": (("evidence", "tolerated"), [["s1", "stroke"]], "evidence"),
    "evidence": (("evidence",), "good", "evidence"),
    "algorithm": (("algorithm", "version"), 0, "algorithm"),
    "format": (("format",), "other", "malformed"),
    "field added": (("note",), "trust me", "malformed"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_tampered_certificate_is_refused_by_name(name: str) -> None:
    path, value, code = TAMPERINGS[name]
    certificate = copy.deepcopy(_certificate())
    place = certificate
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value

    verdict = verify_certificate(certificate)

    assert not verdict.ok
    assert code in {violation.code for violation in verdict.problems}


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
