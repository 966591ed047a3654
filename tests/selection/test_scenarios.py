"""What-ifs: edits of a copy, what they cost, and that the round never hears of them."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.core import serializers
from django.db.models import Model

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.decisions.models import Run, Snapshot
from cotutelle.engines import matching
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.services import run_now
from cotutelle.mentorship.models import QuotaAccount
from cotutelle.people.enums import Role
from cotutelle.selection import services
from cotutelle.selection.enums import RoundState, ScenarioState
from cotutelle.selection.models import (
    Answer,
    AnswerLine,
    Offer,
    Participant,
    Placement,
    Preference,
    Round,
    Scenario,
)
from cotutelle.selection.queries.scenario_edits import UnknownEdit, add_edit, apply_edits
from cotutelle.selection.queries.scenarios import base_of, bases_for, scenarios_visible_to
from cotutelle.selection.services import scenario_computing, scenarios
from tests.factories.people import make_person
from tests.factories.selection import make_answer, make_list, make_offer, make_officer
from tests.selection.markets import closed_round
from tests.selection.test_pages_officer import hold, make_market, run_market

pytestmark = pytest.mark.django_db


@pytest.fixture
def market() -> Round:
    return make_market()


@pytest.fixture
def officer(market: Round) -> Any:
    return make_officer(market)


def _begin(round_: Round, officer: Any, name: str = "Try", base: Run | None = None) -> Scenario:
    return scenarios.create_scenario(round_, name=name, base=base, actor=officer)


def _compute(scenario: Scenario, officer: Any) -> Scenario:
    job = run_now(scenarios.start_computing(scenario, actor=officer))
    assert job.state == JobState.DONE, job.error
    scenario.refresh_from_db()
    return scenario


def _students(round_: Round) -> list[str]:
    return [str(p.public_id) for p in round_.participants.order_by("pk")]


def _offers(round_: Round) -> list[str]:
    return [str(o.public_id) for o in round_.offers.order_by("pk")]


def _mentors(round_: Round) -> list[str]:
    return [str(a.public_id) for a in round_.answers.order_by("pk")]


# ---------------------------------------------------------------- edits, without a database


STUDENTS = {"s1": ["a", "b"], "s2": ["a"], "s3": ["b", "a"]}


def _plain(**more: Any) -> matching.MatchingProblem:
    return matching.MatchingProblem(
        student_preferences=STUDENTS,
        offers={"a": matching.Offer("m", 1), "b": matching.Offer("n", 1)},
        mentors={
            "m": matching.Mentor(1, [["s2"], ["s1", "s3"]]),
            "n": matching.Mentor(1, [["s1"], ["s3"]]),
        },
        seed="7",
        **more,
    )


def _given(*edits: dict[str, Any], **more: Any) -> dict[str, str]:
    return dict(matching.match_students(apply_edits(_plain(**more), edits)).offer_of)


def test_each_edit_changes_what_it_names() -> None:
    assert _given() == {"s1": "b", "s2": "a"}
    assert _given({"kind": "list", "student": "s2", "offers": []}) in (
        {"s1": "a", "s3": "b"},
        {"s1": "b", "s3": "a"},
    )
    assert _given({"kind": "answer", "mentor": "n", "tiers": [["s3"]]}) == {"s2": "a", "s3": "b"}
    wide = {"kind": "places", "level": "mentor", "key": "n", "most": 2, "least": 0}
    both = {"kind": "places", "level": "offer", "key": "b", "most": 2, "least": 0}
    assert _given(wide, both) == {"s1": "b", "s2": "a", "s3": "b"}
    assert _given({"kind": "pin", "student": "s3", "offer": "b"}) == {"s2": "a", "s3": "b"}
    assert _given({"kind": "ban", "student": "s1", "mentor": "n"}) == {"s2": "a", "s3": "b"}
    assert _given({"kind": "leave", "student": "s1"}) == {"s2": "a", "s3": "b"}
    assert _given({"kind": "accept", "student": "s2", "offer": "b"}) == {"s1": "b", "s2": "a"}


def test_what_was_pinned_banned_or_gone_can_be_taken_back() -> None:
    pins = {"s3": matching.Pin("b")}
    assert _given({"kind": "unpin", "student": "s3"}, pins=pins) == {"s1": "b", "s2": "a"}
    bans = {("s1", "b"): matching.Ban("conflict")}
    assert _given(bans=bans) == {"s2": "a", "s3": "b"}
    undo = {"kind": "unban", "student": "s1", "mentor": "n"}
    assert _given(undo, bans=bans) == {"s1": "b", "s2": "a"}
    back = {"kind": "join", "student": "s9", "offers": ["b", "a"]}
    leave = {"kind": "leave", "student": "s2"}
    problem = apply_edits(_plain(), [leave, back])
    assert [list(t) for t in problem.mentors["n"].preferences][-1] == ["s9"]
    assert "s2" not in problem.student_preferences
    assert matching.match_students(problem).offer_of.get("s9") is None


def test_the_market_before_is_left_as_it_is() -> None:
    problem = _plain()
    before = matching.input_sha256(problem)
    apply_edits(problem, [{"kind": "leave", "student": "s1"}])
    assert matching.input_sha256(problem) == before


@pytest.mark.parametrize(
    "edit",
    [
        {"kind": "list", "student": "nobody", "offers": []},
        {"kind": "list", "student": "s1", "offers": ["nowhere"]},
        {"kind": "places", "level": "world", "key": "a", "most": 1, "least": 0},
        {"kind": "places", "level": "group", "key": "g", "most": 1, "least": 0},
        {"kind": "join", "student": "s1", "offers": []},
        {"kind": "fire"},
        {"kind": "pin", "student": "s1"},
    ],
)
def test_an_edit_of_nothing_is_refused(edit: dict[str, Any]) -> None:
    with pytest.raises(UnknownEdit):
        apply_edits(_plain(), [edit])


def test_edits_that_contradict_each_other_make_no_market() -> None:
    ban = {"kind": "ban", "student": "s1", "mentor": "m"}
    with pytest.raises(matching.InvalidProblem):
        apply_edits(_plain(), [ban, {"kind": "pin", "student": "s1", "offer": "a"}])


def test_a_later_edit_replaces_and_its_opposite_cancels() -> None:
    first = {"kind": "pin", "student": "s1", "offer": "a"}
    second = {"kind": "pin", "student": "s1", "offer": "b"}
    other = {"kind": "pin", "student": "s2", "offer": "a"}
    assert add_edit(add_edit([first], second), other) == [second, other]
    assert add_edit([second, other], {"kind": "unpin", "student": "s1"}) == [other]
    assert add_edit([], {"kind": "unpin", "student": "s1"}) == [{"kind": "unpin", "student": "s1"}]


# ---------------------------------------------------------------- the room


def _digest(*models: type[Model]) -> str:
    """Everything that the rows of these models hold."""
    text = "".join(serializers.serialize("json", m._default_manager.order_by("pk")) for m in models)
    return hashlib.sha256(text.encode()).hexdigest()


OFFICIAL = (Round, Offer, Participant, Preference, Answer, AnswerLine, Placement, Run, Snapshot)


def test_a_whole_what_if_leaves_the_round_as_it_was(market: Round, officer: Any) -> None:
    run_market(officer, market)
    before = _digest(*OFFICIAL, QuotaAccount)
    scenario = _begin(market, officer, base=market.official_run)
    s, o, m = _students(market), _offers(market), _mentors(market)
    for edit in (
        {"kind": "list", "student": s[0], "offers": [o[1]]},
        {"kind": "answer", "mentor": m[0], "tiers": [[s[2]], [s[1]]]},
        {"kind": "places", "level": "mentor", "key": m[1], "most": 0, "least": 0},
        {"kind": "pin", "student": s[2], "offer": o[0]},
        {"kind": "leave", "student": s[1]},
    ):
        scenarios.change_scenario(scenario, edit, actor=officer)
    scenarios.set_rules(scenario, {"algorithm": "promotion"}, actor=officer)
    _compute(scenario, officer)
    assert scenario.state == ScenarioState.DONE
    copy = scenarios.copy_scenario(scenario, name="Another", actor=officer)
    scenarios.remove_scenario(scenario, actor=officer)
    assert (copy.edits, copy.rules, copy.result) == (scenario.edits, scenario.rules, None)
    assert _digest(*OFFICIAL, QuotaAccount) == before


def test_who_moved_from_where_to_where_and_why(market: Round, officer: Any) -> None:
    s, o, m = _students(market), _offers(market), _mentors(market)
    scenario = _begin(market, officer)
    scenarios.change_scenario(
        scenario,
        {"kind": "answer", "mentor": m[0], "tiers": [[s[2]], [s[0]]]},
        actor=officer,
    )
    result = _compute(scenario, officer).result
    assert (result["before"]["size"], result["now"]["size"]) == (2, 2)
    moved = {one["student"]: one for one in result["moved"]}
    assert {k: (v["before"], v["after"]) for k, v in moved.items()} == {
        s[0]: (o[0], o[1]),
        s[1]: (o[1], None),
        s[2]: (None, o[0]),
    }
    assert {k: (v["move"], v["cause"]) for k, v in moved.items()} == {
        s[0]: ("worse", "answer"),
        s[1]: ("lost", "chain"),
        s[2]: ("gained", "answer"),
    }
    assert (result["before"]["profile"], result["now"]["profile"]) == ([1, 1], [1, 1])


def test_the_cost_of_one_assignment_is_the_same_market_without_it() -> None:
    round_ = closed_round()
    offers = [hold(make_offer(round_)) for _n in range(2)]
    parts = [make_list(round_, offers[:1]), make_list(round_, offers)]
    for offer in offers:
        make_answer(round_, offer, [[p] for p in parts])
    officer = make_officer(round_)
    scenario = _begin(round_, officer)
    first, second = (str(p.public_id) for p in parts)
    scenarios.change_scenario(
        scenario, {"kind": "pin", "student": second, "offer": str(offers[0].public_id)},
        actor=officer,
    )  # fmt: skip
    (cost,) = _compute(scenario, officer).result["pins"]
    assert (cost["student"], cost["size"], cost["gain"], cost["lose"]) == (second, 1, 1, 0)
    assert cost["gainers"] == [first]
    assert (cost["own"], cost["profile"]) == (str(offers[1].public_id), [1, 1])


def test_before_the_seed_is_published_the_lottery_differs_from_the_real_one(
    officer: Any,
) -> None:
    round_ = make_market(RoundState.ANSWERING)
    Round.objects.filter(pk=round_.pk).update(seed_commitment="c0ffee", seed_published_at=None)
    round_.refresh_from_db()
    scenario = _begin(round_, make_officer(round_))
    assert base_of(scenario).problem.seed == "trial:c0ffee"
    assert round_.seed not in str(scenario.result)
    published = make_market()
    assert base_of(_begin(published, make_officer(published))).problem.seed == published.seed


def test_ties_by_score_are_read_again_from_the_answers() -> None:
    round_ = closed_round()
    offer = hold(make_offer(round_))
    tied = [make_list(round_, [offer], admission_score=score) for score in (380, 400)]
    make_answer(round_, offer, [tied])
    officer = make_officer(round_)
    run = services.run_round(round_, actor=officer)
    round_.refresh_from_db()
    scenario = _begin(round_, officer, base=run)
    scenarios.set_rules(scenario, {"ties_by_score": False}, actor=officer)
    result = _compute(scenario, officer).result
    keys = [str(p.public_id) for p in tied]
    lucky = matching.lottery_order(round_.seed, keys)[0]
    expected = [] if lucky == keys[1] else sorted(keys)
    assert sorted(one["student"] for one in result["moved"]) == expected
    assert result["kept_answers"] == 0
    assert scenario.rules == {"ties_by_score": False}


def test_last_year_is_replayed_under_another_rule(market: Round, officer: Any) -> None:
    run = run_market(officer, market)
    Round.objects.filter(pk=market.pk).update(state=RoundState.CONFIRMED)
    this_year = make_market(RoundState.ANSWERING)
    boss = make_person(Role.GRADUATE_OFFICER, unit=market.unit)
    Round.objects.filter(pk=this_year.pk).update(unit=market.unit)
    this_year.refresh_from_db()
    assert [b for b, _r in bases_for(this_year, boss)] == [None, run]
    scenario = _begin(this_year, boss, base=run)
    scenarios.set_rules(scenario, {"algorithm": "promotion"}, actor=boss)
    result = _compute(scenario, boss).result
    assert (result["before"]["size"], result["now"]["size"]) == (2, 2)
    assert set(_students(market)) >= {one["student"] for one in result["moved"]}


def test_a_market_that_cannot_be_says_what_contradicts(market: Round, officer: Any) -> None:
    scenario = _begin(market, officer)
    s, o, m = _students(market), _offers(market), _mentors(market)
    scenarios.change_scenario(
        scenario, {"kind": "ban", "student": s[0], "mentor": m[0]}, actor=officer
    )
    with pytest.raises(RuleViolation) as refused:
        scenarios.change_scenario(
            scenario, {"kind": "pin", "student": s[0], "offer": o[0]}, actor=officer
        )
    assert refused.value.code == "scenario.edit"
    scenario.refresh_from_db()
    assert [one["kind"] for one in scenario.edits] == ["ban"]


def test_the_last_edit_of_a_running_what_if_waits(market: Round, officer: Any) -> None:
    scenario = _begin(market, officer)
    job = scenarios.start_computing(scenario, actor=officer)
    edit = {"kind": "leave", "student": _students(market)[0]}
    with pytest.raises(RuleViolation) as refused:
        scenarios.change_scenario(scenario, edit, actor=officer)
    assert refused.value.code == "scenario.running"
    job.state = JobState.STOPPED
    job.save()
    assert scenarios.change_scenario(scenario, edit, actor=officer).state == ScenarioState.DRAFT


def test_a_stopped_computation_leaves_a_draft(market: Round, officer: Any) -> None:
    scenario = _begin(market, officer)
    s, o = _students(market), _offers(market)
    scenarios.change_scenario(
        scenario, {"kind": "pin", "student": s[0], "offer": o[0]}, actor=officer
    )
    scenarios.start_computing(scenario, actor=officer)
    made = scenario_computing.compute_scenario(scenario, actor=officer, should_stop=lambda: True)
    assert (made.state, made.result) == (ScenarioState.DRAFT, None)


def test_names_are_given_once_and_bases_are_offered_ones(market: Round, officer: Any) -> None:
    _begin(market, officer, "One")
    with pytest.raises(RuleViolation) as refused:
        _begin(market, officer, "One ")
    assert refused.value.code == "scenario.name"
    stranger = make_market()
    foreign = run_market(make_officer(stranger), stranger)
    with pytest.raises(RuleViolation) as refused:
        _begin(market, officer, "Two", base=foreign)
    assert refused.value.code == "scenario.base"


@pytest.mark.parametrize("role", [Role.LEADER, Role.DEPARTMENT_SECRETARY, Role.STUDENT])
def test_only_the_holding_graduate_school_writes_what_ifs(
    role: Role, market: Round, officer: Any
) -> None:
    scenario = _begin(market, officer)
    actor = make_person(role, unit=market.unit)
    with pytest.raises(Refused):
        _begin(market, actor, "Mine")
    with pytest.raises(Refused):
        scenarios.undo_edit(scenario, 0, actor=actor)
    with pytest.raises(Refused):
        scenarios.start_computing(scenario, actor=actor)
    assert scenarios_visible_to(actor).exists() == (role == Role.LEADER)
    assert not scenarios_visible_to(make_person(Role.GRADUATE_OFFICER)).exists()


def test_a_repair_about_a_limit_that_is_gone_is_refused(market: Round, officer: Any) -> None:
    scenario = _begin(market, officer)
    gone = {"kind": "group_lower", "key": str(market.public_id), "before": 2, "after": 1}
    ban = {"kind": "ban", "key": ["x", "y"], "before": "conflict", "after": None}
    for change in (gone, ban):
        scenario.result = {"infeasible": {"repairs": [{"cost": 1, "changes": [change]}]}}
        scenario.save()
        with pytest.raises(RuleViolation) as refused:
            scenarios.apply_repair(scenario, 0, actor=officer)
        assert refused.value.code == "scenario.edit"


def test_lists_of_what_ifs_and_bases_leave_the_large_parts_of_runs_aside(
    market: Round, officer: Any
) -> None:
    run_market(officer, market)
    other = make_market()
    run_market(make_officer(other), other)
    Round.objects.filter(pk=other.pk).update(state=RoundState.CONFIRMED, unit=market.unit)
    large = {"certificate", "result", "verdict"}
    for run, round_ in bases_for(market, officer):
        if run is not None and round_ != market:
            assert large <= run.get_deferred_fields()
    _begin(market, officer, base=market.official_run)
    assert large <= scenarios_visible_to(officer).get().base.get_deferred_fields()
