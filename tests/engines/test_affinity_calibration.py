"""The scale of the routes: what was frozen is what is measured, and no language has the better one."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cotutelle.engines.affinity import AffinityProblem, score_affinity
from cotutelle.engines.affinity.calibration import (
    CALIBRATION,
    Reference,
    calibration_for,
    measure_calibration,
    reference_texts,
)
from cotutelle.engines.affinity.models import HubModel, Models, VectorCache, available

HELD_OUT = Path(__file__).resolve().parents[1] / "data" / "affinity_bilingual.jsonl"
LANGUAGES = ("zh", "en")


@pytest.fixture(scope="module")
def models():
    found = available()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def held_out():
    return reference_texts(HELD_OUT)


def test_the_constants_are_those_of_the_reference_population(models):
    texts = reference_texts()
    assert (len(texts), len({text.field for text in texts})) == (40, 8)
    found = measure_calibration(texts, models, version=CALIBRATION.version)
    assert found.routes.keys() == CALIBRATION.routes.keys()
    for route, channels in CALIBRATION.routes.items():
        assert found.routes[route].keys() == channels.keys()
        for channel, constants in channels.items():
            apart = 1e-4 if channel == "tfidf" else 8e-3  # processors differ
            assert found.routes[route][channel] == pytest.approx(constants, abs=apart)


def test_no_text_of_the_population_tests_it(held_out):
    fields = {text.field for text in reference_texts()}
    assert (len(held_out), len({text.field for text in held_out})) == (40, 8)
    assert fields.isdisjoint(text.field for text in held_out)


def test_unrelated_texts_lie_at_0_and_those_of_one_field_equally_high_on_every_route(
    models, held_out
):
    mentors = {
        f"{n}{lang}": [getattr(t, lang)] for n, t in enumerate(held_out) for lang in LANGUAGES
    }
    table = score_affinity(AffinityProblem(mentors, mentors), models=models)
    heights = {route: ([], []) for route in product(LANGUAGES, LANGUAGES)}
    for row in table:
        student, mentor = int(row.student_id[:-2]), int(row.mentor_id[:-2])
        if student != mentor:
            same = held_out[student].field == held_out[mentor].field
            heights[row.student_id[-2:], row.mentor_id[-2:]][same].append(row.score)
    unrelated = {route: np.mean(pair[0]) for route, pair in heights.items()}
    related = {route: np.mean(pair[1]) for route, pair in heights.items()}
    assert all(abs(mean) < 0.25 for mean in unrelated.values()), unrelated
    assert all(0.6 < mean < 1.1 for mean in related.values()), related
    assert max(related.values()) - min(related.values()) < 0.2, related


def two_mentors_a_field(texts, turn):
    """Make two mentors of each field: three of its five texts and the two others."""
    places = {}
    for place, text in enumerate(texts):
        places.setdefault(text.field, []).append(place)
    owned = {}
    for field, all_ in places.items():
        turned = all_[turn:] + all_[:turn]
        owned[field, 0], owned[field, 1] = turned[:3], turned[3:]
    return owned


def rank_shifts(texts, models, cache, *, turn, students):
    """
    Translate one mentor at a time and count the ranks it loses by being Chinese.

    Only students of the mentor's own field count, by a text of theirs that the mentor does not have;
    all other mentors write either all in Chinese or all in English.
    """
    owned = two_mentors_a_field(texts, turn)
    mentors = {
        f"{field}|{half}|{language}": [getattr(texts[place], language) for place in places]
        for (field, half), places in owned.items()
        for language in LANGUAGES
    }
    readers = {f"{place:02}": [getattr(text, students)] for place, text in enumerate(texts)}
    table = score_affinity(AffinityProblem(mentors, readers), models=models, cache=cache)
    shifts = []
    for place, reader in enumerate(readers):
        score = {row.mentor_id: row.score for row in table.for_student(reader)}
        for (field, half), places in owned.items():
            if field != texts[place].field or place in places:
                continue
            for cohort in LANGUAGES:
                others = [score[f"{f}|{h}|{cohort}"] for f, h in owned if (f, h) != (field, half)]
                zh, en = (score[f"{field}|{half}|{language}"] for language in LANGUAGES)
                shifts.append(sum(o > zh for o in others) - sum(o > en for o in others))
    return shifts


@pytest.mark.parametrize("students", LANGUAGES)
def test_a_translated_profile_keeps_its_rank(models, held_out, students):
    cache = VectorCache(None)
    turns = [
        rank_shifts(held_out, models, cache, turn=turn, students=students) for turn in range(5)
    ]
    lost = np.concatenate(turns)
    sys.stdout.write(
        f"\nstudents {students}: moved {np.abs(lost).mean():.2f} of 15 ranks in the mean, "
        f"median {np.median(np.abs(lost)):.0f}, Chinese lower by {lost.mean():+.2f}\n"
    )
    assert len(lost) == 5 * 8 * 5 * 2
    assert np.abs(lost).mean() <= 1.3
    assert np.median(np.abs(lost)) == 0
    assert abs(lost.mean()) <= 0.6


def test_texts_that_say_nothing_about_fields_are_refused(models):
    one = [Reference("a", "肾", "kidney"), Reference("a", "肾病", "kidney disease")]
    with pytest.raises(ValueError, match="texts: two fields"):
        measure_calibration(one, models, version="x")
    mixed = [Reference(field, "肾", "kidney") for field in "aabb"]
    with pytest.raises(ValueError, match="does not tell fields apart"):
        measure_calibration(mixed, models, version="x")


def test_a_hub_model_is_put_on_the_same_scale(models, monkeypatch):
    class Half:
        """A hub model of half of MiniLM."""

        max_seq_length = 256

        def __init__(self, name):
            self.name = name

        def get_sentence_embedding_dimension(self):
            return 192

        def state_dict(self):
            return {}

        def encode(self, texts, **options):
            rows = models.english.encode(texts)[:, :192]
            return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    package = ModuleType("sentence_transformers")
    package.SentenceTransformer = Half
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    mixed = Models(english=HubModel("half"), multilingual=models.multilingual)
    found = calibration_for(mixed)
    assert calibration_for(models) is CALIBRATION
    assert found.version.startswith("2026-11-1+half-")
    assert found.routes["zh", "zh"] == CALIBRATION.routes["zh", "zh"]
    assert found.routes["en", "en"] != CALIBRATION.routes["en", "en"]
