"""
Markets with ties on both sides, and how large and how fast promotion is on them.

The market is that of Cooper & Manlove (2018), section 5, in its ordinary setting: students list 3 to
5 offers, offers are two fifths and mentors a fifth of the students, places are a fifth more than
students (and at the mentors somewhat fewer than at their offers); every entry of a list is tied with
the one before it with a probability of 0.2. Some offers are more popular than others.
"""

from __future__ import annotations

import random
import statistics
import time

from cotutelle.engines.matching import (
    MatchingProblem,
    Mentor,
    Offer,
    match_students,
    promote_students,
    solve_exact,
    verify_matching,
)

TARGET_RATIO = 0.98
TARGET_CPU_SECONDS = {1_000: 0.087, 10_000: 1.4}  # Cooper & Manlove's Java, as published


def draw_tied_market(
    students: int, seed: int, *, tie_share: float = 0.2, places_share: float = 1.2
) -> MatchingProblem:
    """Return a market of ``students`` students, drawn from ``seed``."""
    draw = random.Random(seed)  # noqa: S311
    offer_ids = [f"o{n}" for n in range(students * 2 // 5)]
    mentor_ids = [f"m{n}" for n in range(students // 5)]
    owner = {o: draw.choice(mentor_ids) for o in offer_ids}
    places = dict.fromkeys(offer_ids, 0)
    for _ in range(int(students * places_share)):
        places[draw.choice(offer_ids)] += 1
    popularity = [draw.uniform(1, 5) for _ in offer_ids]
    lists: dict[str, list[list[str]]] = {}
    applicants: dict[str, dict[str, None]] = {m: {} for m in mentor_ids}
    for n in range(students):
        wanted: dict[str, None] = {}
        while len(wanted) < min(3 + n % 3, len(offer_ids)):
            wanted[draw.choices(offer_ids, popularity)[0]] = None
        lists[f"s{n}"] = _tied(draw, list(wanted), tie_share)
        for offer in wanted:
            applicants[owner[offer]][f"s{n}"] = None
    mentors = {}
    for key, who in applicants.items():
        own = [places[o] for o in offer_ids if owner[o] == key]
        ranked = _tied(draw, draw.sample(list(who), len(who)), tie_share)
        mentors[key] = Mentor(draw.randint(max(own, default=0), sum(own)), ranked)
    return MatchingProblem(
        lists, {o: Offer(owner[o], places[o]) for o in offer_ids}, mentors, seed=str(seed)
    )


def _tied(draw: random.Random, ids: list[str], tie_share: float) -> list[list[str]]:
    groups: list[list[str]] = []
    for id_ in ids:
        if groups and draw.random() < tie_share:
            groups[-1].append(id_)
        else:
            groups.append([id_])
    return groups


def print_promotion() -> None:
    """Print how near to the largest size promotion comes, and its time, with their targets."""
    for students, markets in ((300, 8), (1_000, 3)):
        ratios, plain, proven = [], [], 0
        for seed in range(markets):
            problem = draw_tied_market(students, seed)
            best = solve_exact(problem, time_limit=60)
            bound = best.bound or len(best.offer_of)
            proven += best.status == "optimal"
            ratios.append(_verified_size(problem) / bound)
            plain.append(len(match_students(problem).offer_of) / bound)
        ratio = statistics.mean(ratios)
        _line(f"promotion, {students:,} students with ties: size / maximum, mean", f"{ratio:.4f}",
              f">= {TARGET_RATIO}", met=ratio >= TARGET_RATIO)  # fmt: skip
        print(
            f"    least {min(ratios):.4f}; deferred acceptance {statistics.mean(plain):.4f};"
            f" {proven} of {markets} maxima proven"
        )
    for students, target in TARGET_CPU_SECONDS.items():
        problem = draw_tied_market(students, 1)
        seconds = statistics.median(_cpu_seconds(problem) for _ in range(5))
        _line(f"promotion, {students:,} students, CPU s", f"{seconds:.3f}", f"<= {target}",
              met=seconds <= target)  # fmt: skip


def _verified_size(problem: MatchingProblem) -> int:
    matching = promote_students(problem)
    verdict = verify_matching(problem, matching.offer_of, algorithm="promotion")
    if not verdict.ok:
        raise SystemExit(f"not stable: {verdict.problems[:3]}")
    return len(matching.offer_of)


def _cpu_seconds(problem: MatchingProblem) -> float:
    started = time.process_time()
    promote_students(problem)
    return time.process_time() - started


def _line(what: str, value: str, target: str, *, met: bool) -> None:
    print(f"{what:<58} {value:>12}   target {target:<10} {'met' if met else 'MISSED'}")


if __name__ == "__main__":
    print_promotion()
