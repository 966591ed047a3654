"""A run that cannot keep every place is refused, says why, and runs once the repair is made."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.models import Run
from cotutelle.jobs.models import Job
from cotutelle.jobs.registry import kind_of
from cotutelle.jobs.services import run_now
from cotutelle.people.enums import Role
from cotutelle.selection import queries, services
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Offer, Participant, PlaceCap, Round
from cotutelle.selection.queries.why import enough_for_student
from cotutelle.selection.services import rerun, runs, solving
from cotutelle.selection.services.caps import set_minimum
from cotutelle.selection.services.solving import Infeasible
from cotutelle.selection.views.review_proof import proof_of, tolerated_of
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_answer, make_list, make_offer, make_officer
from tests.selection.markets import closed_round, hold_places

pytestmark = pytest.mark.django_db


class Market:
    """Two mentors of one department with two places each; everybody wants the first."""

    def __init__(self, students: int = 2, **rules: Any) -> None:
        self.round: Round = closed_round(**rules)
        self.department = UnitFactory.create(parent=self.round.unit)
        self.wanted, self.other = (
            make_offer(self.round, make_mentor(2, unit=unit), places=2, title_en=name)
            for unit, name in ((self.department, "wanted"), (self.round.unit, "other"))
        )
        self.students: list[Participant] = [
            make_list(self.round, [self.wanted, self.other], admission_score=400 - n)
            for n in range(students)
        ]
        for offer in (self.wanted, self.other):
            make_answer(self.round, offer, [[one] for one in self.students])
        hold_places(self.round)
        self.officer = make_officer(self.round)

    def cap(self, most: int | None, least: int = 0) -> PlaceCap:
        made: PlaceCap = PlaceCap.objects.create(
            round=self.round, unit=self.department, places=most, places_min=least
        )
        return made

    def placed(self) -> dict[Participant, Offer]:
        rows = self.round.placements.select_related("participant", "offer")
        return {row.participant: row.offer for row in rows}


def refused(market: Market) -> Infeasible:
    with pytest.raises(Infeasible) as error:
        services.run_round(market.round, actor=market.officer)
    assert error.value.code == "run.infeasible"
    market.round.refresh_from_db()
    assert market.round.state == RoundState.CLOSED
    assert not Run.objects.exists()
    assert not market.round.placements.exists()
    return error.value


def test_a_department_takes_no_more_than_its_limit_and_the_score_decides() -> None:
    market = Market(3)
    cap = market.cap(1)
    run = services.run_round(market.round, actor=market.officer)
    best, second, third = market.students
    assert market.placed() == {
        best: market.wanted, second: market.other, third: market.other
    }  # fmt: skip
    assert run.certificate["format"] == "cotutelle/matching-certificate/2"
    assert services.verify_json(run.certificate)["ok"]
    why = queries.why_for_student(second, market.wanted, actor=market.officer)
    assert (why.code, why.numbers["count"], why.detail) == (
        "group_cap", 1, market.department.display_name
    )  # fmt: skip
    assert market.department.display_name in why.sentence
    assert best.student.display_name not in why.sentence
    cases = tolerated_of(market.round, run, everybody=True)
    assert {row["student"] for row in cases["rows"]} == {
        participant.student.display_name for participant in (second, third)
    }
    assert all(str(cap.unit) in row["cause"] for row in cases["rows"])
    assert cases["total"] == 2


def test_deferred_acceptance_that_misses_a_minimum_is_refused_and_the_repair_works() -> None:
    market = Market(2)
    Offer.objects.filter(pk=market.other.pk).update(places_min=1)
    diagnosis = refused(market).diagnosis
    key = str(market.other.public_id)
    assert diagnosis == {
        "how": "missed",
        "reasons": [{"kind": "offer_lower", "key": key, "value": 1, "got": 0}],
        "repairs": [
            {"cost": 1, "changes": [{"kind": "offer_lower", "key": key, "before": 1, "after": 0}]}
        ],
    }
    set_minimum(market.other, least=0, weight=1, mentor_least=0, actor=market.officer)
    run = services.run_round(market.round, actor=market.officer)
    assert run.result["placed"] == 2


def test_the_exact_algorithm_keeps_a_minimum_and_names_whom_it_cost() -> None:
    market = Market(2, algorithm="exact")
    Offer.objects.filter(pk=market.other.pk).update(places_min=1)
    run = services.run_round(market.round, actor=market.officer)
    best, second = market.students
    assert sorted(o.pk for o in market.placed().values()) == sorted(
        [market.wanted.pk, market.other.pk]
    )
    assert run.result["status"] == "optimal"
    assert (run.result["algorithm"], run.result["bound"]) == ("exact", 2)
    assert proof_of(run)["is_proven"]
    moved = next(p for p, offer in market.placed().items() if offer == market.other)
    why = queries.why_for_student(moved, market.wanted, actor=market.officer)
    assert why.code == "lower_quota"
    assert str(best) not in why.sentence
    assert [one["cause"] for one in run.verdict["tolerated"]].count("lower_quota") == 1
    assert second in market.placed()


def _job(market: Market, client: Client) -> str:
    """Run on the page; return where its result leads."""
    client.post(reverse("selection:run", args=[market.round.public_id]), {"confirm": "1"})
    job = run_now(Job.objects.latest("id"))
    assert job.state == "done", job.error
    kind = kind_of(job.kind)
    assert kind
    assert kind.done_url
    return kind.done_url(job)


def sign_in(person: Any) -> Client:
    person.language = "en"
    person.save(update_fields=["language"])
    client = Client()
    client.force_login(person)
    client.cookies["language"] = "en"
    return client


def test_an_officer_follows_the_repair_and_the_run_works() -> None:
    market = Market(1, algorithm="exact")
    market.cap(2, 2)
    client = sign_in(market.officer)
    url = _job(market, client)
    assert url == reverse("selection:infeasible", args=[market.round.public_id])
    page = client.get(url)
    reasons = page.context["diagnosis"]["reasons"]
    assert any("at least 2" in reason["text"] for reason in reasons)
    links = {
        change["url"] for repair in page.context["diagnosis"]["repairs"]
        for change in repair["changes"]
    }  # fmt: skip
    caps = reverse("selection:caps", args=[market.round.public_id])
    assert f"{caps}#cap-{market.department.public_id}" in links
    assert not page.context["changed"]
    name = f"unit:{market.department.public_id}"
    client.post(caps, {f"least-{name}": "1", f"most-{name}": "2"})
    assert client.get(url).context["changed"]
    assert "review" in _job(market, client)
    market.round.refresh_from_db()
    assert market.round.state == RoundState.MATCHED


def test_looking_again_is_a_job_that_changes_nothing() -> None:
    market = Market(1, algorithm="exact")
    market.cap(2, 2)
    client = sign_in(market.officer)
    url = reverse("selection:infeasible", args=[market.round.public_id])
    assert not client.get(url).context["looked"]
    client.post(url)
    assert client.get(url).status_code == 302
    run_now(Job.objects.latest("id"))
    page = client.get(url)
    assert page.context["looked"]
    assert page.context["diagnosis"]
    assert not Run.objects.exists()


def test_only_who_runs_the_round_sees_why_it_cannot_be_run() -> None:
    market = Market(1)
    url = reverse("selection:infeasible", args=[market.round.public_id])
    secretary = make_person(Role.DEPARTMENT_SECRETARY, unit=market.round.unit)
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())
    student = market.students[0].student.person
    statuses = [sign_in(who).get(url).status_code for who in (secretary, stranger, student)]
    assert statuses == [403, 404, 403]


def test_a_limit_that_the_algorithm_cannot_count_is_refused() -> None:
    market = Market(2, algorithm="promotion")
    market.cap(1)
    with pytest.raises(RuleViolation) as error:
        services.run_round(market.round, actor=market.officer)
    assert error.value.code == "run.algorithm"


@pytest.mark.parametrize("algorithm", ["deferred-acceptance", "promotion", "exact"])
def test_a_round_runs_by_the_algorithm_its_rules_name(algorithm: str) -> None:
    market = Market(3, algorithm=algorithm)
    run = services.run_round(market.round, actor=market.officer)
    assert run.result["algorithm"] == algorithm
    assert run.result["placed"] == 3
    assert services.verify_json(run.certificate)["ok"]
    page = sign_in(market.officer).get(reverse("selection:review", args=[market.round.public_id]))
    assert page.context["proof"]["tactics"] == (algorithm != "deferred-acceptance")


def test_a_student_reads_which_place_would_have_been_enough() -> None:
    market = Market(3)
    services.run_round(market.round, actor=market.officer)
    last = market.students[-1]
    assert enough_for_student(last, market.wanted, actor=market.officer)
    words = enough_for_student(last, market.wanted, actor=market.officer)
    assert "2" in words
    assert "3" in words
    assert enough_for_student(market.students[0], market.wanted, actor=market.officer) == ""
    assert enough_for_student(last, market.wanted, actor=last.student.person) == ""


def test_a_run_with_few_changes_that_finds_nothing_shows_its_reasons(client: Client) -> None:
    market = Market(algorithm="exact")
    market.cap(2)
    services.run_round(market.round, actor=market.officer)
    PlaceCap.objects.update(places=2, places_min=2)
    market.round.refresh_from_db()
    for one in market.students:
        rerun.withdraw_under_review(one, reason="放弃录取", actor=market.officer)
    job = run_now(rerun.start_rerun(market.round, actor=market.officer))
    assert job.result["diagnosis"]["reasons"]
    client.force_login(market.officer)
    page = client.get(reverse("selection:infeasible", args=[market.round.public_id]))
    assert page.context["diagnosis"]["reasons"]
    assert page.context["changed"] is False


def test_a_preview_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    market = Market(algorithm="exact")
    Offer.objects.update(weight=2)
    problem = runs.market_of(market.round, seed="x").problem
    assert len(solving.quick_match(problem).offer_of) == 2
    monkeypatch.setattr(solving, "_PREVIEW_SECONDS", 1e-9)
    with pytest.raises(RuleViolation) as error:
        solving.quick_match(problem)
    assert error.value.code == "run.time"
