"""
Affinity at the size of a large school: 5,000 students × 800 mentors, ten items each.

    .venv/bin/python benchmarks/affinity.py [--students N] [--mentors N] [--top K]

Texts are drawn from a seeded Zipf vocabulary, 40 words an item, so that common and rare words meet
as they do in abstracts. Scoring runs in this process; the peak is that of the whole process less
what it held when the texts were made.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from itertools import accumulate

from cotutelle.engines.affinity import AffinityProblem, iter_affinity

ITEMS, WORDS, VOCABULARY = 10, 40, 30_000


def make_people(prefix: str, count: int, draw: random.Random) -> dict[str, list[str]]:
    """Invent people whose items mix one field's words with everybody's."""
    names = [f"w{number}" for number in range(VOCABULARY)]
    weights = list(accumulate(1 / (rank + 20) for rank in range(VOCABULARY)))
    people: dict[str, list[str]] = {}
    for number in range(count):
        field = draw.randrange(VOCABULARY - 300)
        items = []
        for _ in range(ITEMS):
            general = draw.choices(names, cum_weights=weights, k=WORDS - 10)
            items.append(" ".join([*general, *draw.choices(names[field : field + 300], k=10)]))
        people[f"{prefix}{number:05d}"] = items
    return people


def peak_mb() -> float:
    """Return the most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print CPU seconds, throughput and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=5_000)
    parser.add_argument("--mentors", type=int, default=800)
    parser.add_argument("--top", type=int, default=20)
    asked = parser.parse_args()
    draw = random.Random(1)  # noqa: S311 - not a secret
    problem = AffinityProblem(
        mentors=make_people("m", asked.mentors, draw),
        students=make_people("s", asked.students, draw),
    )
    before = peak_mb()
    started = time.process_time()
    rows = sum(1 for _ in iter_affinity(problem, top=asked.top))
    seconds = time.process_time() - started
    pairs = asked.students * asked.mentors
    print(f"{asked.students} students × {asked.mentors} mentors, {ITEMS} items each: {rows} rows")
    print(f"{seconds:.1f} CPU s, {pairs / seconds:,.0f} pairs/s ({ITEMS * ITEMS} item pairs each)")
    print(f"{peak_mb() - before:.0f} MB above the {before:.0f} MB of the texts")


if __name__ == "__main__":
    main()
