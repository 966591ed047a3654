"""Self-rated expertise (Stelmakh et al. 2023): measured here, never tuned on."""

from __future__ import annotations

import json
import os
import sys
from itertools import combinations
from pathlib import Path

import pytest

from cotutelle.engines.affinity import AffinityProblem, iter_affinity

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("COTUTELLE_SHARED_DATA", ROOT.parent / "shared" / "data")) / "affinity"
PUBLISHED_TFIDF_LOSS = 0.262
WORST_ACCEPTED = 0.285

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is absent"),
]


def profile_loss(profile, ratings, papers):
    mentors = {person: [papers[paper] for paper in items] for person, items in profile.items()}
    rated = {paper: [papers[paper]] for found in ratings.values() for paper in found}
    problem = AffinityProblem(mentors, rated)
    score = {(row.student_id, row.mentor_id): row.score for row in iter_affinity(problem)}
    lost = weight = 0.0
    for person, found in ratings.items():
        for a, b in combinations(found, 2):
            apart = found[a] - found[b]
            agreement = (score[a, person] - score[b, person]) * apart
            weight += abs(apart)
            lost += abs(apart) * (1.0 if agreement < 0 else 0.5 if agreement == 0 else 0.0)
    return lost / weight


@pytest.mark.slow
def test_the_loss_on_rated_expertise_is_that_of_tfidf(capsys):
    ratings = json.loads((DATA / "ratings.json").read_text(encoding="utf-8"))
    profiles = json.loads((DATA / "profiles.json").read_text(encoding="utf-8"))
    lines = (DATA / "papers.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    papers = {r["id"]: f"{r['title'] or ''}. {r['abstract'] or ''}" for r in records}

    losses = [profile_loss(profile, ratings, papers) for profile in profiles.values()]
    loss = sum(losses) / len(losses)

    with capsys.disabled():
        sys.stdout.write(f"\naffinity loss {loss:.4f}, published {PUBLISHED_TFIDF_LOSS}\n")
    assert len(losses) == 10
    assert loss <= WORST_ACCEPTED
