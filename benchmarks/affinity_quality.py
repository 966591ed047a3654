"""
How well the affinity engine ranks, on texts and judgements nobody here wrote, and how fast it reads.

    OPENBLAS_NUM_THREADS=1 .venv/bin/python benchmarks/affinity_quality.py [--texts N]

Expertise: 29 people rated how well they know papers (Stelmakh et al. 2023; half of the published
set); ten random profiles of 20 papers per person. **All of them are computer scientists, not
medical people.** Loss: share of the rating difference that wrongly ordered pairs of one person's
papers lose (a tie loses half), mean over the ten profiles. Easy: pairs with one rating of 4 or more
and one of 2 or less; hard: both 4 or more, and different. Nothing is tuned on any of it.

Chinese: Spearman's correlation of the multilingual model's cosine with the similarity people gave to
general sentence pairs (STS-B, Chinese).

Without ``../shared/data/affinity`` only the speed and the own bilingual texts are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from cotutelle.engines.affinity import AffinityProblem, iter_affinity
from cotutelle.engines.affinity.calibration import CALIBRATION, reference_texts
from cotutelle.engines.affinity.models import Models, TextModel, VectorCache, available

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("COTUTELLE_SHARED_DATA", ROOT.parent / "shared" / "data")) / "affinity"
HELD_OUT = ROOT / "tests" / "data" / "affinity_bilingual.jsonl"
HIGH, LOW = 4, 2
WORDS = 200

Ratings = Mapping[str, Mapping[str, float]]
Texts = Mapping[str, str]


def main() -> None:
    """Print every figure beside its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=100, help="texts to read for the speed")
    asked = parser.parse_args()
    models = available()
    if models is None:
        print("models: a package is missing; only TF-IDF is measured")
    else:
        print(f"models: {models.english.version}, {models.multilingual.version}")
        print(f"calibration: {CALIBRATION.version}")
        print_speed(models, asked.texts)
        print_translations(models.multilingual)
    if not DATA.is_dir():
        print(f"expertise and Chinese sentences: skipped, {DATA} is absent")
        return
    print_expertise(models)
    if models:
        print_chinese_sentences(models.multilingual)


def print_speed(models: Models, count: int) -> None:
    """Print texts per second of one core, for texts of 200 words or 330 characters."""
    texts = reference_texts()
    english = " ".join(text.en for text in texts).split()
    chinese = "".join(text.zh for text in texts)
    for model, pieces in (
        (models.english, [" ".join(english[n : n + WORDS]) for n in range(count)]),
        (models.multilingual, [chinese[n : n + 330] for n in range(count)]),
    ):
        model.encode(pieces[:2])
        started = time.process_time()
        model.encode(pieces)
        speed = count / (time.process_time() - started)
        print(f"{model.name}: {speed:.1f} texts per CPU second (bar 15, aim 30)")


def print_translations(model: TextModel) -> None:
    """Print how often a text's own translation is the nearest of forty, and its place on average."""
    texts = reference_texts(HELD_OUT)
    near = model.encode([text.zh for text in texts]) @ model.encode([text.en for text in texts]).T
    places = (near > np.diag(near)[:, None]).sum(axis=1)
    print(f"own bilingual texts: translation nearest of {len(texts)} in {np.mean(places == 0):.3f}")


def print_expertise(models: Models | None) -> None:
    """Print loss, easy and hard of the words alone and of the calibrated routes."""
    ratings = json.loads((DATA / "ratings.json").read_text(encoding="utf-8"))
    profiles = json.loads((DATA / "profiles.json").read_text(encoding="utf-8"))
    lines = (DATA / "papers.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    papers = {r["id"]: f"{r['title'] or ''}. {r['abstract'] or ''}" for r in records}
    cache = VectorCache(None)
    for name, chosen, bars in (
        ("TF-IDF fallback", None, "bar .26"),
        ("models", models, "bars .215 / .865 / .61"),
    ):
        if chosen is None and name == "models":
            continue
        found = [
            measure_profile(profile, ratings, papers, chosen, cache)
            for profile in profiles.values()
        ]
        loss, easy, hard = np.mean(found, axis=0)
        print(
            f"expertise, {len(ratings)} computer scientists, {name}: "
            f"loss {loss:.4f}, easy {easy:.3f}, hard {hard:.3f} ({bars}, set on all 58)"
        )


def measure_profile(
    profile: Mapping[str, list[str]],
    ratings: Ratings,
    papers: Texts,
    models: Models | None,
    cache: VectorCache,
) -> tuple[float, float, float]:
    """Return loss, easy and hard of one profile."""
    mentors = {person: [papers[paper] for paper in items] for person, items in profile.items()}
    rated = {paper: [papers[paper]] for found in ratings.values() for paper in found}
    rows = iter_affinity(AffinityProblem(mentors, rated), models=models, cache=cache)
    score = {(row.student_id, row.mentor_id): row.score for row in rows}
    pairs = list(rated_pairs(ratings, score))
    weights = np.array([abs(a - b) for a, b, _ in pairs])
    lost = np.array([share for _, _, share in pairs])
    high = np.array([max(a, b) >= HIGH for a, b, _ in pairs])
    easy = high & np.array([min(a, b) <= LOW for a, b, _ in pairs])
    hard = np.array([min(a, b) >= HIGH for a, b, _ in pairs])
    loss = float((weights * lost).sum() / weights.sum())
    return loss, 1 - float(lost[easy].mean()), 1 - float(lost[hard].mean())


def rated_pairs(
    ratings: Ratings, score: Mapping[tuple[str, str], float]
) -> Iterator[tuple[float, float, float]]:
    """Yield the two ratings of one person and what the prediction loses: 0, 0.5 or 1."""
    for person, found in ratings.items():
        for a, b in combinations(found, 2):
            if found[a] != found[b]:
                agreement = (score[a, person] - score[b, person]) * (found[a] - found[b])
                yield found[a], found[b], 1.0 if agreement < 0 else 0.5 if agreement == 0 else 0.0


def print_chinese_sentences(model: TextModel) -> None:
    """Print the rank correlation on STS-B, Chinese."""
    lines = (DATA / "stsb_zh.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line.strip()]
    left, right = model.encode([row[0] for row in rows]), model.encode([row[1] for row in rows])
    given = [float(row[2]) for row in rows]
    found = spearmanr((left * right).sum(axis=1), given).statistic
    print(f"STS-B Chinese, {len(rows)} general sentence pairs: Spearman {found:.4f} (bar .73)")


if __name__ == "__main__":
    main()
