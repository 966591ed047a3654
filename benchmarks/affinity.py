"""
Affinity at the size of a country: 20,000 students × 5,000 mentors, twenty items each.

    .venv/bin/python benchmarks/affinity.py [--students N] [--mentors N] [--items N]
        [--student-items N] [--top K] [--processes N] [--words-only]

Texts are drawn from a seeded Zipf vocabulary, 40 words an item, so that common and rare words meet as
they do in abstracts. Vectors are drawn too, not encoded: centres of 150 fields, themes inside them,
noise, about as wide apart as the English model's; every person works on one to three themes. They and
the texts' terms are put into a cache on disk first, which is not timed: what is timed begins with the texts and that cache, and
ends with the rows and their reasons. Where the engine does not compare all pairs of items, the best
mentors of some students are compared with those found by comparing all: that is the recall.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import tempfile
import time
from itertools import accumulate
from pathlib import Path
from typing import Any

WORDS, VOCABULARY, FIELDS, THEMES = 40, 30_000, 150, 12


class DrawnModel:
    """Vectors by lot around the theme a text was drawn from."""

    name, version, dimension = "drawn", "drawn-1", 384

    def __init__(self, themes: dict[str, tuple[int, int]]) -> None:
        import numpy as np

        self._themes = themes
        draw = np.random.default_rng(1)
        self._fields = draw.standard_normal((FIELDS, self.dimension), dtype=np.float32)
        self._inner = draw.standard_normal((FIELDS, THEMES, self.dimension), dtype=np.float32)
        self._common = draw.standard_normal(self.dimension, dtype=np.float32)

    def encode(self, texts: Any) -> Any:
        """Return n × 384."""
        import numpy as np

        draw = np.random.default_rng(abs(hash(texts[0])))
        places = np.array([self._themes[text] for text in texts])
        rows = draw.standard_normal((len(texts), self.dimension), dtype=np.float32)
        rows += 0.45 * self._common + 0.6 * self._fields[places[:, 0]]
        rows += 0.7 * self._inner[places[:, 0], places[:, 1]]
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def make_people(
    prefix: str, count: int, items: int, draw: random.Random, themes: dict[str, tuple[int, int]]
) -> dict[str, list[str]]:
    """Invent people whose items mix one theme's words with everybody's."""
    names = [f"w{number}" for number in range(VOCABULARY)]
    weights = list(accumulate(1 / (rank + 20) for rank in range(VOCABULARY)))
    people: dict[str, list[str]] = {}
    for number in range(count):
        field = draw.randrange(FIELDS)
        own = [(field, draw.randrange(THEMES)) for _ in range(draw.randint(1, 3))]
        if draw.random() < 0.2:
            own[-1] = (draw.randrange(FIELDS), draw.randrange(THEMES))
        texts = []
        for _ in range(items):
            theme = draw.choice(own)
            start = 100 + theme[0] * 190 + theme[1] * 12
            general = draw.choices(names, cum_weights=weights, k=WORDS - 10)
            texts.append(" ".join([*general, *draw.choices(names[start : start + 60], k=10)]))
            themes[texts[-1]] = theme
        people[f"{prefix}{number:05d}"] = texts
    return people


def peak_mb() -> float:
    """Return the most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def peak_of_children_mb() -> float:
    """Return the most memory any one ended child has held."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and its ended children."""
    found = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in found)


def recall(problem: Any, method: Any, found: dict[str, list[str]], top: int, count: int) -> float:
    """Return the share of the best mentors that were found, for some students."""
    from cotutelle.engines.affinity.blocks import Scorer, make_scorer

    whole = make_scorer(problem, method, top=top, best_items=5)
    every = Scorer(whole.index, top, 5)
    ids = sorted(problem.students)[7 :: max(1, len(problem.students) // count)]
    hits = asked = 0
    for student in ids:
        rows = every.score({student: problem.students[student]}, method)
        best = {row.mentor_id for row in rows}
        hits += len(best & set(found[student]))
        asked += len(best)
    return hits / asked


def main() -> None:
    """Print seconds, throughput, memory and recall."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--students", type=int, default=20_000)
    parser.add_argument("--mentors", type=int, default=5_000)
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--student-items", type=int, default=20)
    parser.add_argument("--top", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--words-only", action="store_true")
    parser.add_argument("--recall", type=int, default=100, help="students to check; 0 for none")
    asked = parser.parse_args()
    if asked.processes > 1:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="affinity-") as folder:
        measure(asked, Path(folder))


def measure(asked: argparse.Namespace, folder: Path) -> None:
    """Run one size."""
    from cotutelle.engines.affinity import (
        AffinityProblem,
        Models,
        TfidfEncoder,
        VectorCache,
        iter_affinity,
    )
    from cotutelle.engines.affinity.index import Method
    from cotutelle.engines.affinity.termcounts import TermCounts
    from cotutelle.engines.affinity.workers import local_map

    draw, themes = random.Random(1), {}  # noqa: S311 - not a secret
    problem = AffinityProblem(
        mentors=make_people("m", asked.mentors, asked.items, draw, themes),
        students=make_people("s", asked.students, asked.student_items, draw, themes),
    )
    models = None
    if not asked.words_only:
        model = DrawnModel(themes)
        models = Models(english=model, multilingual=model)
        VectorCache(folder).encode(model, list(themes))
        TermCounts(folder).count(list(themes))
    print(
        f"{asked.students} students × {asked.mentors} mentors, {asked.student_items} × {asked.items}"
        f" items, top {asked.top}, {asked.processes} processes",
        flush=True,
    )
    before, started, worked = peak_mb(), time.perf_counter(), cpu_seconds()
    cache = VectorCache(folder)
    found: dict[str, list[str]] = {}
    spread = local_map(asked.processes) if asked.processes > 1 else None
    count = 0
    for row in iter_affinity(problem, top=asked.top, models=models, cache=cache, spread=spread):
        found.setdefault(row.student_id, []).append(row.mentor_id)
        count += 1
    seconds = time.perf_counter() - started
    worked = cpu_seconds() - worked
    print(
        f"{seconds:.1f} s, {worked:.1f} CPU s, {count} rows, {asked.students * asked.mentors / seconds:,.0f} pairs/s"
    )
    print(
        f"{peak_mb():.0f} MB at most here, {before:.0f} MB of it the texts; "
        f"{peak_of_children_mb():.0f} MB in any other process, shared pages counted again",
        flush=True,
    )
    if asked.recall and models:
        method = Method(models, cache, TfidfEncoder(TermCounts(folder)))
        share = recall(problem, method, found, asked.top, asked.recall)
        print(f"recall of the best {asked.top}: {share:.4f} on {asked.recall} students")


if __name__ == "__main__":
    main()
