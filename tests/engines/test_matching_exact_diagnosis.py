"""Why a market has no matching: reasons and repairs against brute force."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from cotutelle.engines.matching import (
    Ban,
    Change,
    Group,
    Infeasible,
    MatchingProblem,
    Mentor,
    Offer,
    Pin,
    Rule,
    diagnose,
    match,
    strict,
)
from cotutelle.engines.matching.exact.repairs import apply_changes
from tests.engines.matching_market import small_market
from tests.engines.matching_oracle import Oracle
from tests.engines.matching_tiny import tiny_market

NO_LIMIT = 99


def _has_matching(problem: MatchingProblem) -> bool:
    return next(Oracle(problem, strict=False).feasible(), None) is not None


def _only(problem: MatchingProblem, rules: Collection[Rule]) -> MatchingProblem:
    """The market with all rules but these suspended."""
    kept = {(rule.kind, rule.key) for rule in rules}

    def table(level: str, owners: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: replace(
                owner,
                lower_quota=owner.lower_quota if (f"{level}_lower", key) in kept else 0,
                quota=owner.quota if (f"{level}_quota", key) in kept else NO_LIMIT,
            )
            for key, owner in owners.items()
        }

    return replace(
        problem,
        offers=table("offer", problem.offers),
        mentors=table("mentor", problem.mentors),
        groups=table("group", problem.groups),
        bans={pair: ban for pair, ban in problem.bans.items() if ("ban", pair) in kept},
    )


@pytest.mark.parametrize("kind", ["lower", "all"])
def test_reasons_are_irreducible_and_repairs_work(kind: str) -> None:
    infeasible = 0
    for seed in range(2000, 2250):
        problem = tiny_market(seed, kind, pins=False)
        if problem is None:
            continue
        diagnosis = diagnose(problem)
        assert (diagnosis is None) == _has_matching(problem), seed
        if diagnosis is None:
            continue
        infeasible += 1
        assert not _has_matching(_only(problem, diagnosis.reasons)), seed
        for rule in diagnosis.reasons:
            rest = [other for other in diagnosis.reasons if other != rule]
            assert _has_matching(_only(problem, rest)), (seed, rule)
        assert diagnosis.repairs, seed
        for repair in diagnosis.repairs:
            assert _has_matching(apply_changes(problem, repair.changes)), (seed, repair)
        costs = [repair.cost for repair in diagnosis.repairs]
        assert costs == sorted(costs)
        assert len({repair.changes for repair in diagnosis.repairs}) == len(costs)
        assert _cheapest_minimum_change(problem) >= costs[0], seed
    assert infeasible > 10


def _cheapest_minimum_change(problem: MatchingProblem) -> int:
    """The cost of the cheapest repair that only lowers minimum quotas."""
    oracle = Oracle(problem, strict=False)
    return min(
        sum(
            max(0, oracle.lower(place) - oracle.taken_places(held, place))
            for place in oracle.places()
        )
        for held in oracle.feasible(minima=False)
    )


def _department(**changes: Any) -> MatchingProblem:
    """Two mentors of one department of two places."""
    arguments: dict[str, Any] = {
        "student_preferences": {f"s{n}": strict(["a", "b"]) for n in range(4)},
        "offers": {"a": Offer("ma", 3), "b": Offer("mb", 3)},
        "mentors": {
            "ma": Mentor(3, strict(["s0", "s1", "s2"]), 0, "dep"),
            "mb": Mentor(3, strict(["s0", "s1", "s2", "s3"]), 0, "dep"),
        },
        "groups": {"dep": Group(2)},
    }
    return MatchingProblem(**arguments | changes)


def test_a_minimum_above_the_acceptable_applicants() -> None:
    diagnosis = diagnose(
        small_market(
            offers={
                "imaging": Offer("wang", 1),
                "stroke": Offer("wang", 1),
                "cohort": Offer("li", 3, 3),
            },
            mentors={"wang": Mentor(1, strict(["s1"])), "li": Mentor(3, strict(["s2", "s3"]))},
        )
    )
    assert diagnosis is not None
    assert diagnosis.reasons == (Rule("offer_lower", "cohort", 3),)
    assert diagnosis.repairs[0].cost == 1
    assert any(
        repair.changes == (Change("offer_lower", "cohort", 3, 2),) for repair in diagnosis.repairs
    )


def test_minima_above_the_cap_of_their_group() -> None:
    market = _department()
    mentors = {key: replace(mentor, lower_quota=2) for key, mentor in market.mentors.items()}
    diagnosis = diagnose(_department(mentors=mentors))
    assert diagnosis is not None
    assert set(diagnosis.reasons) == {
        Rule("mentor_lower", "ma", 2),
        Rule("mentor_lower", "mb", 2),
        Rule("group_quota", "dep", 2),
    }
    assert {repair.cost for repair in diagnosis.repairs} == {2}
    assert any(
        repair.changes == (Change("group_quota", "dep", 2, 4),) for repair in diagnosis.repairs
    )


def test_more_minimum_places_than_students() -> None:
    market = _department(groups={"dep": Group(None)})
    mentors = {key: replace(mentor, lower_quota=3) for key, mentor in market.mentors.items()}
    diagnosis = diagnose(_department(groups={"dep": Group(None)}, mentors=mentors))
    assert diagnosis is not None
    assert {rule.kind for rule in diagnosis.reasons} == {"mentor_lower"}
    assert diagnosis.repairs[0].cost == 2


def test_a_pin_and_a_ban_among_the_reasons() -> None:
    offers = {"a": Offer("ma", 3, 3), "b": Offer("mb", 3)}
    pinned = diagnose(_department(offers=offers, groups={"dep": Group()}, pins={"s0": Pin("b")}))
    assert pinned is not None
    assert set(pinned.reasons) == {Rule("offer_lower", "a", 3), Rule("pin", "s0", "b")}
    assert Change("pin", "s0", "b", None) in {c for r in pinned.repairs for c in r.changes}
    banned = diagnose(
        _department(offers=offers, groups={"dep": Group()}, bans={("s1", "a"): Ban("policy")})
    )
    assert banned is not None
    assert set(banned.reasons) == {Rule("offer_lower", "a", 3), Rule("ban", ("s1", "a"), "policy")}
    assert Change("ban", ("s1", "a"), "policy", None) in {
        c for r in banned.repairs for c in r.changes
    }


def test_no_repair_lifts_a_conflict_of_interest() -> None:
    diagnosis = diagnose(
        _department(
            offers={"a": Offer("ma", 3, 3), "b": Offer("mb", 3)},
            groups={"dep": Group()},
            bans={("s1", "a"): Ban("conflict")},
        )
    )
    assert diagnosis is not None
    assert Rule("ban", ("s1", "a"), "conflict") in diagnosis.reasons
    assert all(change.kind != "ban" for repair in diagnosis.repairs for change in repair.changes)


def test_the_exact_algorithm_raises_with_the_diagnosis() -> None:
    with pytest.raises(Infeasible) as caught:
        match(_department(groups={"dep": Group(2, 2)}, bans={
            (f"s{n}", offer): Ban() for n in range(4) for offer in ("a", "b")
        }), algorithm="exact")  # fmt: skip
    assert Rule("group_lower", "dep", 2) in caught.value.diagnosis.reasons
    assert caught.value.diagnosis.repairs


def test_a_market_with_a_matching_has_no_diagnosis() -> None:
    assert diagnose(_department()) is None


@pytest.mark.parametrize(("seconds", "error"), [(0.0, ValueError), (1e-9, TimeoutError)])
def test_the_time_must_do(seconds: float, error: type[Exception]) -> None:
    with pytest.raises(error, match="time_limit"):
        diagnose(_department(), time_limit=seconds)
