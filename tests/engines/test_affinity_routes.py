"""The routes against plain loops that share nothing with the engine but the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotutelle.engines.affinity import (
    AffinityProblem,
    TfidfEncoder,
    VectorCache,
    explain_pair,
    iter_affinity,
    score_affinity,
)
from cotutelle.engines.affinity import blocks as engine_blocks
from cotutelle.engines.affinity.calibration import CALIBRATION
from tests.engines.affinity_models import letters

MIXED = AffinityProblem(
    mentors={
        "both": ["lung cancer imaging", "肺癌影像", "deep learning", "T细胞与肺癌的免疫治疗研究"],
        "chinese": ["脑卒中康复", "康复机器人"],
        "english": ["stroke rehabilitation", "robots", "gait", "stroke", "arm", "hand robots"],
        "nothing": ["", "of the"],
        "none": [],
    },
    students={"s": ["肺癌影像研究", "lung imaging"], "t": ["stroke robots"], "u": ["!"]},
)
words = st.sampled_from(
    ["gene", "tumour", "stroke", "imaging", "肺癌", "康复", "the", "PD-L1", "!"]
)
texts = st.lists(words, max_size=6).map(" ".join)
people = st.dictionaries(
    st.text("abc", min_size=1, max_size=2), st.lists(texts, max_size=7), max_size=5
)


def is_chinese(text):
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def z(cosine, route, channel):
    mean, sd = CALIBRATION.routes[route][channel]
    return (cosine - mean) / sd


def oracle(problem, best=5):
    models = letters()
    corpus = [text for items in problem.mentors.values() for text in items]
    space = TfidfEncoder().fit(corpus)

    def tfidf(a, b):
        return (space.encode([a]) @ space.encode([b]).T).toarray()[0, 0]

    def cosine(model, a, b):
        return float(model.encode([a])[0] @ model.encode([b])[0])

    def similarity(a, b):
        if is_chinese(a) != is_chinese(b):
            return z(cosine(models.multilingual, a, b), ("zh", "en"), "use")
        if is_chinese(a):
            meaning = z(cosine(models.multilingual, a, b), ("zh", "zh"), "use")
            return 0.7 * meaning + 0.3 * z(tfidf(a, b), ("zh", "zh"), "tfidf")
        meaning = z(cosine(models.english, a, b), ("en", "en"), "minilm")
        return 0.7 * meaning + 0.3 * z(tfidf(a, b), ("en", "en"), "tfidf")

    def nothing(text):
        route, model = (("zh", "zh"), "use") if is_chinese(text) else (("en", "en"), "minilm")
        return 0.7 * z(0, route, model) + 0.3 * z(0, route, "tfidf")

    def says(text):
        return space.encode([text]).nnz > 0

    def score(mine, theirs):
        mine, theirs = list(filter(says, mine)), list(filter(says, theirs))
        means = []
        for text in mine:
            found = sorted((similarity(text, other) for other in theirs), reverse=True)[:best]
            means.append(sum(found) / len(found) if found else nothing(text))
        return sum(means) / len(means) if means else 0.0

    return {
        (s, m): score(mine, theirs)
        for s, mine in problem.students.items()
        for m, theirs in problem.mentors.items()
    }


def scores(problem, **options):
    rows = iter_affinity(problem, models=letters(), **options)
    return {(row.student_id, row.mentor_id): row.score for row in rows}


@pytest.mark.parametrize("best", [1, 2, 5])
def test_every_route_equals_the_definition(best):
    expected = oracle(MIXED, best)

    assert len({round(value, 3) for value in expected.values()}) > 8
    # Half precision of the kept vectors is the only difference.
    assert scores(MIXED, best_items=best) == pytest.approx(expected, abs=0.02)


def test_english_pairs_never_pass_through_the_multilingual_model():
    models = letters()
    english = AffinityProblem({"m": ["lung cancer"]}, {"s": ["lung"]})
    score_affinity(english, models=models)
    assert models.multilingual.read == []

    mixed = AffinityProblem({"m": ["lung cancer", "肺癌影像"]}, {"s": ["lung"]})
    models = letters()
    score_affinity(mixed, models=models)
    assert sorted(models.english.read) == ["lung", "lung cancer"]
    assert sorted(models.multilingual.read) == ["lung", "肺癌影像"]

    models = letters()
    score_affinity(AffinityProblem({"m": ["肺癌影像"]}, {"s": ["lung"]}), models=models)
    assert models.english.read == []


def test_a_kept_vector_is_not_encoded_again(tmp_path):
    first, second = letters(), letters()
    before = score_affinity(MIXED, models=first, cache=VectorCache(tmp_path))
    cache = VectorCache(tmp_path)
    after = score_affinity(MIXED, models=second, cache=cache)

    assert first.english.read
    assert second.english.read == second.multilingual.read == []
    assert cache.encoded == 0 < cache.found
    assert before == after


def test_a_mentor_without_a_word_never_stands_above_one_who_is_merely_far():
    problem = AffinityProblem(
        {"far": ["zebrafish embryo"], "empty": [], "near": ["lung cancer"]}, {"s": ["lung cancer"]}
    )
    row = {row.mentor_id: row for row in score_affinity(problem, models=letters())}

    floor = oracle(problem)["s", "empty"]
    assert row["empty"].score == pytest.approx(floor, abs=1e-6)
    assert row["empty"].items == 0
    assert row["empty"].is_thin
    assert row["near"].score > row["empty"].score


@settings(max_examples=25, deadline=None)
@given(people, people)
def test_a_student_s_scores_do_not_depend_on_the_others(mentors, students):
    together = scores(AffinityProblem(mentors, students))

    for student, items in students.items():
        alone = scores(AffinityProblem(mentors, {student: items}))
        mine = {pair: score for pair, score in together.items() if pair[0] == student}
        assert alone == pytest.approx(mine, abs=2e-6)


@settings(max_examples=25, deadline=None)
@given(people.filter(lambda found: len(found) > 1), people, st.integers(1, 3))
def test_the_order_of_keys_and_the_cut_change_nothing(mentors, students, top):
    whole = score_affinity(AffinityProblem(mentors, students), models=letters())
    turned = AffinityProblem(dict(reversed(mentors.items())), dict(reversed(students.items())))
    head = score_affinity(turned, models=letters(), top=top)

    for student in students:
        assert head.for_student(student) == whole.for_student(student)[:top]


def test_a_shortlist_gives_the_rows_that_all_pairs_give(monkeypatch):
    draw = np.random.default_rng(3)
    fields = [[f"w{draw.integers(400)}" for _ in range(12)] for _ in range(12)]

    def person():
        own = [fields[draw.integers(12)] for _ in range(2)]
        return [
            " ".join([*draw.choice(own[draw.integers(2)], 6), f"w{draw.integers(400)}"])
            + (" 肺癌影像研究" if draw.random() < 0.2 else "")
            for _ in range(draw.integers(0, 9))
        ]

    mentors = {f"m{number:03}": person() for number in range(150)}
    students = {f"s{number:03}": person() for number in range(60)}
    problem = AffinityProblem(mentors, students)
    for models in (letters(), None):
        whole = list(iter_affinity(problem, top=5, models=models))
        with monkeypatch.context() as patch:
            patch.setattr(engine_blocks, "ALL_PAIRS_UP_TO", 0)
            short = list(iter_affinity(problem, top=5, models=models))
        assert [r.student_id for r in short] == [r.student_id for r in whole]
        exact = {(r.student_id, r.mentor_id): r for r in whole}
        both = [r for r in short if (r.student_id, r.mentor_id) in exact]
        assert len(both) >= 0.97 * len(whole)
        for row in both:
            same = exact[row.student_id, row.mentor_id]
            assert row.score == pytest.approx(same.score, abs=2e-6)
            assert row.terms == same.terms


def test_explaining_one_pair_reads_no_other_mentor():
    models = letters()
    row = explain_pair(MIXED, "t", "english", models=models).row

    listed = score_affinity(MIXED, models=letters())
    assert row.score == pytest.approx(
        next(r.score for r in listed.for_student("t") if r.mentor_id == "english"), abs=2e-6
    )
    assert "lung cancer imaging" not in models.english.read
