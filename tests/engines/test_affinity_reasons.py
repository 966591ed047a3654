"""Reasons add up to the score and stand where they say they stand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotutelle.engines.affinity import AffinityProblem, explain_pair, score_affinity
from cotutelle.engines.affinity.highlights import find_term
from cotutelle.engines.affinity.terms import is_han, normalise, split_terms
from tests.engines.affinity_models import letters

words = st.sampled_from(
    ["gene", "tumour", "stroke", "imaging", "肺癌", "康复", "the", "PD-L1", "！", "Ｔ", "cell"]
)
texts = st.lists(words, max_size=7).map(" ".join)
items = st.lists(texts, max_size=7)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from("mno"), items, min_size=1), items, st.booleans())
def test_counted_items_and_channels_add_up_to_the_score(mentors, student, with_models):
    problem = AffinityProblem(mentors, {"s": student})
    models = letters() if with_models else None

    for row in score_affinity(problem, models=models):
        reason = explain_pair(problem, "s", row.mentor_id, models=models)
        assert reason.row.score == pytest.approx(row.score, abs=2e-6)
        assert sum(row.channels.values()) == pytest.approx(row.score, abs=1e-9)
        if not reason.counted:
            assert row.nearest == ()
            continue
        means = [sum(m.similarity for m in group) / len(group) for group in reason.counted]
        of_words = [sum(m.words for m in group) / len(group) for group in reason.counted]
        assert sum(means) / len(means) == pytest.approx(row.score, abs=2e-6)
        assert sum(of_words) / len(of_words) == pytest.approx(row.channels["words"], abs=2e-6)
        for match in (match for group in reason.counted for match in group):
            assert match.meaning + match.words == pytest.approx(match.similarity, abs=1e-12)
        best = {}
        for match in (match for group in reason.counted for match in group):
            best[match.mentor_item] = max(best.get(match.mentor_item, -99), match.similarity)
        assert {m.mentor_item: m.similarity for m in row.nearest} == pytest.approx(
            {item: value for item, value in best.items() if with_models or value > 0}, abs=1e-9
        )


def test_shared_terms_are_shown_in_both_texts():
    problem = AffinityProblem(
        {"m": ["肝细胞癌的免疫治疗", "Deep-Learning, and ＣＴ imaging"], "n": ["stroke"]},
        {"s": ["deep learning on ct", "免疫治疗"]},
    )
    for models in (letters(), None):
        reason = explain_pair(problem, "s", "m", models=models)
        shown = {
            shared.term: (
                [problem.students["s"][i][a:b] for i, a, b in shared.student],
                [problem.mentors["m"][i][a:b] for i, a, b in shared.mentor],
            )
            for shared in reason.shared
        }
        assert tuple(shown) == reason.row.terms
        assert shown["deep learning"] == (["deep learning"], ["Deep-Learning"])
        assert shown["ct"] == (["ct"], ["ＣＴ"])
        assert shown["免疫治疗"] == (["免疫治疗"], ["免疫治疗"])


@settings(max_examples=100, deadline=None)
@given(texts)
def test_a_term_is_found_wherever_the_text_has_it_and_nowhere_else(text):
    terms = list(split_terms(text))
    for term in set(terms):
        places = find_term(term, text)
        assert len(places) == terms.count(term)
        for start, end in places:
            found = normalise(text[start:end])
            assert (found if is_han(term) else " ".join(found.replace("-", " ").split())) == term
    assert find_term("zebrafish", text) == []


@pytest.mark.parametrize("with_models", [True, False])
def test_the_best_sentences_are_the_nearest_of_the_nearest_items(with_models):
    problem = AffinityProblem(
        {"m": ["Mice were fed. We treat lung cancer with drugs.", "Unrelated work on gait."]},
        {"s": ["I like music. Lung cancer with drugs is my subject."]},
    )
    reason = explain_pair(problem, "s", "m", models=letters() if with_models else None)

    assert reason.sentences is not None
    mine, theirs, similarity = reason.sentences
    assert problem.students["s"][mine.item][mine.start : mine.end].startswith("Lung cancer")
    assert problem.mentors["m"][theirs.item][theirs.start : theirs.end].startswith("We treat")
    assert 0 < similarity <= 1


def test_nothing_counted_has_no_sentences():
    problem = AffinityProblem({"m": []}, {"s": ["lung"]})

    reason = explain_pair(problem, "s", "m", models=letters())
    assert (reason.sentences, reason.shared, reason.counted) == (None, (), ())


def test_equal_scores_are_no_ranking():
    same = AffinityProblem({"a": ["lung"], "b": ["lung"]}, {"s": ["lung"], "t": []})
    table = score_affinity(same, models=letters())

    assert table.is_flat("s")
    assert table.is_flat("t")
    assert not table.is_flat("nobody")
    apart = AffinityProblem({"a": ["lung"], "b": ["gait"]}, {"s": ["lung"]})
    assert not score_affinity(apart, models=letters()).is_flat("s")
    assert not score_affinity(AffinityProblem({"a": ["lung"]}, {"s": ["lung"]})).is_flat("s")


def test_few_items_are_marked_and_still_scored():
    problem = AffinityProblem(
        {"few": ["lung", "", "cancer"], "enough": ["lung", "gait", "arm"]}, {"s": ["lung"]}
    )
    rows = {row.mentor_id: row for row in score_affinity(problem)}

    assert (rows["few"].items, rows["few"].is_thin) == (2, True)
    assert (rows["enough"].items, rows["enough"].is_thin) == (3, False)
    assert rows["few"].score > 0
