"""Promotion: weakly stable, at least two thirds of the largest, most often nearly all of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random

import pytest

from cotutelle.engines.matching import (
    Ban,
    Group,
    LowerQuotaMissed,
    MatchingProblem,
    Mentor,
    Offer,
    Pin,
    match,
    match_students,
    promote_students,
)
from tests.engines.matching_market import small_market
from tests.strategies import random_market, shuffled


def _places(preferences: object) -> dict[str, int]:
    """Tie group of every id."""
    return {
        id_: number
        for number, group in enumerate(preferences)  # type: ignore[arg-type,var-annotated]
        for id_ in ([group] if isinstance(group, str) else group)
    }


def _blocking(problem: MatchingProblem, held: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pairs that both gain strictly: Cooper & Manlove (2018), section 2; pins never move."""
    lists = {m: _places(one.preferences) for m, one in problem.mentors.items()}
    owner = {o: one.mentor_id for o, one in problem.offers.items()}
    found = []
    for student, preferences in problem.student_preferences.items():
        wants = _places(preferences)
        now = wants.get(held.get(student, ""), 10**6)
        for offer, place in wants.items():
            mentor = owner[offer]
            if place >= now or student in problem.pins or (student, offer) in problem.bans:
                continue
            if student not in lists[mentor]:
                continue

            def worse(others: list[str], mentor: str = mentor, student: str = student) -> bool:
                return any(
                    lists[mentor][other] > lists[mentor][student]
                    for other in others
                    if other not in problem.pins
                )

            here = [s for s, o in held.items() if o == offer]
            hers = [s for s, o in held.items() if owner[o] == mentor]
            if len(here) >= problem.offers[offer].quota:
                blocks = worse(here)
            elif len(hers) >= problem.mentors[mentor].quota:
                blocks = student in hers or worse(hers)
            else:
                blocks = True
            if blocks:
                found.append((student, offer))
    return found


def _is_feasible(problem: MatchingProblem, held: Mapping[str, str]) -> bool:
    for student, pin in problem.pins.items():
        if held.get(student) != pin.offer_id:
            return False
    for student, offer in held.items():
        mentor = problem.mentors[problem.offers[offer].mentor_id]
        if student in problem.pins:
            continue
        if (student, offer) in problem.bans or student not in _places(mentor.preferences):
            return False
        if offer not in _places(problem.student_preferences[student]):
            return False
    taken = list(held.values())
    owners = [problem.offers[offer].mentor_id for offer in taken]
    return all(taken.count(o) <= one.quota for o, one in problem.offers.items()) and all(
        owners.count(m) <= one.quota for m, one in problem.mentors.items()
    )


def _largest(problem: MatchingProblem) -> int:
    """The size of a largest weakly stable matching, of all assignments."""
    students = list(problem.student_preferences)
    options = [
        [problem.pins[s].offer_id] if s in problem.pins
        else [None, *_places(problem.student_preferences[s])]
        for s in students
    ]  # fmt: skip
    largest = 0
    for choice in itertools.product(*options):
        held = {s: o for s, o in zip(students, choice, strict=True) if o is not None}
        if len(held) > largest and _is_feasible(problem, held) and not _blocking(problem, held):
            largest = len(held)
    return largest


def _every_tied_market() -> Iterator[MatchingProblem]:
    """Three students, two offers of one place: every pair of lists of mentors, ties included."""
    rankings = [
        ranking
        for order in itertools.permutations(["s1", "s2", "s3"])
        for ranking in (
            [[order[0]], [order[1]], [order[2]]],
            [[order[0], order[1]], [order[2]]],
            [[order[0]], [order[1], order[2]]],
            [list(order)],
            [[order[0]], [order[1]]],
            [[order[0], order[1]]],
            [[order[0]]],
        )
    ]
    wishes = ([["a"], ["b"]], [["b"], ["a"]], [["a", "b"]], [["a"]])
    students = list(itertools.combinations_with_replacement(range(4), 3))
    for number, (left, right) in enumerate(itertools.product(rankings, repeat=2)):
        chosen = students[number % len(students)]
        yield MatchingProblem(
            {f"s{at + 1}": wishes[which] for at, which in enumerate(chosen)},
            {"a": Offer("ma", 1), "b": Offer("mb", 1)},
            {"ma": Mentor(1, left), "mb": Mentor(1, right)},
            seed=str(number % 3),
        )


def test_a_tie_lost_by_the_lottery_is_won_by_who_would_have_nothing() -> None:
    for seed in "12345":
        problem = MatchingProblem(
            {"s1": ["a", "b"], "s2": ["a"]},
            {"a": Offer("ma", 1), "b": Offer("mb", 1)},
            {"ma": Mentor(1, [["s1", "s2"]]), "mb": Mentor(1, ["s1"])},
            seed=seed,
        )

        matching = promote_students(problem)

        assert matching.offer_of == {"s1": "b", "s2": "a"}
        assert (matching.algorithm, matching.status, matching.bound) == (
            "promotion",
            "stable",
            None,
        )


def test_who_tied_two_offers_gives_way_to_who_has_no_other() -> None:
    problem = MatchingProblem(
        {"s1": [["a", "b"]], "s2": ["a"]},
        {"a": Offer("m", 1), "b": Offer("m", 1)},
        {"m": Mentor(2, ["s1", "s2"])},
    )

    assert promote_students(problem).offer_of == {"s1": "b", "s2": "a"}


def test_every_small_tied_market_keeps_two_thirds_of_the_largest() -> None:
    sizes = []
    for problem in _every_tied_market():
        held = promote_students(problem).offer_of
        assert _is_feasible(problem, held)
        assert _blocking(problem, held) == []
        sizes.append((len(held), _largest(problem)))
    assert all(3 * size >= 2 * largest for size, largest in sizes)
    assert sum(size for size, _ in sizes) >= 0.98 * sum(largest for _, largest in sizes)


def test_random_markets_with_pins_and_bans_are_stable_and_nearly_largest() -> None:
    random = Random(20264)  # noqa: S311
    found = largest = 0
    for _ in range(800):
        problem = random_market(random, students=4, offers=4)
        held = promote_students(problem).offer_of
        assert _is_feasible(problem, held)
        assert _blocking(problem, held) == []
        most = _largest(problem)
        assert 3 * len(held) >= 2 * most
        found, largest = found + len(held), largest + most
    assert found >= 0.98 * largest


def test_larger_than_the_lottery_s_on_the_whole() -> None:
    random = Random(20265)  # noqa: S311
    promoted = drawn = 0
    for _ in range(100):
        students = [f"s{number}" for number in range(12)]
        offers = [f"o{number}" for number in range(12)]
        problem = MatchingProblem(
            {student: random.sample(offers, 3) for student in students},
            {offer: Offer(offer, 1) for offer in offers},
            {offer: Mentor(1, [students[:4], students[4:]]) for offer in offers},
        )
        promoted += len(promote_students(problem).offer_of)
        drawn += len(match_students(problem).offer_of)

    assert promoted > 1.05 * drawn


def test_without_ties_promotion_changes_nothing() -> None:
    random = Random(6)  # noqa: S311
    for _ in range(300):
        problem = random_market(random, students=6, offers=5)
        mentors = {
            key: replace(mentor, preferences=list(_places(mentor.preferences)))
            for key, mentor in problem.mentors.items()
        }
        lists = {s: list(_places(p)) for s, p in problem.student_preferences.items()}
        strict = replace(problem, mentors=mentors, student_preferences=lists)
        assert promote_students(strict).offer_of == match_students(strict).offer_of


def test_the_order_of_keys_changes_nothing() -> None:
    random = Random(7)  # noqa: S311
    for _ in range(800):
        problem = random_market(random, students=7, offers=5)
        assert promote_students(shuffled(random, problem)) == promote_students(problem)


def test_pins_hold_their_places_and_bans_are_passed_over() -> None:
    problem = small_market(
        pins={"s1": Pin("imaging")}, bans={("s3", "cohort"): Ban("conflict", "kin")}
    )

    matching = match(problem, algorithm="promotion")

    assert matching.offer_of == {"s1": "imaging", "s2": "cohort"}
    assert matching.pinned == {"s1"}


def test_leaving_an_offer_out_may_win_a_tie() -> None:
    """Not strategy-proof, as the documentation says."""

    def outcome(first: list[str], seed: str) -> Mapping[str, str]:
        problem = MatchingProblem(
            {"s1": first, "s2": ["a", "b"]},
            {"a": Offer("ma", 1), "b": Offer("mb", 1)},
            {"ma": Mentor(1, [["s1", "s2"]]), "mb": Mentor(1, ["s2", "s1"])},
            seed=seed,
        )
        return promote_students(problem).offer_of

    unlucky = [seed for seed in map(str, range(20)) if outcome(["a", "b"], seed)["s1"] == "b"]

    assert unlucky
    assert all(outcome(["a"], seed) == {"s1": "a", "s2": "b"} for seed in unlucky)


def test_what_promotion_does_not_know_is_refused() -> None:
    capped = {"neuro": Group(2)}
    with pytest.raises(ValueError, match="groups: promotion knows no quotas above the mentor"):
        promote_students(small_market(groups=capped))
    open_group = small_market(
        mentors={"wang": Mentor(1, ["s3", "s2", "s1"], group_id="neuro"), "li": Mentor(1)},
        groups={"neuro": Group(None, 2)},
    )
    with pytest.raises(LowerQuotaMissed, match="group 'neuro' needs 2 and got 1"):
        promote_students(open_group)
