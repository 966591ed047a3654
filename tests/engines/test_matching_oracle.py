"""The engine against brute force, and against planted mistakes."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from cotutelle.engines.matching import (
    MatchingProblem,
    deferred_acceptance,
    match_students,
    student_rank,
    verify_matching,
)
from tests.engines.matching_oracle import Oracle
from tests.strategies import random_market, shuffled


def _markets(count: int, **sizes: Any) -> list[MatchingProblem]:
    random = Random(20260)  # noqa: S311
    return [random_market(random, **sizes) for _ in range(count)]


def _solver_fault(problem: MatchingProblem, match: Any) -> str:
    """Say what is wrong with a solver on one market; empty when nothing is."""
    held = match(problem).offer_of
    strict = Oracle(problem, strict=True)
    stable = strict.stable()
    if dict(held) not in stable:
        return "not stable once ties are broken"
    if Oracle(problem, strict=False).blocking(held):
        return "not weakly stable"
    for student in problem.student_preferences:
        if student not in problem.pins:
            best = strict.best_of(stable, student)
            if strict.level(held, student) != best:
                return f"{student} could do better"
    return ""


def _verifier_fault(problem: MatchingProblem, verify: Any, held: dict[str, str]) -> str:
    weak, strict = Oracle(problem, strict=False), Oracle(problem, strict=True)
    verdict = verify(problem, held)
    blocking = {(pair.student, pair.offer) for pair in verdict.blocking_pairs}
    tolerated = {(item.pair.student, item.pair.offer) for item in verdict.tolerated}
    lottery = strict.blocking(held) - weak.blocking(held)
    if blocking != weak.blocking(held):
        return f"blocking pairs {blocking}, {weak.blocking(held)} by definition"
    if tolerated != weak.tolerated(held) - lottery:
        return f"tolerated pairs {tolerated}, {weak.tolerated(held)} by definition"
    if verdict.ok != (not strict.blocking(held)):
        return "a wrong verdict"
    return ""


def test_without_units_the_definition_is_the_published_one() -> None:
    for problem in _markets(400):
        weak = Oracle(problem, strict=False)
        for held in weak.feasible():
            for student, offer in itertools.product(problem.student_preferences, problem.offers):
                if weak.wants(held, student, offer):
                    taken = weak.taken(held, student, offer, immovable=problem.pins)
                    assert taken == weak.taken_without_groups(held, student, offer)


def test_thousands_of_small_markets_are_matched_as_brute_force_does() -> None:
    faults = [
        fault for market in _markets(2500) if (fault := _solver_fault(market, match_students))
    ]

    assert faults == []


def test_markets_of_four_students_and_four_offers_too() -> None:
    markets = _markets(600, students=4, offers=4)

    assert [fault for m in markets if (fault := _solver_fault(m, match_students))] == []


def test_the_verifier_names_the_pairs_of_the_definition_for_every_assignment() -> None:
    for problem in _markets(400):
        for held in Oracle(problem, strict=False).feasible():
            assert _verifier_fault(problem, verify_matching, held) == ""


def test_every_own_result_passes_the_verifier() -> None:
    for problem in _markets(2000, students=7, offers=5):
        verdict = verify_matching(problem, match_students(problem).offer_of)
        assert verdict.problems == ()


def test_the_order_of_the_input_changes_nothing() -> None:
    random = Random(5)  # noqa: S311
    for problem in _markets(1000, students=6, offers=5):
        assert match_students(shuffled(random, problem)) == match_students(problem)


def test_no_student_gains_by_handing_in_another_list() -> None:
    for problem in _markets(600):
        honest = match_students(problem).offer_of
        for student, truth in problem.student_preferences.items():
            if student in problem.pins or any(not isinstance(group, str) for group in truth):
                continue
            now = student_rank(problem, student, honest.get(student, "")) or 99
            for length in range(len(problem.offers) + 1):
                for lie in itertools.permutations(problem.offers, length):
                    lists = {**problem.student_preferences, student: lie}
                    other = replace(problem, student_preferences=lists)
                    got = match_students(other).offer_of.get(student, "")
                    assert (student_rank(problem, student, got) or 99) >= now


def _mutant(module: ModuleType, old: str, new: str) -> ModuleType:
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert source.count(old) == 1, f"{old!r} is there {source.count(old)} times"
    spec = spec_from_loader("mutant", loader=None)
    assert spec is not None
    mutant = module_from_spec(spec)
    sys.modules["mutant"] = mutant  # dataclasses look their module up
    try:
        exec(compile(source.replace(old, new), "mutant", "exec"), mutant.__dict__)  # noqa: S102
    finally:
        del sys.modules["mutant"]
    return mutant


SOLVER_MUTANTS = {
    "worst kept, best displaced": (
        "heapreplace(seats.held, -rank)",
        "heapreplace(seats.held, rank)",
    ),
    "offer overflows": ("if seats.room < 0:", "if seats.room < -1:"),
    "mentor overflows": ("elif desk.room < 0:", "elif desk.room < -1:"),
    "mentor's quota forgotten": ("> desk.room)", "> desk.room + 1)"),
    "full mentor still listens": ("rank > desk.worst_welcome or ", ""),
    "full offer still listens": (" or rank > seats.worst_welcome", ""),
    "unlisted students welcome": ("desk.rank_of.get(student)", "desk.rank_of.get(student, 0)"),
    "bans forgotten": ("if student in banned_students:", "if student in problem.offers:"),
    "pins take no place of the offer": (
        "room = offer.quota - pinned_at_offer[offer_id]\n        entry",
        "room = offer.quota\n        entry",
    ),
    "pins take no place of the mentor": (
        "mentor.quota - pinned_at_mentor[mentor_id]",
        "mentor.quota",
    ),
    "displaced students give up": ("return rejected, tried", "return None, tried"),
    "lottery without seed": ("Lottery(problem.seed)", 'Lottery("")'),
    "pinned students also propose": (
        "if student in problem.pins:",
        "if student in problem.offers:",
    ),
    "a place is lost when somebody leaves": ("left.room += 1", "left.room += 0"),
    "offers tried from the end": ("iter(order)", "iter(order[::-1])"),
}


@pytest.mark.parametrize("name", SOLVER_MUTANTS)
def test_a_mistake_planted_in_the_solver_is_caught_by_the_oracle(name: str) -> None:
    mutant = _mutant(deferred_acceptance, *SOLVER_MUTANTS[name])

    assert any(_fails(problem, mutant) for problem in _markets(3000, students=5, offers=4))


def _fails(problem: MatchingProblem, mutant: ModuleType) -> bool:
    try:
        return bool(_solver_fault(problem, mutant.match_students))
    except (IndexError, KeyError):
        return True


#: Mistakes that make a result unstable, not merely worse for students: the verifier sees them.
_UNSTABLE = sorted(
    SOLVER_MUTANTS.keys()
    - {"full mentor still listens", "full offer still listens", "displaced students give up"}
)


@pytest.mark.parametrize("name", _UNSTABLE)
def test_a_mistake_planted_in_the_solver_is_caught_by_the_verifier(name: str) -> None:
    mutant = _mutant(deferred_acceptance, *SOLVER_MUTANTS[name])

    def refused(problem: MatchingProblem) -> bool:
        try:
            held = mutant.match_students(problem).offer_of
        except (IndexError, KeyError):
            return False
        return not verify_matching(problem, held).ok

    assert any(refused(problem) for problem in _markets(3000, students=5, offers=4))
