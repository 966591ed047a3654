"""The affinity engine against an oracle that shares nothing with it but the definition."""

from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotutelle.engines.affinity import (
    AffinityProblem,
    explain_pair,
    iter_affinity,
    percentiles,
    score_affinity,
)

ENGLISH = AffinityProblem(
    mentors={
        "m1": ["lung cancer imaging", "deep learning imaging imaging"],
        "m2": ["stroke rehabilitation"],
    },
    students={"s1": ["deep learning stroke"], "s2": ["imaging", "rehabilitation unheard"]},
)
# The terms of each text, written out by hand: words, then neighbouring pairs.
ENGLISH_TERMS = {
    "lung cancer imaging": ["lung", "cancer", "imaging", "lung cancer", "cancer imaging"],
    "deep learning imaging imaging": [
        *["deep", "learning", "imaging", "imaging"],
        *["deep learning", "learning imaging", "imaging imaging"],
    ],
    "stroke rehabilitation": ["stroke", "rehabilitation", "stroke rehabilitation"],
    "deep learning stroke": ["deep", "learning", "stroke", "deep learning", "learning stroke"],
    "imaging": ["imaging"],
    "rehabilitation unheard": ["rehabilitation", "unheard", "rehabilitation unheard"],
}
CHINESE = AffinityProblem(
    mentors={"甲": ["肺癌影像", "T细胞与肺癌"], "乙": ["脑卒中康复"]},
    students={"学生": ["肺癌CT影像"], "另一": ["康复", "癌"]},
)
CHINESE_TERMS = {
    "肺癌影像": ["肺癌", "癌影", "影像"],
    "T细胞与肺癌": ["细胞", "胞与", "与肺", "肺癌"],
    "脑卒中康复": ["脑卒", "卒中", "中康", "康复"],
    "肺癌CT影像": ["肺癌", "ct", "影像"],
    "康复": ["康复"],
    "癌": ["癌"],
}

words = st.sampled_from(
    ["gene", "tumour", "stroke", "imaging", "肺癌", "康复", "the", "PD-L1", "!"]
)
texts = st.lists(words, max_size=6).map(" ".join)
people = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.lists(texts, max_size=7))


def oracle(
    problem: AffinityProblem, terms: Mapping[str, Sequence[str]], best: int = 5
) -> dict[tuple[str, str], float]:
    """Score by dictionaries: TF-IDF, cosine, mean of the best, mean over the student's items."""
    corpus = [text for items in problem.mentors.values() for text in items]

    def weigh(text: str) -> dict[str, float]:
        found = Counter(terms[text])
        holding = {term: sum(term in terms[other] for other in corpus) for term in found}
        raw = {
            term: (1 + math.log(count)) * (1 + math.log((1 + len(corpus)) / (1 + holding[term])))
            for term, count in found.items()
        }
        length = math.sqrt(sum(value**2 for value in raw.values()))
        return {term: value / length for term, value in raw.items()}

    def cosine(a: str, b: str) -> float:
        left, right = weigh(a), weigh(b)
        return sum(value * right.get(term, 0.0) for term, value in left.items())

    def score(mine: Sequence[str], theirs: Sequence[str]) -> float:
        means = []
        for text in mine:
            found = sorted((cosine(text, other) for other in theirs), reverse=True)[:best]
            means.append(sum(found) / len(found))
        return sum(means) / len(means)

    return {
        (student, mentor): score(mine, theirs)
        for student, mine in problem.students.items()
        for mentor, theirs in problem.mentors.items()
    }


def scores(problem: AffinityProblem, **options: int) -> dict[tuple[str, str], float]:
    return {(row.student_id, row.mentor_id): row.score for row in iter_affinity(problem, **options)}


@pytest.mark.parametrize("best", [1, 2, 5])
@pytest.mark.parametrize(
    ("problem", "terms"), [(ENGLISH, ENGLISH_TERMS), (CHINESE, CHINESE_TERMS)], ids=["en", "zh"]
)
def test_scores_equal_those_computed_by_hand(problem, terms, best):
    expected = oracle(problem, terms, best)

    assert any(0.1 < value < 0.9 for value in expected.values())
    assert scores(problem, best_items=best) == pytest.approx(expected, abs=1e-6)


def test_only_the_best_five_items_count():
    same = ["stroke rehabilitation"] * 5
    few = AffinityProblem({"m": [*same[:2], "lung cancer"]}, {"s": ["stroke rehabilitation"]})
    many = AffinityProblem({"m": [*same, "lung cancer"]}, {"s": ["stroke rehabilitation"]})

    assert scores(few) == {("s", "m"): pytest.approx(2 / 3, abs=1e-6)}
    assert scores(many) == {("s", "m"): 1.0}
    assert scores(many, best_items=6) == {("s", "m"): pytest.approx(5 / 6, abs=1e-6)}


def test_items_that_say_nothing_are_left_out_and_keep_their_numbers():
    plain = AffinityProblem({"m": ["lung cancer"]}, {"s": ["lung"]})
    padded = AffinityProblem({"m": ["", "lung cancer", "of the"]}, {"s": ["  ", "!?", "lung"]})

    padded_row = score_affinity(padded).rows[0]
    assert padded_row.nearest[0][:2] == (2, 1)
    # The blank mentor items still count as texts in which a term is absent: idf moves a little.
    assert padded_row.score == pytest.approx(score_affinity(plain).rows[0].score, abs=0.05)


def test_nothing_shared_scores_zero_without_reasons_and_comes_last():
    problem = AffinityProblem(
        mentors={"a": ["stroke"], "b": [], "c": ["lung cancer"], "d": [""]},
        students={"s": ["lung"], "t": [""], "u": []},
    )

    table = score_affinity(problem)

    assert [row.mentor_id for row in table.for_student("s")] == ["c", "a", "b", "d"]
    assert all(row.score == 0 and row.terms == () and row.nearest == () for row in table.rows[1:])
    assert [row.mentor_id for row in table.for_student("t")] == ["a", "b", "c", "d"]
    assert len(table) == 12
    top = score_affinity(problem, top=2)
    assert [row.mentor_id for row in top.for_student("s")] == ["c", "a"]
    assert table.for_student("nobody") == ()


def test_no_mentors_or_no_students_make_no_rows():
    assert score_affinity(AffinityProblem({}, {"s": ["lung"]})).rows == ()
    assert score_affinity(AffinityProblem({"m": ["lung"]}, {})).rows == ()


def test_equal_scores_stand_in_the_order_of_mentor_ids():
    items = ["lung cancer", "stroke", "gene therapy", "deep learning", "T cell", "imaging"]
    mentors = {f"m{number}": items[number:] + items[:number] for number in (3, 1, 5, 2)}

    rows = score_affinity(AffinityProblem(mentors, {"s": ["lung imaging", "gene therapy"]})).rows

    assert len({row.score for row in rows}) == 1
    assert [row.mentor_id for row in rows] == ["m1", "m2", "m3", "m5"]


def test_terms_are_phrases_of_the_student_strongest_first():
    problem = AffinityProblem(
        mentors={"m": ["Deep learning for lung cancer CT"], "n": ["PD-L1 in stroke", "stroke"]},
        students={"s": ["Lung cancer, deep-learning and PD-L1 of the CT"]},
    )

    table = score_affinity(problem)

    assert table.rows[0].terms == ("deep learning", "lung cancer", "ct")
    assert table.rows[1].terms == ("pd l1",)


def test_chinese_terms_are_words_and_fall_back_to_bigrams():
    problem = AffinityProblem(
        mentors={"甲": ["肝细胞癌的免疫治疗"], "乙": ["深度学习"], "丙": ["中康"]},
        students={"学": ["免疫治疗与肝细胞癌，深度学习"], "卒": ["脑卒中康复"]},
    )

    table = score_affinity(problem, top=1)

    assert table.for_student("学")[0].mentor_id == "甲"
    assert "免疫治疗" in table.for_student("学")[0].terms
    assert table.for_student("卒")[0].terms == ("中康",)


def test_width_and_case_do_not_matter():
    problem = AffinityProblem({"m": ["ＣＴ Imaging"]}, {"s": ["ct IMAGING"]})

    assert scores(problem) == {("s", "m"): 1.0}


def test_explain_pair_adds_up_to_the_score():
    reason = explain_pair(ENGLISH, "s2", "m1")
    listed = next(r for r in score_affinity(ENGLISH) if (r.student_id, r.mentor_id) == ("s2", "m1"))

    means = [sum(match.similarity for match in group) / len(group) for group in reason.counted]
    assert reason.row == listed
    assert sum(means) / len(means) == pytest.approx(listed.score, abs=1e-6)
    assert reason.row.nearest[0][:2] == (0, 1)
    assert listed.terms == ("imaging",)


@pytest.mark.parametrize(
    ("student", "mentor", "named"), [("x", "m1", "student: 'x'"), ("s1", "x", "mentor: 'x'")]
)
def test_explain_pair_names_the_unknown_person(student, mentor, named):
    with pytest.raises(ValueError, match=named):
        explain_pair(ENGLISH, student, mentor)


@pytest.mark.parametrize(
    ("mentors", "students", "message"),
    [
        ({"m": ["a", 3]}, {}, r"mentors\['m'\]\[1\]: 3 is not a string"),
        ({}, {"s": "bare"}, r"students\['s'\]: expected a list"),
        ({7: []}, {}, "mentors: id 7 is not a string"),
        ([], {}, "mentors: expected a mapping"),
    ],
)
def test_bad_input_is_refused_by_name(mentors, students, message):
    with pytest.raises(ValueError, match=message):
        AffinityProblem(mentors, students)


@pytest.mark.parametrize("option", ["top", "best_items"])
def test_counts_below_one_are_refused_before_anything_is_read(option):
    with pytest.raises(ValueError, match=f"{option}: 0"):
        iter_affinity(ENGLISH, **{option: 0})


def test_another_encoder_can_stand_in():
    class Lengths:
        def names(self, texts):
            return {}

        def fit(self, texts):
            return self

        def encode(self, texts):
            rows = np.array([[len(text), 10 - len(text)] for text in texts], dtype=float)
            return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    rows = score_affinity(
        AffinityProblem({"near": ["12345"], "far": ["1"]}, {"s": ["12345"]}), encoder=Lengths()
    ).rows

    assert (rows[0].mentor_id, rows[0].score, rows[0].terms) == ("near", 1.0, ())
    assert rows[1].score == pytest.approx(10 / math.sqrt(2 * 82), abs=1e-6)


def test_percentiles_are_the_share_of_mentors_below():
    assert percentiles({"a": 0.1, "b": 0.5, "c": 0.5, "d": 0.9}) == {
        "a": 0.0,
        "b": 25.0,
        "c": 25.0,
        "d": 75.0,
    }
    assert percentiles({}) == {}


def test_importing_the_engine_loads_nothing_heavy():
    code = (
        "import sys, cotutelle.engines.affinity;"
        "print([m for m in ('numpy', 'scipy', 'sklearn', 'jieba') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


@settings(max_examples=60, deadline=None)
@given(people, people, st.randoms(use_true_random=False))
def test_scores_are_shares_and_order_is_irrelevant(mentors, students, random):
    def shuffled(group):
        return dict(random.sample(sorted(group.items()), len(group)))

    table = score_affinity(AffinityProblem(mentors, students))

    assert table == score_affinity(AffinityProblem(shuffled(mentors), shuffled(students)))
    assert len(table) == len(mentors) * len(students)
    assert all(0 <= row.score <= 1 for row in table)
    assert all(bool(row.terms) == bool(row.nearest) == (row.score > 0) for row in table)
    keys = [(row.student_id, -row.score, row.mentor_id) for row in table]
    assert keys == sorted(keys)


@settings(max_examples=40, deadline=None)
@given(people, people)
def test_a_student_s_scores_do_not_depend_on_the_others(mentors, students):
    together = scores(AffinityProblem(mentors, students))

    for student, items in students.items():
        alone = scores(AffinityProblem(mentors, {student: items}))
        assert alone == {pair: score for pair, score in together.items() if pair[0] == student}


@settings(max_examples=40, deadline=None)
@given(people.filter(lambda found: len(found) > 1), people, st.integers(1, 3))
def test_top_is_the_head_of_the_whole_list(mentors, students, top):
    problem = AffinityProblem(mentors, students)
    whole, head = score_affinity(problem), score_affinity(problem, top=top)

    for student in students:
        assert head.for_student(student) == whole.for_student(student)[:top]


def test_an_unrelated_item_beyond_the_best_five_never_swaps_two_students():
    mentor = ["lung cancer", "lung imaging", "lung", "cancer imaging", "imaging of lung cancer"]
    students = {"near": ["lung cancer imaging"], "far": ["lung stroke"]}

    before = scores(AffinityProblem({"m": mentor}, students))
    after = scores(AffinityProblem({"m": [*mentor, "zebrafish"]}, students))

    assert before["near", "m"] > before["far", "m"] > 0
    assert after["near", "m"] > after["far", "m"] > 0


def test_blocks_do_not_change_the_answer(monkeypatch):
    students = {f"s{n}": ["lung cancer", "gene stroke", "影像 康复"][: n % 4] for n in range(9)}
    problem = AffinityProblem({**ENGLISH.mentors, **CHINESE.mentors}, students)
    whole = score_affinity(problem)

    monkeypatch.setattr("cotutelle.engines.affinity.blocks._BLOCK_CELLS", 1)

    assert score_affinity(problem) == whole
