"""Runs: what goes into the engine, what comes out, and that a crash leaves nothing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.decisions.enums import RunState
from cotutelle.decisions.models import Run
from cotutelle.engines import matching
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.services import run_now
from cotutelle.ledger.models import Entry
from cotutelle.mentorship.models import Eligibility, QuotaAccount
from cotutelle.mentorship.services import quota
from cotutelle.people.enums import Role
from cotutelle.selection import queries, services
from cotutelle.selection.enums import PlacementState, RoundState
from cotutelle.selection.models import Answer, Offer, Participant, Placement, Round
from cotutelle.selection.services import runs
from tests.factories.mentorship import ConflictFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_answer, make_list, make_offer, make_officer, make_round
from tests.selection.bursts import burst
from tests.selection.markets import closed_round

pytestmark = pytest.mark.django_db


def _hold(round_: Round) -> None:
    """Hold the places of every answer, as opening the offers would have done."""
    QuotaAccount.objects.update(held=0)
    for answer in round_.answers.all():
        for mentor in answer.supervisors:
            quota.hold_for_round(
                mentor, 2026, answer.places, reference=answer.reference, actor=None
            )


def _placed(round_: Round) -> dict[int, int]:
    return dict(round_.placements.values_list("participant_id", "offer_id"))


def test_equal_ranks_go_by_score_and_equal_scores_by_the_published_lottery() -> None:
    round_ = closed_round()
    offer = make_offer(round_, make_mentor(2, unit=round_.unit), places=2)
    top = make_list(round_, [offer], admission_score=400)
    tied = [make_list(round_, [offer], admission_score=390) for _n in range(4)]
    make_answer(round_, offer, [[*tied, top]])
    _hold(round_)
    services.run_round(round_, actor=make_officer(round_))
    lucky = matching.lottery_order(round_.seed, [str(p.public_id) for p in tied])[0]
    assert {str(p.participant.public_id) for p in round_.placements.all()} == {
        str(top.public_id),
        lucky,
    }


@pytest.mark.parametrize(("ties_by_score", "groups"), [(True, 2), (False, 1)])
def test_ties_by_score_is_a_rule_of_the_round(ties_by_score: bool, groups: int) -> None:
    round_ = closed_round(ties_by_score=ties_by_score)
    offer = make_offer(round_)
    parts = [make_list(round_, [offer], admission_score=score) for score in (390, 400)]
    make_answer(round_, offer, [parts])
    market = queries.build_problem(round_, seed="s")
    (mentor,) = market.problem.mentors.values()
    assert len(mentor.preferences) == groups


def test_screening_orders_the_accepted_by_score_then_the_reserve_and_leaves_out_the_rest() -> None:
    round_ = closed_round(mentor_answer="screen")
    offer = make_offer(round_)
    parts = {
        verdict: make_list(round_, [offer], admission_score=score)
        for verdict, score in (
            ("accept", 350), ("reserve", 400), ("decline", 390), ("undecided", 380)
        )
    }  # fmt: skip
    better = make_list(round_, [offer], admission_score=360)
    answer = make_answer(round_, offer, [])
    for verdict, part in parts.items():
        answer.lines.create(participant=part, verdict=verdict, tier=1)
    answer.lines.create(participant=better, verdict="accept", tier=9)
    market = queries.build_problem(round_, seed="s")
    (mentor,) = market.problem.mentors.values()
    assert matching.listed_ids(mentor.preferences) == [
        str(p.public_id) for p in (better, parts["accept"], parts["reserve"])
    ]


@pytest.mark.parametrize(("silent", "placed"), [("accept_by_score", 1), ("release", 0)])
def test_a_silent_mentor_follows_the_announced_rule(silent: str, placed: int) -> None:
    round_ = closed_round(silent_mentor=silent)
    offer = make_offer(round_)
    make_list(round_, [offer], admission_score=300)
    top = make_list(round_, [offer], admission_score=400)
    _hold(round_)
    run = services.run_round(round_, actor=make_officer(round_))
    assert run.result["silent"] == [str(Answer.objects.get().public_id)]
    assert _placed(round_) == ({top.pk: offer.pk} if placed else {})


@pytest.mark.parametrize("score", [None, 0])
def test_conflicts_are_never_matched_though_every_score_is_nothing(score: int | None) -> None:
    round_ = closed_round()
    offer = make_offer(round_)
    friend = make_list(round_, [offer], admission_score=score)
    other = make_list(round_, [offer], admission_score=score)
    ConflictFactory.create(mentor=offer.mentor, student=friend.student)
    _hold(round_)
    run = services.run_round(round_, actor=make_officer(round_))
    assert _placed(round_) == {other.pk: offer.pk}
    why = queries.why_for_student(friend, offer, actor=make_officer(round_), run=run)
    assert why.code == "conflict"


def test_identical_lists_fill_every_place() -> None:
    round_ = closed_round()
    offers = [make_offer(round_) for _n in range(3)]
    for _n in range(5):
        make_list(round_, offers, admission_score=None)
    _hold(round_)
    run = services.run_round(round_, actor=make_officer(round_))
    assert (run.result["placed"], run.result["rank_profile"]) == (3, [1, 1, 1])


def test_offers_of_a_mentor_share_her_places_and_a_suspended_one_has_none() -> None:
    round_ = closed_round()
    mentor = make_mentor(1, unit=round_.unit)
    a, b = make_offer(round_, mentor), make_offer(round_, mentor)
    make_list(round_, [a])
    make_list(round_, [b])
    _hold(round_)
    officer = make_officer(round_)
    assert services.run_round(round_, actor=officer).result["placed"] == 1
    Eligibility.objects.update(state="suspended")
    assert services.run_round(round_, actor=officer).result["placed"] == 0


def test_a_certificate_carries_no_name_no_score_and_verifies() -> None:
    round_ = closed_round()
    offer = make_offer(round_)
    part = make_list(round_, [offer], admission_score="387.125")
    _hold(round_)
    run = services.run_round(round_, actor=make_officer(round_))
    text = str(run.certificate)
    person, mentor = part.student.person, offer.mentor.person
    for secret in (person.name_zh, person.number, mentor.name_zh, "387.125"):
        assert secret not in text
    assert services.verify_json(run.certificate)["ok"] is True
    run.certificate["result"] = {}
    assert services.verify_json(run.certificate)["ok"] is False


def test_a_second_run_supersedes_the_first_and_takes_over_its_placements() -> None:
    round_ = closed_round()
    offer, other = make_offer(round_), make_offer(round_)
    part = make_list(round_, [offer, other])
    _hold(round_)
    officer = make_officer(round_)
    first = services.run_round(round_, actor=officer)
    Answer.objects.filter(mentor=offer.mentor).update(places=0)
    second = services.run_round(round_, actor=officer)
    first.refresh_from_db()
    assert (first.state, second.state) == (RunState.SUPERSEDED, RunState.VERIFIED)
    assert _placed(round_) == {part.pk: other.pk}
    compared = queries.compare_runs(first, second)
    (moved,) = compared.moved
    assert (moved.before, moved.after, moved.cause) == (offer, other, "places")
    assert (len(compared.newly_placed), len(compared.newly_unplaced), compared.unchanged) == (
        0,
        0,
        0,
    )


def test_a_trial_changes_nothing_and_keeps_the_seed_to_itself() -> None:
    round_ = make_round(RoundState.ANSWERING)
    Round.objects.update(seed_commitment="c0ffee")
    round_.refresh_from_db()
    make_list(round_, [make_offer(round_)])
    _hold(round_)
    run = services.run_round(round_, actor=make_officer(round_), trial=True)
    round_.refresh_from_db()
    assert (round_.state, round_.official_run, Placement.objects.count()) == ("answering", None, 0)
    assert round_.seed not in str(run.certificate)
    with pytest.raises(RuleViolation) as refused:
        services.run_round(round_, actor=make_officer(round_))
    assert refused.value.code == "round.state"


@pytest.mark.parametrize("state", sorted(RoundState))
def test_runs_are_made_from_closed_lists_alone(state: RoundState) -> None:
    round_ = closed_round()
    make_list(round_, [make_offer(round_)])
    _hold(round_)
    Round.objects.update(state=state)
    officer = make_officer(round_)
    if state in {RoundState.CLOSED, RoundState.MATCHED}:
        assert services.run_round(round_, actor=officer).number == 1
        return
    with pytest.raises(RuleViolation) as refused:
        services.run_round(round_, actor=officer)
    assert refused.value.code == "round.state"


def test_a_run_waits_for_the_published_seed() -> None:
    round_ = closed_round()
    Round.objects.update(seed_published_at=None)
    with pytest.raises(RuleViolation) as refused:
        services.run_round(round_, actor=make_officer(round_))
    assert refused.value.code == "run.seed"


def test_only_the_holding_graduate_school_runs() -> None:
    round_ = closed_round()
    for actor in (
        make_person(Role.GRADUATE_OFFICER),
        make_person(Role.DEPARTMENT_SECRETARY, unit=round_.unit),
        make_person(Role.LEADER, unit=round_.unit),
    ):
        with pytest.raises(Refused):
            services.run_round(round_, actor=actor)


def test_the_job_runs_the_round_and_says_what_came_out() -> None:
    round_ = closed_round()
    make_list(round_, [make_offer(round_)])
    _hold(round_)
    job = run_now(services.start_run(round_, actor=make_officer(round_)))
    assert (job.state, job.result["placed"]) == (JobState.DONE, 1)


def test_a_crash_in_the_middle_of_a_run_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    round_ = closed_round()
    make_list(round_, [make_offer(round_)])
    _hold(round_)
    entries = Entry.objects.count()

    def crash(*_args: object, **_values: object) -> None:
        assert Placement.objects.count() == 1
        raise ConnectionError("the worker is gone")

    monkeypatch.setattr(runs, "record", crash)
    with pytest.raises(ConnectionError):
        services.run_round(round_, actor=make_officer(round_))
    round_.refresh_from_db()
    assert (round_.state, round_.official_run) == (RoundState.CLOSED, None)
    assert (Run.objects.count(), Placement.objects.count()) == (0, 0)
    assert not Entry.objects.filter(action__startswith="decisions.").exists()
    assert Entry.objects.count() >= entries


@pytest.mark.django_db(transaction=True)
def test_eight_sessions_running_at_once_leave_one_result() -> None:
    round_ = closed_round()
    make_list(round_, [make_offer(round_)])
    _hold(round_)
    officer = make_officer(round_)

    def press(_n: int) -> None:
        services.run_round(Round.objects.get(pk=round_.pk), actor=officer)

    assert burst(press, 8) == [""] * 8
    assert Placement.objects.filter(state=PlacementState.PROPOSED).count() == 1
    states = list(Run.objects.values_list("state", flat=True))
    assert (states.count("verified"), states.count("superseded")) == (1, 7)


def _size(students: int, offers: int) -> Round:
    round_ = closed_round()
    made = [make_offer(round_) for _n in range(offers)]
    for _n in range(students):
        make_list(round_, made)
    return Round.objects.select_related("policy").get(pk=round_.pk)


def test_the_market_is_read_in_as_many_queries_however_large() -> None:
    counts = []
    for students, offers in ((1, 1), (9, 6)):
        round_ = _size(students, offers)
        with CaptureQueriesContext(connection) as queries_made:
            market = queries.build_problem(round_, seed="s")
        assert len(market.problem.student_preferences) == students
        counts.append(len(queries_made))
    assert counts == [11, 11]
    assert Participant.objects.count() == 10
    assert Offer.objects.count() == 7


@pytest.mark.parametrize("trial", [False, True])
def test_the_round_is_held_only_once_the_result_is_found(trial: bool) -> None:
    round_ = _size(2, 2)
    officer = make_officer(round_)
    with CaptureQueriesContext(connection) as made:
        services.run_round(round_, actor=officer, trial=trial)
    sql = [query["sql"] for query in made.captured_queries]
    held = next(
        n for n, text in enumerate(sql) if "FOR UPDATE" in text and '"selection_round"' in text
    )
    lists = [n for n, text in enumerate(sql) if 'FROM "selection_preference"' in text]
    assert lists[0] < held < lists[-1]


def test_a_result_of_other_lists_than_those_of_now_is_refused() -> None:
    round_ = _size(2, 2)
    market = runs.market_of(round_, seed=round_.seed)
    runs.hold_unchanged(round_, market)
    round_.participants.first().preferences.first().delete()
    with pytest.raises(RuleViolation) as refused:
        runs.hold_unchanged(round_, market)
    assert refused.value.code == "run.changed"
