"""What the matching engine promises, one small market at a time."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.engines.matching import (
    Ban,
    Explainer,
    InvalidProblem,
    MatchingProblem,
    Mentor,
    Offer,
    Pin,
    Reason,
    build_certificate,
    explain,
    explain_for_mentor,
    format_preferences,
    lottery_order,
    match_students,
    parse_preferences,
    rank_profile,
    strict,
    student_rank,
    verify_certificate,
    verify_matching,
)
from tests.engines.matching_market import small_market


def _codes(problem: MatchingProblem, offer_of: dict[str, str]) -> set[str]:
    return {violation.code for violation in verify_matching(problem, offer_of).problems}


def test_the_mentor_s_own_quota_holds_over_all_her_offers() -> None:
    matching = match_students(small_market())

    assert matching.offer_of == {"s2": "cohort", "s3": "stroke"}
    assert matching.proposals == 5
    assert matching.students_of("stroke") == ("s3",)


def test_a_pinned_student_takes_the_place_of_offer_and_mentor() -> None:
    problem = small_market(pins={"s1": Pin("imaging", "minutes 7")})

    matching = match_students(problem)

    (luckier, _) = lottery_order("0", ["s2", "s3"])
    assert matching.offer_of == {"s1": "imaging", luckier: "cohort"}
    assert matching.pinned == {"s1"}
    tolerated = verify_matching(problem, matching.offer_of).tolerated
    assert {(t.pair.student, t.pair.offer) for t in tolerated} == {
        ("s2", "imaging"),
        ("s3", "imaging"),
        ("s3", "stroke"),
    }
    assert {(t.cause, t.cause_student, t.cause_offer, t.reason) for t in tolerated} == {
        ("pin", "s1", "imaging", "minutes 7")
    }


def test_a_ban_is_passed_over_and_named_as_the_cause() -> None:
    problem = small_market(bans={("s3", "stroke"): Ban("conflict", "daughter")})

    matching = match_students(problem)

    assert matching.offer_of["s3"] == "imaging"
    (tolerated,) = verify_matching(problem, matching.offer_of).tolerated
    assert (tolerated.cause, tolerated.pair.offer, tolerated.reason) == (
        "ban",
        "stroke",
        "daughter",
    )


def test_a_pin_may_join_two_who_did_not_list_each_other() -> None:
    problem = small_market(pins={"s1": Pin("cohort")})

    matching = match_students(problem)

    assert matching.offer_of["s1"] == "cohort"
    assert verify_matching(problem, matching.offer_of).ok
    assert rank_profile(problem, matching.offer_of) == (1,)
    assert student_rank(problem, "s1", "cohort") is None


def test_the_lottery_is_the_published_order_of_sha256() -> None:
    ids = ["王一", "s2", "s 3"]

    order = lottery_order("2026", ids)

    assert list(order) == sorted(ids, key=lambda i: sha256(b"2026\x00" + i.encode()).hexdigest())
    assert order == lottery_order("2026", reversed(ids))
    assert len({lottery_order(str(seed), ids) for seed in range(20)}) > 1


@pytest.mark.parametrize("seed", ["1", "2", "3", "4", "抽签"])
def test_the_luckiest_of_equals_gets_the_place(seed: str) -> None:
    students = [f"s{number}" for number in range(6)]
    problem = MatchingProblem(
        {student: ["only"] for student in students},
        {"only": Offer("li", 1)},
        {"li": Mentor(1, [students])},
        seed=seed,
    )
    winner = lottery_order(seed, students)[0]

    assert match_students(problem).offer_of == {winner: "only"}
    other = next(student for student in students if student != winner)
    assert _codes(problem, {other: "only"}) == {"lottery"}


@pytest.mark.parametrize(
    ("offer_of", "code"),
    [
        ({"s9": "cohort"}, "unknown_student"),
        ({"s1": "surgery"}, "unknown_offer"),
        ({"s1": "cohort"}, "not_acceptable_to_student"),
        ({"s2": "cohort", "s3": "cohort"}, "offer_over_quota"),
        ({"s1": "imaging", "s3": "stroke"}, "mentor_over_quota"),
        ({"s1": "imaging"}, "blocking_pair"),
        ({}, "blocking_pair"),
        ({"s2": "cohort", "s3": "imaging"}, "blocking_pair"),
    ],
)
def test_the_verifier_names_what_is_wrong(offer_of: dict[str, str], code: str) -> None:
    assert code in _codes(small_market(), offer_of)


def test_the_verifier_asks_the_mentor_too_and_keeps_pins_and_bans() -> None:
    unlisted = small_market(mentors={"wang": Mentor(1, strict(["s3"])), "li": Mentor(1)})
    pinned = small_market(pins={"s1": Pin("stroke")})
    banned = small_market(bans={("s2", "cohort"): Ban()})

    assert "not_acceptable_to_mentor" in _codes(unlisted, {"s3": "stroke", "s2": "cohort"})
    assert "pin_not_honoured" in _codes(pinned, {"s2": "cohort"})
    assert "ban_not_honoured" in _codes(banned, {"s2": "cohort", "s3": "stroke"})


def test_a_student_may_move_to_a_better_offer_of_the_same_full_mentor() -> None:
    verdict = verify_matching(small_market(), {"s2": "cohort", "s3": "imaging"})

    (pair,) = verdict.blocking_pairs
    assert (pair.student, pair.offer, pair.kind) == ("s3", "stroke", "mentor_full")


def test_everything_wrong_with_a_market_is_said_at_once() -> None:
    with pytest.raises(InvalidProblem) as caught:
        MatchingProblem(
            {"s1": ["a", "a"], "s2": ["x"], "": [], "s4": [[]]},
            {"a": Offer("m", -1), "b": Offer("nobody", 1), "c": Offer("m", 1)},
            {"m": Mentor(2**60, ["s9"]), "n": Mentor(True, [["s1"], ["s1"]])},
            {"s1": Pin("c"), "s2": Pin("c"), "s3": Pin("z")},
            {("s1", "c"): Ban("policy"), ("q", "w"): Ban("whim")},  # type: ignore[arg-type]
            "\ud800",
        )

    assert [(fault.argument, fault.code) for fault in caught.value.problems] == [
        ("student_preferences", "empty_id"),
        ("seed", "bad_id"),
        ("student_preferences", "duplicate"),
        ("student_preferences", "unknown_offer"),
        ("student_preferences", "empty_place"),
        ("offers", "bad_quota"),
        ("offers", "unknown_mentor"),
        ("mentors", "bad_quota"),
        ("mentors", "bad_quota"),
        ("mentors", "unknown_student"),
        ("mentors", "duplicate"),
        ("bans", "unknown_student"),
        ("bans", "unknown_offer"),
        ("bans", "unknown_kind"),
        ("pins", "pin_against_ban"),
        ("pins", "pin_against_quota"),
        ("pins", "unknown_student"),
        ("pins", "unknown_offer"),
    ]
    assert isinstance(caught.value, ValueError)
    assert "student 's2' lists the unknown offer 'x'" in str(caught.value)


@pytest.mark.parametrize("which", ["offer", "mentor"])
def test_a_pin_needs_a_place_of_the_offer_and_of_the_mentor(which: str) -> None:
    offers = {"imaging": Offer("wang", 2 - (which == "offer"))}
    with pytest.raises(InvalidProblem, match=f"one too many for {which}"):
        MatchingProblem(
            {"s1": [], "s2": []},
            offers,
            {"wang": Mentor(2 - (which == "mentor"))},
            {"s1": Pin("imaging"), "s2": Pin("imaging")},
        )


def test_nobody_and_nothing_is_a_market_too() -> None:
    empty = MatchingProblem({}, {}, {})

    assert match_students(empty).offer_of == {}
    assert verify_matching(empty, {}).ok
    assert rank_profile(empty, {}) == ()
    assert verify_certificate(build_certificate(empty, match_students(empty))).ok


def test_hundreds_of_offers_identical_lists_and_quota_nought() -> None:
    students = [f"s{number}" for number in range(60)]
    offers = [f"o{number}" for number in range(300)]
    problem = MatchingProblem(
        dict.fromkeys(students, offers),
        {offer: Offer("m", 0 if number % 2 else 1) for number, offer in enumerate(offers)},
        {"m": Mentor(50, [students])},
    )

    matching = match_students(problem)

    assert len(matching.offer_of) == 50
    assert verify_matching(problem, matching.offer_of).ok
    assert set(matching.offer_of) == set(lottery_order("0", students)[:50])


def test_ranks_count_from_one_and_equals_share() -> None:
    problem = small_market(
        student_preferences={
            "s1": [["imaging"], ["stroke", "cohort"]],
            "s2": [["stroke", "cohort"], ["imaging"]],
            "s3": [],
        }
    )

    assert [student_rank(problem, "s1", o) for o in ("imaging", "stroke", "cohort")] == [1, 2, 2]
    assert student_rank(problem, "s2", "imaging") == 3
    assert rank_profile(problem, {"s1": "cohort", "s2": "imaging"}) == (0, 1, 1)


def test_every_reason_has_its_case() -> None:
    students = {f"s{number}": ["full", "none", "pins", "held"] for number in range(5)}
    problem = MatchingProblem(
        students | {"empty": []},
        {
            "full": Offer("m1", 1),
            "none": Offer("m1", 0),
            "pins": Offer("m2", 1),
            "held": Offer("m3", 1),
        },
        {
            "m1": Mentor(5, [["s0"], ["s1", "s2", "s3"]]),
            "m2": Mentor(5, ["s1"]),
            "m3": Mentor(1, [["s1", "s2"], ["s3"]]),
        },
        {"s4": Pin("pins", "minutes 7")},
        {("s1", "full"): Ban("conflict", "kin"), ("s2", "full"): Ban("policy", "discipline")},
        seed="3",
    )
    held = match_students(problem).offer_of
    winner, loser = ("s1", "s2") if held.get("s1") == "held" else ("s2", "s1")

    def reason(student: str, offer: str) -> Reason:
        return explain(problem, held, student, offer)

    assert reason("s0", "full") == Reason("assigned")
    assert reason("s1", "full") == Reason("conflict", detail="kin")
    assert reason("s2", "full") == Reason("policy", detail="discipline")
    assert reason("s0", "held") == Reason("holds_better")
    assert reason("s4", "full") == Reason("pinned_elsewhere", detail="minutes 7")
    assert reason("s2", "pins") == Reason("not_accepted")
    assert reason("s1", "none") == Reason("no_places")
    assert reason("s1", "pins") == Reason("pinned_places", 1)
    assert reason("s3", "full") == Reason("preferred_others", 1)
    assert reason("s3", "held") == Reason("preferred_others", 1)
    assert reason(loser, "held") == Reason("lottery", 1)
    answers = Explainer(problem, held)
    assert answers.explain_unmatched("empty") == Reason("empty_list")
    assert answers.explain_unmatched(loser) == Reason("lottery", 1)
    assert answers.explain_unmatched("s3") == Reason("preferred_others", 1)
    assert answers.explain_unmatched(winner) == Reason("assigned")
    assert explain_for_mentor(problem, held, "m3", winner) == Reason("assigned")
    assert explain_for_mentor(problem, held, "m3", "s0") == Reason("holds_better")
    assert explain_for_mentor(problem, held, "m3", "empty") == Reason("did_not_apply")


def test_an_explanation_of_something_untrue_is_refused() -> None:
    problem = small_market()
    with pytest.raises(ValueError, match="not stable"):
        explain(problem, {}, "s3", "stroke")
    with pytest.raises(ValueError, match="not stable"):
        explain(problem, {"s1": "imaging"}, "s3", "imaging")
    with pytest.raises(ValueError, match="student: 's9'"):
        explain(problem, {}, "s9", "stroke")
    with pytest.raises(ValueError, match="offer: 'surgery'"):
        explain(problem, {}, "s1", "surgery")
    with pytest.raises(ValueError, match="not on the list"):
        explain(problem, {}, "s1", "cohort")
    with pytest.raises(ValueError, match="mentor: 'zhao'"):
        explain_for_mentor(problem, {}, "zhao", "s1")


def test_lists_are_read_and_written() -> None:
    assert parse_preferences(" A > 王 二=C  D >E ") == (("A",), ("王 二", "C  D"), ("E",))
    assert parse_preferences("  ") == ()
    assert format_preferences(["A", ["B", "C"]]) == "A > B = C"
    for text in ("A >", "> A", "A > > B", "A = ", "="):
        with pytest.raises(ValueError, match="empty place"):
            parse_preferences(text)
    with pytest.raises(ValueError, match="cannot be written"):
        format_preferences([["A>B"]])


_IDS = st.text(
    st.characters(exclude_characters="=>", exclude_categories=["Cs"]), min_size=1
).filter(lambda text: text == text.strip() and text != "")


@given(st.lists(st.lists(_IDS, min_size=1, max_size=3), max_size=5))
def test_what_is_written_is_read_back(groups: list[list[str]]) -> None:
    assert parse_preferences(format_preferences(groups)) == tuple(map(tuple, groups))


def test_the_engine_needs_neither_django_nor_numpy() -> None:
    code = (
        "import sys, cotutelle.engines.matching;"
        "sys.exit(bool({'django', 'numpy', 'rfc8785', 'typer'} & sys.modules.keys()))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_verifier_shares_no_code_with_the_solver() -> None:
    code = (
        "import sys, types; p = types.ModuleType('cotutelle.engines.matching');"
        "import cotutelle.engines; p.__path__ = [cotutelle.engines.__path__[0] + '/matching'];"
        "sys.modules[p.__name__] = p; import cotutelle.engines.matching.verification;"
        "print(*sorted(m.rsplit('.', 1)[1] for m in sys.modules if m.startswith(p.__name__ + '.')))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()

    assert [name for name in loaded if not name.startswith("verification")] == [
        "entities",
        "preferences",
        "problem",
        "result",
        "validation",
    ]
