"""Matching again after somebody left: the fewest move, and the run is kept like any other."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.decisions.enums import RunState
from cotutelle.decisions.models import Run
from cotutelle.engines import matching
from cotutelle.jobs.services import run_now
from cotutelle.mentorship.models import Eligibility
from cotutelle.people.enums import Role
from cotutelle.selection import services
from cotutelle.selection.enums import ParticipantState, PlacementState, RoundState
from cotutelle.selection.models import Answer, Offer, Round
from cotutelle.selection.services import rerun
from cotutelle.selection.views.review_proof import moved_says
from tests.factories.mentorship import make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_answer, make_list, make_offer, make_officer
from tests.selection.markets import closed_round, hold_places
from tests.selection.test_pages_officer import hold

pytestmark = pytest.mark.django_db


def _market() -> tuple[Round, list[Any], list[Any], Any]:
    """Two mentors with one place, ties everywhere: many stable results, the lottery picks one."""
    round_ = closed_round(ties_by_score=False, uses_scores=False)
    offers = [hold(make_offer(round_)) for _n in range(3)]
    parts = [make_list(round_, offers) for _n in range(4)]
    for offer in offers:
        make_answer(round_, offer, [parts])
    officer = make_officer(round_)
    services.run_round(round_, actor=officer)
    round_.refresh_from_db()
    return round_, parts, offers, officer


def _held(round_: Round) -> dict[str, str]:
    rows = round_.placements.filter(state=PlacementState.PROPOSED)
    return {
        str(s): str(o) for s, o in rows.values_list("participant__public_id", "offer__public_id")
    }


def _fewest_moves(problem: matching.MatchingProblem, given: dict[str, str]) -> int:
    """Try every assignment that the verifier lets pass as a stable one."""
    students = sorted(problem.student_preferences)
    best = len(students) + 1
    for choice in product([None, *problem.offers], repeat=len(students)):
        result = {s: o for s, o in zip(students, choice, strict=True) if o is not None}
        if matching.verify_matching(problem, result, algorithm="exact").ok:
            best = min(best, sum(given.get(s) != result.get(s) for s in students))
    return best


def test_as_few_as_possible_move_after_a_student_left() -> None:
    round_, parts, _offers, officer = _market()
    before = _held(round_)
    leaving = next(p for p in parts if str(p.public_id) in before)
    rerun.withdraw_under_review(leaving, reason="放弃录取", actor=officer)
    assert rerun.gone_since(round_).students == 1
    run = rerun.rerun_round(round_, actor=officer)
    round_.refresh_from_db()
    problem = rerun.market_of(round_, seed=round_.seed).problem
    kept = {s: o for s, o in before.items() if s != str(leaving.public_id)}
    assert run.result["moved"] == _fewest_moves(problem, before) == 1
    assert run.result["moved_fresh"] >= run.result["moved"]
    assert kept.items() <= _held(round_).items()
    assert len(_held(round_)) == 3
    with override("en"):
        said = moved_says(run)
    assert said.startswith("1 student moved since run 1. A fresh run would move ")
    assert moved_says(Run.objects.get(number=1)) == ""
    assert services.verify_json(run.certificate)["ok"] is True


def test_the_run_is_kept_and_the_earlier_one_superseded() -> None:
    round_, parts, _offers, officer = _market()
    first = round_.official_run
    rerun.withdraw_under_review(parts[0], reason="放弃录取", actor=officer)
    job = run_now(rerun.start_rerun(round_, actor=officer))
    round_.refresh_from_db()
    first.refresh_from_db()
    assert (job.result["number"], round_.official_run.number) == (2, 2)
    assert (first.state, round_.official_run.state) == (RunState.SUPERSEDED, RunState.VERIFIED)
    assert round_.official_run.result["keeps"] == 1
    assert round_.state == RoundState.MATCHED


def test_a_suspended_mentor_loses_the_students_and_others_stay() -> None:
    round_, _parts, offers, officer = _market()
    before = _held(round_)
    Eligibility.objects.filter(mentor=offers[0].mentor).update(state="suspended")
    assert rerun.gone_since(round_).places == 1
    rerun.rerun_round(round_, actor=officer)
    after = _held(round_)
    lost = str(offers[0].public_id)
    assert {s: o for s, o in before.items() if o != lost} == after


def test_who_leaves_is_out_of_the_round_and_the_place_is_vacant() -> None:
    round_, parts, _offers, officer = _market()
    held = _held(round_)
    leaving = next(p for p in parts if str(p.public_id) in held)
    rerun.withdraw_under_review(leaving, reason="放弃录取", actor=officer)
    leaving.refresh_from_db()
    assert leaving.state == ParticipantState.WITHDRAWN
    assert leaving.placements.get().state == PlacementState.VACATED
    with pytest.raises(RuleViolation) as refused:
        rerun.withdraw_under_review(leaving, reason="again", actor=officer)
    assert refused.value.code == "participant.stale"


@pytest.mark.parametrize("state", sorted(set(RoundState) - {RoundState.MATCHED}))
def test_only_a_result_under_review_is_matched_again(state: RoundState) -> None:
    round_, parts, _offers, officer = _market()
    Round.objects.update(state=state)
    round_.refresh_from_db()
    for act in (
        lambda: rerun.rerun_round(round_, actor=officer),
        lambda: rerun.withdraw_under_review(parts[0], reason="x", actor=officer),
    ):
        with pytest.raises(RuleViolation) as refused:
            act()
        assert refused.value.code == "round.state"


def test_only_the_holding_graduate_school_matches_again() -> None:
    round_, parts, _offers, _officer = _market()
    for actor in (
        make_person(Role.GRADUATE_OFFICER),
        make_person(Role.LEADER, unit=round_.unit),
        make_person(Role.DEPARTMENT_SECRETARY, unit=round_.unit),
    ):
        with pytest.raises(Refused):
            rerun.start_rerun(round_, actor=actor)
        with pytest.raises(Refused):
            rerun.withdraw_under_review(parts[0], reason="x", actor=actor)


def test_the_round_is_held_only_once_the_result_is_found() -> None:
    round_, _parts, _offers, officer = _market()
    with CaptureQueriesContext(connection) as made:
        rerun.rerun_round(round_, actor=officer)
    sql = [query["sql"] for query in made.captured_queries]
    held = next(
        n for n, text in enumerate(sql) if "FOR UPDATE" in text and '"selection_round"' in text
    )
    lists = [n for n, text in enumerate(sql) if 'FROM "selection_preference"' in text]
    assert lists[0] < held < lists[-1]


def test_weighty_students_without_enough_places_are_counted() -> None:
    round_ = closed_round(algorithm="exact")
    offer = make_offer(round_, make_mentor(5, unit=round_.unit), places=2)
    Offer.objects.update(weight=2)
    for _n in range(2):
        make_list(round_, [offer])
    Answer.objects.update(places=4)
    hold_places(round_)
    services.run_round(round_, actor=make_officer(round_))
    round_.refresh_from_db()
    assert rerun.gone_since(round_).places == 0
    Answer.objects.update(places=3)
    assert rerun.gone_since(round_).places == 1
