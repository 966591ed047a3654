"""
Measure the exact model of the matching engine: CPU seconds on one core, size, bound, ratio.

    python benchmarks/matching_exact.py [--solver CP_SAT|HIGHS] [--seeds N] [--time-limit S]

Hospitals: 759 students, 53 hospitals with 759 places, lists of six drawn by popularity without
ties; every hospital ranks by one score that few values exist for, so that ties are large. That is
the shape of the Scottish Foundation Allocation Scheme, drawn anew; no real data are used.
Projects: lists of five to ten offers, mentors with one to three offers of one to three places,
ties on the mentors' side or on both.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable

from ortools.math_opt.python import mathopt

from cotutelle.engines.matching import (
    MatchingProblem,
    Mentor,
    Offer,
    match_students,
    promote_students,
    solve_exact,
    strict,
    verify_matching,
)
from cotutelle.engines.matching.exact import search


def hospitals(seed: int, *, scores: int, popularity: float = 1.0) -> MatchingProblem:
    """759 x 53, ``scores`` different scores at most; the higher the popularity, the more skewed."""
    draw = random.Random(seed)  # noqa: S311
    names = [f"h{n:02}" for n in range(53)]
    weights = {name: draw.random() ** popularity + 0.05 for name in names}
    places = dict.fromkeys(names, 1)
    for _ in range(759 - 53):
        places[draw.choice(names)] += 1
    score = {
        f"s{n:03}": int(min(max(draw.gauss(scores / 2, scores / 6), 0), scores)) for n in range(759)
    }
    lists: dict[str, list[str]] = {}
    for student in score:
        left = dict(weights)
        wanted = []
        for _ in range(6):
            wanted.append(draw.choices(list(left), list(left.values()))[0])
            del left[wanted[-1]]
        lists[student] = wanted
    mentors = {}
    for name in names:
        levels: dict[int, list[str]] = {}
        for student, wanted in lists.items():
            if name in wanted:
                levels.setdefault(-score[student], []).append(student)
        mentors[name] = Mentor(places[name], [levels[level] for level in sorted(levels)])
    return MatchingProblem(
        {student: strict(wanted) for student, wanted in lists.items()},
        {name: Offer(name, places[name]) for name in names},
        mentors,
    )


def projects(seed: int, students: int, *, ties: float, student_ties: float) -> MatchingProblem:
    """A quarter as many mentors as students."""
    draw = random.Random(seed)  # noqa: S311
    offers: dict[str, Offer] = {}
    places: dict[str, int] = {}
    for number in range(students // 4):
        quotas = [draw.randint(1, 3) for _ in range(draw.randint(1, 3))]
        offers |= {f"o{number}.{n}": Offer(f"m{number}", q) for n, q in enumerate(quotas)}
        places[f"m{number}"] = draw.randint(max(quotas), sum(quotas))

    def tied(ids: list[str], share: float) -> list[list[str]]:
        groups: list[list[str]] = []
        for id_ in ids:
            if groups and draw.random() < share:
                groups[-1].append(id_)
            else:
                groups.append([id_])
        return groups

    lists = {
        f"s{n}": tied(draw.sample(list(offers), draw.randint(5, 10)), student_ties)
        for n in range(students)
    }
    applicants: dict[str, dict[str, None]] = {key: {} for key in places}
    for student, groups in lists.items():
        for offer in (offer for group in groups for offer in group):
            applicants[offers[offer].mentor_id][student] = None
    mentors = {
        key: Mentor(places[key], tied(draw.sample(list(who), len(who)), ties))
        for key, who in applicants.items()
    }
    return MatchingProblem(lists, offers, mentors)


def measure(
    name: str, make: Callable[[int], MatchingProblem], target: float, seeds: int, limit: float
) -> None:
    """Print one line per seed: reading, solving and proving together."""
    for seed in range(seeds):
        problem = make(seed)
        first = len(match_students(problem).offer_of)
        promoted = len(promote_students(problem).offer_of)
        started = time.process_time()
        matching = solve_exact(problem, time_limit=limit)
        seconds = time.process_time() - started
        if not verify_matching(problem, matching.offer_of, algorithm="exact").ok:
            raise SystemExit(f"{name}, seed {seed}: not stable")
        size = len(matching.offer_of)
        met = "met" if seconds <= target and matching.status == "optimal" else "MISSED"
        print(
            f"{name:<34} {seed:>4} {seconds:>8.2f} {target:>7.0f} {met:<7} {size:>5} "
            f"{matching.bound:>6} {matching.status:<9} {first / size:>7.4f} {promoted / size:>7.4f}"
        )


def main(seeds: int, limit: float) -> None:
    """Print every figure with its target."""
    print(
        f"{'market':<34} {'seed':>4} {'CPU s':>8} {'target':>7} {'':7} {'size':>5} {'bound':>6} "
        f"{'status':<9} {'DA':>7} {'promo':>7}"
    )
    for scores in (40, 15):
        measure(
            f"hospitals 759 x 53, {scores} scores",
            lambda seed, scores=scores: hospitals(seed, scores=scores),  # type: ignore[misc]
            20, seeds, limit,
        )  # fmt: skip
    for students, target in ((300, 10), (1000, 60)):
        for student_ties in (0.0, 0.2):
            measure(
                f"projects {students}, student ties {student_ties}",
                lambda seed, n=students, t=student_ties: projects(  # type: ignore[misc]
                    seed, n, ties=0.3, student_ties=t
                ),
                target, seeds, limit,
            )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--solver", choices=["CP_SAT", "HIGHS"], default="CP_SAT")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--time-limit", type=float, default=60.0)
    arguments = parser.parse_args()
    search.SOLVER = mathopt.SolverType[arguments.solver]
    main(arguments.seeds, arguments.time_limit)
