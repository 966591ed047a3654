"""The sentences of `cotutelle match`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cotutelle.cli._matching_words import (
    infeasibility,
    infeasibility_json,
    reason_sentence,
    sufficient_sentence,
    summary,
)
from cotutelle.engines.matching import (
    Change,
    Diagnosis,
    MatchingProblem,
    Mentor,
    Offer,
    Reason,
    Repair,
    Rule,
    Sufficient,
)

DIAGNOSIS = Diagnosis(
    (
        Rule("group_lower", "clinic", 3),
        Rule("mentor_quota", "wang", 2),
        Rule("offer_lower", "stroke", 1),
        Rule("pin", "s1", "stroke"),
        Rule("ban", ("s1", "cohort"), "conflict"),
        Rule("acceptance", ("s2", "stroke"), None),
    ),
    (
        Repair((Change("group_lower", "clinic", 3, 2),), 1),
        Repair(
            (
                Change("mentor_quota", "wang", 2, 3),
                Change("pin", "s1", "stroke", None),
                Change("ban", ("s1", "cohort"), "conflict", None),
                Change("acceptance", ("s2", "stroke"), None, None),
            ),
            4,
        ),
    ),
)


def test_reasons_and_repairs_read_as_sentences() -> None:
    assert infeasibility(DIAGNOSIS) == [
        "No result keeps all rules. These cannot be kept together:",
        "  group 'clinic': at least 3 places",
        "  mentor 'wang': at most 2 places",
        "  offer 'stroke': at least 1 students",
        "  student 's1' is pinned to offer 'stroke'",
        "  student 's1' must not have offer 'cohort'",
        "  student 's2' and offer 'stroke' have not accepted each other",
        "What would help (1 of 2):",
        "  change the minimum of group 'clinic' from 3 to 2",
        "What would help (2 of 2):",
        "  change the quota of mentor 'wang' from 2 to 3",
        "  give up the pin of student 's1' to offer 'stroke'",
        "  lift the ban of student 's1' and offer 'cohort'",
        "  let student 's2' and offer 'stroke' accept each other",
        "Nothing was written.",
    ]
    report = json.loads(json.dumps(infeasibility_json(DIAGNOSIS)))
    assert report["reasons"][0] == {"kind": "group_lower", "key": "clinic", "value": 3}
    assert report["repairs"][1]["changes"][2] == {
        "kind": "ban",
        "key": ["s1", "cohort"],
        "before": "conflict",
        "after": None,
    }


def test_a_result_whose_time_was_up_says_what_is_known_of_it() -> None:
    tolerated = [["s1", "a", "offer_full", cause, "s1", "a", None] for cause in ("weight", "pin")]
    certificate = {"evidence": {"unmatched": 1, "tolerated": tolerated}}
    report = {
        "status": "feasible",
        "bound": 9,
        "size": 8,
        "rank_profile": [1, 1, 1, 1, 1, 0, 2, 1],
        "input_sha256": "f00",
    }

    assert summary(certificate, report, Path("out")).splitlines()[:4] == [
        "The best found before the time was up; no result of this kind places more than 9."
        " 8 of 9 students have a place, 1 have none.",
        "Their choices: 1 at rank 1, 1 at rank 2, 1 at rank 3, 1 at rank 4, 1 at rank 5,"
        " 3 further down.",
        "Pairs kept apart only by a pin or a ban: 1.",
        "Pairs that would rather have each other, apart for weights: 1.",
    ]


def test_the_sentence_on_a_place_leaves_out_groups_that_had_no_part() -> None:
    unlisted = Sufficient("wang", 4, None, shared=False)

    assert sufficient_sentence(unlisted) == (
        "On the list of mentor 'wang' place 4 would have been enough; the student was not on it."
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason("assigned"), "Student 's' has offer 'o'."),
        (Reason("conflict", detail="kin"), "there is a conflict of interest: kin."),
        (Reason("policy"), "a rule forbids it."),
        (Reason("holds_better"), "the student has a choice at least as good."),
        (Reason("pinned_elsewhere", detail="minutes 7"), "placed before the run: minutes 7."),
        (Reason("not_accepted"), "mentor 'm' did not list the student."),
        (Reason("no_places"), "there are no places."),
        (Reason("pinned_places", 2), "2 places were assigned before the run."),
        (Reason("preferred_others", 1), "1 place went to students whom mentor 'm' preferred."),
        (Reason("group_cap", 4, "g", "group"), "the 4 places of group 'g' went to applications"),
        (Reason("lottery", 1), "ranked 1 holder of a place equal, and the lottery decided."),
        (Reason("tie", 2), "2 holders of a place equal, and the tie was decided so that more"),
        (Reason("lower_quota"), "the pair is kept apart so that minimum quotas are met."),
        (Reason("lower_quota", 3, "g", "group"), "the minimum of 3 of group 'g' must be met."),
    ],
)
def test_every_reason_is_a_sentence(reason: Reason, words: str) -> None:
    problem = MatchingProblem({"s": ["o"]}, {"o": Offer("m", 1)}, {"m": Mentor(1, ["s"])})

    sentence = reason_sentence(problem, "s", "o", reason)

    assert words in sentence
    assert sentence.startswith("Student 's' ")
