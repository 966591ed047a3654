"""The exact model against brute force over all matchings of tiny markets, and on larger ones."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from cotutelle.engines.matching import (
    Infeasible,
    Matching,
    MatchingProblem,
    Mentor,
    Offer,
    match,
    match_students,
    rematch,
    solve_exact,
    strict,
    student_rank,
    verify_matching,
)
from cotutelle.engines.matching.exact.components import parts
from cotutelle.engines.matching.exact.pairs import read_market
from cotutelle.engines.matching.exact.preprocessing import reduce_market
from tests.engines.matching_market import small_market
from tests.engines.matching_oracle import Oracle
from tests.engines.matching_tiny import KINDS, tiny_market

WORST_RANK = 5


def _score(
    problem: MatchingProblem, held: dict[str, str], blocking: int, goals: list[str]
) -> tuple[int, ...]:
    """What is to be as small as possible, from the definition of each goal."""
    ranks = [
        student_rank(problem, student, offer) or 0
        for student, offer in held.items()
        if student not in problem.pins
    ]
    score: list[int] = []
    for goal in goals:
        if goal == "size":
            score.append(-len(held))
        elif goal == "blocking":
            score.append(blocking)
        elif goal == "generous":
            score.extend(ranks.count(rank) for rank in range(WORST_RANK, 1, -1))
        else:
            score.append(max(ranks, default=0))
    return tuple(score)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block", range(4))
def test_the_optimum_is_that_of_brute_force(kind: str, block: int) -> None:
    compared = 0
    for seed in range(block * 60, block * 60 + 60):
        problem = tiny_market(seed, kind)
        if problem is None:
            continue
        draw = random.Random(seed)  # noqa: S311
        order = draw.choice([("blocking", "size"), ("size", "blocking")])
        objective = draw.choice(["size", "generous", "regret"])
        oracle = Oracle(problem, strict=False)
        candidates = {str(held): held for held in oracle.feasible()}
        if not candidates:
            with pytest.raises(Infeasible):
                solve_exact(problem)
            continue
        matching = solve_exact(problem, objective=objective, order=order)
        assert str(dict(matching.offer_of)) in {
            str(dict(sorted(h.items()))) for h in candidates.values()
        }
        goals = [*order, objective]
        if kind in ("plain", "groups"):
            goals = ["blocking", "size", objective]
        best = min(
            _score(problem, held, len(oracle.blocking(held)), goals) for held in candidates.values()
        )
        found = dict(matching.offer_of)
        mine = _score(problem, found, len(oracle.blocking(found)), goals)
        assert mine == best, (seed, goals)
        assert mine[0] == 0 or kind not in ("plain", "groups")
        assert (matching.status, matching.bound) == ("optimal", len(found))
        assert verify_matching(problem, found, algorithm="exact").ok
        compared += 1
    assert compared > 10


@pytest.mark.parametrize("kind", KINDS)
def test_preprocessing_keeps_every_stable_matching_and_lets_in_no_other(kind: str) -> None:
    removed = 0
    for seed in range(1000, 1150):
        problem = tiny_market(seed, kind, pins=False)
        if problem is None:
            continue
        market = read_market(problem)
        reduced = reduce_market(market)
        alive = {(pair.student, pair.offer) for pair in reduced.pairs}
        removed += len(market.pairs) - len(alive)
        oracle = Oracle(problem, strict=False)
        before = [held for held in oracle.feasible(minima=False) if not oracle.blocking(held)]
        assert all((s, o) in alive for held in before for s, o in held.items()), seed
        after = [
            held
            for held in oracle.feasible(minima=False)
            if alive.issuperset(held.items()) and not oracle.blocking(held) & alive
        ]
        assert after == before, seed
    assert removed > 100


def test_parts_hold_every_pair_once_and_share_no_scarce_place() -> None:
    market = read_market(_school(80, seed=5))
    pieces = list(parts(market))
    assert sum(len(piece.pairs) for piece in pieces) == len(market.pairs)
    students = [student for piece in pieces for student in piece.of_student]
    assert len(students) == len(set(students))


def _school(size: int, *, seed: int) -> MatchingProblem:
    """Half as many mentors as students, two places each, ranks full of ties."""
    draw = random.Random(seed)  # noqa: S311
    offers = {f"o{n}": Offer(f"m{n}", 2) for n in range(size // 2)}
    lists = {f"s{n:03}": strict(draw.sample(list(offers), 4)) for n in range(size)}
    mentors = {}
    for n in range(size // 2):
        levels: dict[int, list[str]] = {}
        for student, wanted in lists.items():
            if (f"o{n}",) in wanted:
                levels.setdefault(draw.randint(0, 2), []).append(student)
        mentors[f"m{n}"] = Mentor(2, [levels[level] for level in sorted(levels)])
    return MatchingProblem(lists, offers, mentors)


def test_a_larger_market_is_solved_and_verified() -> None:
    problem = _school(120, seed=1)
    matching = match(problem, algorithm="exact", objective="generous")
    assert matching.status == "optimal"
    assert matching.bound == len(matching.offer_of) > len(match_students(problem).offer_of)
    assert verify_matching(problem, matching.offer_of, algorithm="exact").ok


def test_the_order_of_keys_is_irrelevant() -> None:
    problem = _school(60, seed=2)
    turned = MatchingProblem(
        dict(reversed(problem.student_preferences.items())),
        dict(reversed(problem.offers.items())),
        dict(reversed(problem.mentors.items())),
    )
    assert solve_exact(problem) == solve_exact(turned)


def test_without_time_the_start_is_returned_with_a_bound() -> None:
    problem = _school(120, seed=1)
    start = match_students(problem)
    matching = solve_exact(problem, time_limit=1e-9, start=start)
    assert matching.offer_of == start.offer_of
    assert matching.status == "feasible"
    assert matching.bound is not None
    assert matching.bound >= len(solve_exact(problem).offer_of)


def test_without_time_and_without_a_start_promotion_is_returned() -> None:
    problem = _school(120, seed=1)
    matching = solve_exact(problem, time_limit=1e-9)
    assert matching.status == "feasible"
    assert verify_matching(problem, matching.offer_of, algorithm="exact").ok


def test_too_little_time_for_minimum_quotas_is_said() -> None:
    problem = small_market(
        offers={
            "imaging": Offer("wang", 1, 1),
            "stroke": Offer("wang", 1),
            "cohort": Offer("li", 1),
        }
    )
    with pytest.raises(TimeoutError, match="time_limit"):
        solve_exact(problem, time_limit=1e-9)


def test_a_start_that_is_not_stable_is_passed_over() -> None:
    problem = small_market()
    matching = solve_exact(problem, start=Matching({"s1": "stroke"}))
    assert verify_matching(problem, matching.offer_of, algorithm="exact").ok


def test_a_start_that_is_not_stable_does_no_harm_without_time() -> None:
    problem = _school(120, seed=1)
    matching = solve_exact(problem, time_limit=1e-9, start=Matching({}))
    assert verify_matching(problem, matching.offer_of, algorithm="exact").ok


@pytest.mark.parametrize("seed", range(30))
def test_rematch_moves_as_few_as_brute_force(seed: int) -> None:
    problem = tiny_market(seed, "plain", pins=False)
    assert problem is not None
    previous = match_students(problem)
    gone = sorted(problem.student_preferences)[seed % 2]
    lists = dict(problem.student_preferences) | {gone: ()}
    after = MatchingProblem(lists, problem.offers, problem.mentors, {}, problem.bans, problem.seed)
    stable = Oracle(after, strict=False).stable()

    def kept(held: dict[str, str]) -> tuple[int, int]:
        return len(held.items() & dict(previous.offer_of).items()), len(held)

    found = rematch(after, previous)
    assert dict(found.offer_of) in stable
    assert kept(dict(found.offer_of)) == max(map(kept, stable))


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"objective": "happiness"}, "objective"),
        ({"order": ("size", "size")}, "order"),
        ({"time_limit": 0.0}, "time_limit"),
        ({"time_limit": float("nan")}, "time_limit"),
    ],
)
def test_wrong_arguments_are_named(changes: dict[str, object], argument: str) -> None:
    with pytest.raises(ValueError, match=argument):
        solve_exact(small_market(), **changes)  # type: ignore[arg-type]


def test_the_engine_loads_without_the_solver() -> None:
    code = "import sys, cotutelle.engines.matching; sys.exit('ortools' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
