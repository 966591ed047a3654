"""Pages of the what-if room, of the run with few changes, of the figures and of satisfaction."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection.enums import RoundState, ScenarioState
from cotutelle.selection.models import Round, Satisfaction, Scenario
from cotutelle.selection.services import scenarios
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.selection import make_officer
from tests.selection.test_outcome_figures import _confirmed
from tests.selection.test_pages_officer import at, english, make_market, run_market, sign_in
from tests.ui.page_checks import find_faults

pytestmark = pytest.mark.django_db


@pytest.fixture
def market() -> Round:
    return make_market()


@pytest.fixture
def officer(market: Round) -> Person:
    return english(make_officer(market))


@pytest.fixture
def client(officer: Person) -> Client:
    return sign_in(officer)


@pytest.fixture
def scenario(market: Round, officer: Person) -> Scenario:
    return scenarios.create_scenario(market, name="Try", base=None, actor=officer)


def of(name: str, scenario: Scenario, *more: str) -> str:
    return reverse(f"selection:{name}", args=[scenario.public_id, *more])


def _computed(scenario: Scenario, client: Client) -> str:
    client.post(of("scenario-compute", scenario))
    run_now(Job.objects.filter(kind=scenarios.JOB).latest("pk"))
    scenario.refresh_from_db()
    return client.get(of("scenario", scenario)).content.decode()


def _keys(rows: Any) -> list[str]:
    return [str(row.public_id) for row in rows.order_by("pk")]


def test_an_officer_begins_changes_computes_and_takes_back(
    market: Round, officer: Person, client: Client
) -> None:
    page = client.get(at("scenarios", market)).content.decode()
    assert "No what-if yet" in page
    assert find_faults(page) == []
    answer = client.post(at("scenario-new", market), {"name": "One", "base": "now", "note": ""})
    one = Scenario.objects.get()
    assert answer["Location"] == of("scenario", one)

    student, offer = _keys(market.participants)[2], _keys(market.offers)[0]
    picking = client.get(of("scenario-edit", one, "pin")).content.decode()
    assert "Which student?" in picking
    assert find_faults(picking) == []
    second = client.get(of("scenario-edit", one, "pin"), {"student": student}).content.decode()
    assert "Which offer?" in second
    client.post(f"{of('scenario-edit', one, 'pin')}?student={student}&offer={offer}")
    html = _computed(one, client)

    assert "Student 2 is assigned to" in html
    assert (
        "2 instead of 2 students would have a place; 3 students would have another result" in html
    )
    assert "What each assignment costs" in html
    assert find_faults(html) == []
    for number in ("9" * 5000, "0"):
        client.post(of("scenario-undo", one), {"n": number})
    one.refresh_from_db()
    assert (one.edits, one.state, one.result) == ([], ScenarioState.DRAFT, None)


def test_a_list_is_numbered_anew_and_twice_the_same_number_is_refused(
    market: Round, client: Client, scenario: Scenario
) -> None:
    student, (first, second) = _keys(market.participants)[0], _keys(market.offers)
    url = f"{of('scenario-edit', scenario, 'list')}?student={student}"
    page = client.get(url).content.decode()
    assert 'name="place_0"' in page
    assert find_faults(page) == []
    refused = client.post(url, {"place_0": "1", "place_1": "1"}).content.decode()
    assert "This number is there twice." in refused
    client.post(url, {"place_0": "2", "place_1": "1"})
    scenario.refresh_from_db()
    assert scenario.edits == [{"kind": "list", "student": student, "offers": [second, first]}]
    html = client.get(of("scenario", scenario)).content.decode()
    assert "Student 0 chooses: 1. " in html


def test_an_answer_keeps_ties_and_leaves_out_the_empty_ones(
    market: Round, client: Client, scenario: Scenario
) -> None:
    mentor = _keys(market.answers)[0]
    url = f"{of('scenario-edit', scenario, 'answer')}?mentor={mentor}"
    client.post(url, {"place_0": "2", "place_1": "2", "place_2": ""})
    scenario.refresh_from_db()
    students = _keys(market.participants)
    assert scenario.edits == [{"kind": "answer", "mentor": mentor, "tiers": [students[:2]]}]


def test_places_of_a_mentor_change_and_a_least_above_the_most_is_refused(
    market: Round, client: Client, scenario: Scenario
) -> None:
    mentor = _keys(market.answers)[0]
    url = f"{of('scenario-edit', scenario, 'places')}?place=mentor.{mentor}"
    assert "The fewest cannot be above the most." in (
        client.post(url, {"most": "1", "least": "2"}).content.decode()
    )
    client.post(url, {"most": "3", "least": "0"})
    scenario.refresh_from_db()
    (edit,) = scenario.edits
    assert (edit["level"], edit["key"], edit["most"]) == ("mentor", mentor, 3)


def test_a_unit_without_a_limit_is_bounded_in_the_copy(
    market: Round, client: Client, scenario: Scenario
) -> None:
    """Both mentors sit in a department of a college: the limit of each bounds the copy."""
    college = UnitFactory.create(parent=market.unit, kind="college")
    below = UnitFactory.create(parent=college, kind="department")
    for answer in market.answers.all():
        answer.mentor.unit = below  # type: ignore[union-attr]
        answer.mentor.save()  # type: ignore[union-attr]
    for unit, most in ((below, 1), (college, 2)):
        url = f"{of('scenario-edit', scenario, 'cap')}?unit={unit.public_id}"
        assert find_faults(client.get(url).content.decode()) == []
        client.post(url, {"most": str(most), "least": "0"})
    scenario.refresh_from_db()
    inner, outer = scenario.edits
    assert (inner["parent"], inner["inside"], len(inner["mentors"])) == (None, [], 2)
    assert (outer["parent"], outer["inside"]) == (None, [str(below.public_id)])
    assert outer["mentors"] == []
    assert str(market.unit.public_id) not in client.get(
        of("scenario-edit", scenario, "cap")
    ).content.decode()  # fmt: skip
    html = _computed(scenario, client)
    assert "1 instead of 2 students would have a place" in html
    assert scenario.result is not None
    assert scenario.result["now"]["tolerated"].get("group_cap", 0) > 0


@pytest.mark.parametrize(
    ("kind", "steps"), [("ban", ("student", "mentor")), ("leave", ("student",))]
)
def test_a_change_of_one_button(
    kind: str, steps: tuple[str, ...], market: Round, client: Client, scenario: Scenario
) -> None:
    value = {"student": _keys(market.participants)[0], "mentor": _keys(market.answers)[0]}
    query = "&".join(f"{step}={value[step]}" for step in steps)
    url = f"{of('scenario-edit', scenario, kind)}?{query}"
    assert find_faults(client.get(url).content.decode()) == []
    client.post(url)
    scenario.refresh_from_db()
    assert {edit["kind"] for edit in scenario.edits} == {kind}


def test_a_missed_minimum_leads_to_the_exact_way_and_its_repair(
    market: Round, client: Client, scenario: Scenario, officer: Person
) -> None:
    """A minimum that nobody can meet: the reasons, and one press that repairs the copy."""
    answer = _keys(market.answers)[0]
    edits = [
        {"kind": "places", "level": "mentor", "key": answer, "most": 3, "least": 3},
        {"kind": "answer", "mentor": answer, "tiers": [[_keys(market.participants)[0]]]},
    ]
    for edit in edits:
        scenarios.change_scenario(scenario, edit, actor=officer)
    html = _computed(scenario, client)
    assert scenario.state == ScenarioState.FAILED
    assert "Minimum places are missed" in html
    client.post(of("scenario-exact", scenario))
    html = _computed(scenario, client)
    assert "No result keeps all of these rules" in html
    assert "The smallest repairs" in html
    assert find_faults(html) == []
    numbers = re.findall(r'name="n" value="(\d+)">[^<]*Make this repair', html)
    client.post(of("scenario-repair", scenario), {"n": numbers[0]})
    html = _computed(scenario, client)
    assert scenario.state == ScenarioState.DONE, scenario.result


def test_who_moved_is_a_list_with_search_and_a_file(
    market: Round, client: Client, scenario: Scenario, officer: Person
) -> None:
    edit = {"kind": "leave", "student": _keys(market.participants)[0]}
    scenarios.change_scenario(scenario, edit, actor=officer)
    _computed(scenario, client)
    html = client.get(of("scenario-moved", scenario)).content.decode()
    assert "Student 0" in html
    assert "Left the round" in html
    assert find_faults(html) == []
    found = client.get(of("scenario-moved", scenario), {"q": "学生2"}).content.decode()
    assert "Student 2" in found
    assert "Student 0" not in found
    lost = client.get(of("scenario-moved", scenario), {"move": "lost"}).content.decode()
    assert "Student 0" in lost
    assert "Student 2" not in lost
    file = client.get(of("scenario-moved", scenario), {"format": "csv"}).content.decode()
    assert file.count("\n") == 4
    assert "Left the round" in file


def test_two_stand_side_by_side_and_one_does_not(
    market: Round, client: Client, scenario: Scenario, officer: Person
) -> None:
    other = scenarios.copy_scenario(scenario, name="Other", actor=officer)
    _computed(scenario, client)
    alone = client.get(at("scenario-compare", market), {"pick": str(scenario.public_id)})
    assert alone["Location"] == at("scenarios", market)
    _computed(other, client)
    both = client.get(
        at("scenario-compare", market), {"pick": [str(scenario.public_id), str(other.public_id)]}
    ).content.decode()
    assert "Try" in both
    assert "Other" in both
    assert find_faults(both) == []
    room = client.get(at("scenarios", market)).content.decode()
    assert find_faults(room) == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_room_reads_as_often_however_many_what_ifs(
    count: int, market: Round, client: Client, scenario: Scenario, officer: Person
) -> None:
    run = run_market(officer, market)
    for n in range(count):
        scenarios.create_scenario(market, name=f"More {n}", base=run, actor=officer)
    client.get(at("scenarios", market))
    with CaptureQueriesContext(connection) as made:
        client.get(at("scenarios", market))
    assert len(made) == 12


@pytest.mark.parametrize(
    ("role", "status"), [(Role.LEADER, 200), (Role.STUDENT, 404), (Role.MENTOR, 404)]
)
def test_leaders_read_what_ifs_and_others_find_none(
    role: Role, status: int, market: Round, scenario: Scenario
) -> None:
    reader = sign_in(english(make_person(role, unit=market.unit)))
    answer = reader.get(of("scenario", scenario))
    if status == 200:
        html = answer.content.decode()
        assert "Change something" not in html
        assert reader.post(of("scenario-compute", scenario)).status_code == 403
    else:
        assert answer.status_code in {403, 404}
    assert sign_in(make_person(Role.GRADUATE_OFFICER)).get(
        of("scenario", scenario)
    ).status_code == 404  # fmt: skip


# ---------------------------------------------------------------- the run with few changes


def test_somebody_leaves_and_the_run_keeps_the_others(
    market: Round, officer: Person, client: Client
) -> None:
    run_market(officer, market)
    page = client.get(at("rerun", market)).content.decode()
    assert "Nobody has left since this run" in page
    assert find_faults(page) == []
    leaving = market.placements.order_by("pk")[0].participant
    client.post(at("rerun", market), {"participant": str(leaving.public_id), "reason": "放弃录取"})
    assert "Among all results" in client.get(at("rerun", market)).content.decode()
    client.post(at("rerun", market), {"confirm": "1"})
    run_now(Job.objects.get(kind="selection.rerun"))
    market.refresh_from_db()
    assert market.official_run is not None
    assert market.official_run.number == 2
    assert market.placements.filter(state="proposed").count() == 2


def test_there_is_nothing_to_match_again_without_a_result(market: Round, client: Client) -> None:
    assert client.get(at("rerun", market))["Location"] == at("decisions", market)


# ---------------------------------------------------------------- figures and satisfaction


def test_the_figures_name_nobody_and_go_out_as_a_file() -> None:
    round_, people, _mentor = _confirmed()
    for n, person in enumerate(people):
        Satisfaction.objects.create(
            round=round_, person=person, side="student", score=3, comment=f"remark {n}",
            at=round_.created_at,
        )  # fmt: skip
    client = sign_in(english(make_officer(round_)))
    html = client.get(at("figures", round_)).content.decode()
    assert "100.0%" in html
    assert "remark 3" in html
    assert "fewer than five answers" in html
    assert all(person.name_zh not in html for person in people)
    assert find_faults(html) == []
    file = client.get(at("figures", round_, format="csv")).content.decode()
    assert "remark" not in file
    assert "With a place" in file
    leader = sign_in(english(make_person(Role.LEADER, unit=round_.unit)))
    assert "remark 3" not in leader.get(at("figures", round_)).content.decode()
    assert sign_in(people[0]).get(at("figures", round_)).status_code == 403


def test_a_student_answers_in_a_minute_and_changes_it() -> None:
    round_, people, mentor = _confirmed()
    client = sign_in(english(people[0]))
    page = client.get(at("satisfaction", round_)).content.decode()
    assert "How content are you" in page
    assert find_faults(page) == []
    client.post(at("satisfaction", round_), {"score": "4", "comment": "fine"})
    client.post(at("satisfaction", round_), {"score": "5", "comment": ""})
    assert Satisfaction.objects.get().score == 5
    assert "Change your answer" in client.get(at("satisfaction", round_)).content.decode()
    assert sign_in(mentor).get(at("satisfaction", round_)).status_code == 200
    assert sign_in(make_officer(round_)).get(at("satisfaction", round_)).status_code == 403


def test_before_the_confirmation_the_page_says_when(market: Round) -> None:
    person = english(market.participants.order_by("pk")[0].student.person)
    assert market.state == RoundState.CLOSED
    html = sign_in(person).get(at("satisfaction", market)).content.decode()
    assert "You are asked once the result is confirmed." in html
