"""Why not, and which place would have been enough: against brute force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from cotutelle.engines.matching import (
    Ban,
    Explainer,
    Group,
    MatchingProblem,
    Mentor,
    Offer,
    Pin,
    Reason,
    Sufficient,
    explain,
    listed_ids,
    match,
    match_students,
    student_rank,
    tie_groups,
)
from tests.engines.matching_market import small_market
from tests.engines.matching_oracle import Oracle
from tests.engines.matching_units import grouped_markets
from tests.strategies import random_market

_LOST = {
    "not_accepted",
    "pinned_places",
    "preferred_others",
    "group_cap",
    "lottery",
    "tie",
}


def _moved(problem: MatchingProblem, mentor: str, student: str, at: int) -> MatchingProblem:
    """The market with the student alone in front of the ``at``-th tie of the others."""
    ties = [[s for s in tie if s != student] for tie in _ties(problem, mentor)]
    ties = [tie for tie in ties if tie]
    return _with_list(problem, mentor, [*ties[:at], [student], *ties[at:]])


def _joined(problem: MatchingProblem, mentor: str, student: str, at: int) -> MatchingProblem:
    ties = [[s for s in tie if s != student] for tie in _ties(problem, mentor)]
    ties = [tie for tie in ties if tie]
    return _with_list(problem, mentor, [*ties[:at], [*ties[at], student], *ties[at + 1 :]])


def _with_list(
    problem: MatchingProblem, mentor: str, ties: Sequence[Sequence[str]]
) -> MatchingProblem:
    changed = replace(problem.mentors[mentor], preferences=ties)
    return replace(problem, mentors={**problem.mentors, mentor: changed})


def _ties(problem: MatchingProblem, mentor: str) -> list[tuple[str, ...]]:
    return tie_groups(problem.mentors[mentor].preferences)


def _gets(problem: MatchingProblem, student: str, offer: str, algorithm: Any) -> bool:
    got = match(problem, algorithm=algorithm).offer_of.get(student)
    wanted = student_rank(problem, student, offer)
    rank = None if got is None else student_rank(problem, student, got)
    return rank is not None and wanted is not None and rank <= wanted


def _lost_pairs(
    problem: MatchingProblem, answers: Explainer
) -> Iterator[tuple[str, str, str, Reason]]:
    for student, preferences in problem.student_preferences.items():
        for offer in listed_ids(preferences):
            reason = answers.explain(student, offer)
            if reason.code in _LOST:
                yield student, offer, problem.offers[offer].mentor_id, reason


def _places(problem: MatchingProblem, mentor: str, student: str) -> list[int]:
    """The place that each insertion gives, best first, 1 + the students before."""
    sizes = [len(set(tie) - {student}) for tie in _ties(problem, mentor)]
    sizes = [size for size in sizes if size]
    return [1 + sum(sizes[:at]) for at in range(len(sizes) + 1)]


def test_the_sufficient_place_is_that_of_trying_every_place() -> None:
    random = Random(20266)  # noqa: S311
    answered = 0
    for _ in range(500):
        problem = random_market(random, students=6, offers=4)
        answers = Explainer(problem, match_students(problem).offer_of)
        for student, offer, mentor, _ in _lost_pairs(problem, answers):
            places = _places(problem, mentor, student)
            enough = [
                at
                for at in range(len(places))
                if _gets(
                    _moved(problem, mentor, student, at), student, offer, "deferred-acceptance"
                )
            ]
            assert enough == list(range(len(enough)))  # a better place is never worse
            found = answers.sufficient_place(student, offer)
            if not enough:
                assert found is None
                continue
            assert found is not None
            answered += 1
            at = enough[-1]
            own = next((i for i, t in enumerate(_ties(problem, mentor)) if student in t), None)
            ahead = [len(tie) for tie in _ties(problem, mentor)]
            assert found.place == places[at]
            assert found.own_place == (None if own is None else 1 + sum(ahead[:own]))
            assert found.shared == (
                at < len(places) - 1
                and at != own
                and _gets(
                    _joined(problem, mentor, student, at), student, offer, "deferred-acceptance"
                )
            )
    assert answered > 500


@pytest.mark.parametrize("algorithm", ["deferred-acceptance", "promotion"])
def test_at_the_sufficient_place_the_offer_is_had_and_one_lower_not(algorithm: Any) -> None:
    if algorithm == "promotion":
        random = Random(20267)  # noqa: S311
        markets = [random_market(random, students=6, offers=4) for _ in range(300)]
    else:
        markets = list(grouped_markets(400, students=5, offers=4))
    capped = 0
    for problem in markets:
        held = match(problem, algorithm=algorithm).offer_of
        answers = Explainer(problem, held, algorithm=algorithm)
        for student, offer, mentor, reason in _lost_pairs(problem, answers):
            found = answers.sufficient_place(student, offer)
            places = _places(problem, mentor, student)
            if found is None:
                assert not _gets(_moved(problem, mentor, student, 0), student, offer, algorithm)
                continue
            at = places.index(found.place)
            assert _gets(_moved(problem, mentor, student, at), student, offer, algorithm)
            if at + 1 < len(places):
                lower = _moved(problem, mentor, student, at + 1)
                assert not _gets(lower, student, offer, algorithm)
            if reason.code == "group_cap":
                capped += 1
                assert found.group == reason.detail
                assert found.group_place is not None
                assert found.own_group_place is not None
                assert found.group_place < found.own_group_place
    assert capped > 30 or algorithm == "promotion"


def test_for_the_exact_model_a_place_is_enough_that_would_upset_the_result() -> None:
    random = Random(20268)  # noqa: S311
    answered = 0
    for _ in range(300):
        problem = random_market(random, students=4, offers=3)
        held = max(Oracle(problem, strict=False).stable(), key=len)
        answers = Explainer(problem, held, algorithm="exact")
        for student, offer, mentor, _ in _lost_pairs(problem, answers):
            places = _places(problem, mentor, student)
            upset = [
                at
                for at in range(len(places))
                if (student, offer)
                in Oracle(_moved(problem, mentor, student, at), strict=False).blocking(held)
            ]
            found = answers.sufficient_place(student, offer)
            assert (found.place if found else None) == (places[upset[-1]] if upset else None)
            answered += found is not None
    assert answered > 100


def test_a_group_is_named_exactly_where_only_it_stands_in_the_way() -> None:
    named = 0
    for problem in grouped_markets(800, students=5, offers=4):
        held = match_students(problem).offer_of
        mentors = {key: replace(m, group_id=None) for key, m in problem.mentors.items()}
        bare = Explainer(replace(problem, groups={}, mentors=mentors), held)
        answers = Explainer(problem, held)
        for student, offer, _, reason in _lost_pairs(problem, answers):
            if reason.code == "group_cap":
                named += 1
                quota = problem.groups[reason.detail].quota
                assert (reason.count, reason.level) == (quota, "group")
                with pytest.raises(ValueError, match="not stable"):
                    bare.explain(student, offer)
            else:
                assert bare.explain(student, offer) == reason
    assert named > 200


def _department() -> MatchingProblem:
    return MatchingProblem(
        {"s1": ["a"], "s2": ["b"], "s3": ["b"]},
        {"a": Offer("ma", 1), "b": Offer("mb", 2)},
        {
            "ma": Mentor(1, ["s1"], group_id="dept"),
            "mb": Mentor(2, ["s2", "s3"], group_id="dept"),
        },
        groups={"dept": Group(2, parent_id="school", priority=["s2", "s1"]), "school": Group(5)},
    )


def test_the_place_in_the_unit_is_told_beside_the_place_with_the_mentor() -> None:
    problem = _department()
    held = match_students(problem).offer_of
    answers = Explainer(problem, held)

    assert held == {"s1": "a", "s2": "b"}
    assert answers.explain("s3", "b") == Reason("group_cap", 2, "dept", "group")
    assert answers.explain_for_mentor("mb", "s3") == Reason("group_cap", 2, "dept", "group")
    assert answers.explain_unmatched("s3") == Reason("group_cap", 2, "dept", "group")
    # As the first of mb, s3 comes before s2 in the unit too, which never contradicts her list.
    assert answers.sufficient_place("s3", "b") == Sufficient(
        "mb", place=1, own_place=2, shared=True, group="dept", group_place=2, own_group_place=3
    )


def test_no_place_with_the_mentor_helps_the_first_of_her_list() -> None:
    problem = _department()
    narrow = replace(problem, groups={"dept": Group(1, priority=["s1", "s2"])})
    answers = Explainer(narrow, match_students(narrow).offer_of)

    assert answers.explain("s2", "b") == Reason("group_cap", 1, "dept", "group")
    assert answers.sufficient_place("s2", "b") is None


def test_a_better_place_with_the_mentor_may_open_the_unit() -> None:
    """Behind a student whom the unit likes less, an application waits for that one."""
    problem = MatchingProblem(
        {"s1": ["a"], "s2": ["b"], "s3": ["c"]},
        {"a": Offer("ma", 1), "b": Offer("mb", 1), "c": Offer("mc", 1)},
        {
            "ma": Mentor(1, ["s1"], group_id="dept"),
            "mb": Mentor(1, ["s3", "s2"], group_id="dept"),
            "mc": Mentor(1, []),
        },
        groups={"dept": Group(1, priority=["s2", "s1", "s3"])},
    )
    answers = Explainer(problem, match_students(problem).offer_of)

    assert answers.explain("s2", "b") == Reason("group_cap", 1, "dept", "group")
    assert answers.sufficient_place("s2", "b") == Sufficient(
        "mb", place=1, own_place=2, shared=False, group="dept", group_place=1, own_group_place=3
    )


def test_who_could_not_have_been_helped_by_a_place_is_told_none() -> None:
    problem = small_market(
        offers={
            "imaging": Offer("wang", 1),
            "stroke": Offer("wang", 0),
            "cohort": Offer("li", 1),
        },
        bans={("s2", "imaging"): Ban("conflict", "kin")},
        pins={"s1": Pin("cohort")},
    )
    held = match_students(problem).offer_of
    answers = Explainer(problem, held)

    assert held == {"s1": "cohort", "s3": "imaging"}
    for student, offer, code in (
        ("s2", "imaging", "conflict"),
        ("s3", "stroke", "no_places"),
        ("s2", "cohort", "pinned_places"),
        ("s1", "imaging", "pinned_elsewhere"),
        ("s3", "imaging", "assigned"),
        ("s3", "cohort", "holds_better"),
    ):
        assert answers.explain(student, offer).code == code
        assert answers.sufficient_place(student, offer) is None
    with pytest.raises(ValueError, match="not on the list"):
        answers.sufficient_place("s2", "stroke")


def test_a_tie_is_no_lottery_where_it_was_decided_for_size() -> None:
    problem = small_market(
        student_preferences={"s1": ["cohort"], "s2": ["cohort", "imaging"], "s3": []}
    )
    held = {"s1": "cohort", "s2": "imaging"}

    assert explain(problem, held, "s2", "cohort", algorithm="promotion") == Reason("tie", 1)
    assert explain(problem, held, "s2", "cohort", algorithm="exact") == Reason("tie", 1)
    assert explain(problem, held, "s2", "cohort") == Reason("lottery", 1)


def _with_minimums() -> MatchingProblem:
    return small_market(
        mentors={
            "wang": Mentor(2, ["s3", "s2", "s1"], group_id="neuro"),
            "li": Mentor(1, ["s1", "s2", "s3"], lower_quota=1),
        },
        groups={"neuro": Group(2)},
    )


def test_the_minimum_that_keeps_a_pair_apart_is_named() -> None:
    problem = _with_minimums()
    held = {"s1": "stroke", "s3": "cohort"}

    reason = explain(problem, held, "s3", "stroke", algorithm="exact")

    assert reason == Reason("lower_quota", 1, "li", "mentor")
    held = {"s3": "cohort"}
    assert explain(problem, held, "s3", "stroke", algorithm="exact") == Reason(
        "lower_quota", 1, "li", "mentor"
    )
    assert explain(problem, held, "s2", "imaging", algorithm="exact") == Reason(
        "lower_quota", 1, "li", "mentor"
    )
    assert Explainer(problem, held, algorithm="exact").sufficient_place("s3", "stroke") is None
    with pytest.raises(ValueError, match="not stable"):
        explain(problem, held, "s3", "stroke")


def test_a_group_s_minimum_is_named_where_the_move_would_leave_it() -> None:
    problem = small_market(
        mentors={
            "wang": Mentor(1, ["s3", "s2", "s1"]),
            "li": Mentor(1, ["s1", "s2", "s3"], group_id="inner"),
        },
        groups={"inner": Group(parent_id="outer"), "outer": Group(3, 1)},
    )

    reason = explain(problem, {"s3": "cohort"}, "s3", "stroke", algorithm="exact")

    assert reason == Reason("lower_quota", 1, "outer", "group")


def test_places_of_more_than_one_student_are_counted_whole() -> None:
    problem = MatchingProblem(
        {"s1": ["big"], "s2": ["small"]},
        {"big": Offer("ma", 1, weight=2), "small": Offer("mb", 1)},
        {
            "ma": Mentor(2, ["s1"], group_id="dept"),
            "mb": Mentor(1, ["s2"], group_id="dept"),
        },
        groups={"dept": Group(2, priority=["s2", "s1"])},
    )
    answers = Explainer(problem, {"s2": "small"}, algorithm="exact")

    assert answers.explain("s1", "big") == Reason("group_cap", 2, "dept", "group")
