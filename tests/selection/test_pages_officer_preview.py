"""What an officer looks at before anybody else does: trials, samples, affinity on request."""

from __future__ import annotations

import pytest
from django.urls import reverse

from cotutelle.core.clock import now
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection import services
from cotutelle.selection.enums import PlacementState, RoundState
from cotutelle.selection.models import AffinityScore, Round
from cotutelle.selection.queries.review import review_of
from cotutelle.selection.services.affinity import JOB
from tests.factories.people import make_person
from tests.factories.selection import make_list, make_offer, make_officer, make_round
from tests.selection.test_pages_officer import at, english, make_market, run_market, sign_in
from tests.ui.page_checks import find_faults

pytestmark = pytest.mark.django_db


@pytest.fixture
def market() -> Round:
    return make_market()


@pytest.fixture
def officer(market: Round) -> Person:
    return english(make_officer(market))


def test_a_trial_is_read_like_a_result_and_nothing_can_be_pressed(
    market: Round, officer: Person
) -> None:
    trial = services.run_round(market, actor=officer, trial=True)
    html = sign_in(officer).get(at("review", market, run=str(trial.public_id))).content.decode()

    assert "Result of trial 1" in html
    assert "This is a trial: nobody is told and no place is given." in html
    assert "2 of 3 students have a place" in html
    assert "1 student has no place" in html
    assert reverse("selection:publish", args=[market.public_id]) not in html
    assert find_faults(html) == []


def test_a_trial_gives_the_figures_of_the_run_that_equals_it(
    market: Round, officer: Person
) -> None:
    trial = review_of(market, services.run_round(market, actor=officer, trial=True))
    run_market(officer, market)
    real = review_of(market)

    assert (trial.placed, trial.assigned) == (real.placed, real.assigned) == (2, 0)
    assert trial.rank_profile == real.rank_profile == [1, 1]
    assert [(f.places, f.taken, f.first) for f in trial.fill] == [
        (f.places, f.taken, f.first) for f in real.fill
    ]
    assert sum(f.first for f in real.fill) == 1
    assert [one.choices for one in real.unmatched] == [2]
    assert [one.fitting_count for one in trial.unmatched] == [0]


def test_the_job_of_a_trial_leads_to_its_review(market: Round, officer: Person) -> None:
    client = sign_in(officer)
    client.post(at("run", market), {"trial": "1", "confirm": "1"})
    job = Job.objects.get(kind=services.RUN_JOB)
    run_now(job)
    job.refresh_from_db()

    html = client.get(reverse("jobs:job", args=[job.public_id])).content.decode()

    assert at("review", market, run=job.result["run"]) in html


def test_a_trial_of_another_round_is_not_shown(market: Round, officer: Person) -> None:
    other = make_market()
    trial = services.run_round(other, actor=make_officer(other), trial=True)

    answer = sign_in(officer).get(at("review", market, run=str(trial.public_id)))

    assert answer.status_code == 302
    assert answer["Location"] == at("decisions", market)


def test_samples_reach_the_officer_alone_and_publish_nothing(
    market: Round, officer: Person
) -> None:
    run_market(officer, market)
    Notice.objects.all().delete()

    answer = sign_in(officer).post(at("preview-send", market), follow=True)

    assert "3 samples sent to you alone." in answer.content.decode()
    kinds = set(Notice.objects.values_list("kind", flat=True))
    assert kinds == {
        "selection.sample_result",
        "selection.sample_no_result",
        "selection.sample_mentor_result",
    }
    assert set(Notice.objects.values_list("person", flat=True)) == {officer.pk}
    market.refresh_from_db()
    assert market.state == RoundState.MATCHED
    assert not market.public_notices.exists()
    assert not market.placements.exclude(state=PlacementState.PROPOSED).exists()


def test_the_preview_names_no_student(market: Round, officer: Person) -> None:
    run_market(officer, market)

    html = sign_in(officer).get(at("preview", market)).content.decode()

    assert "Your result is published" in html
    assert "This was your choice 1." in html
    assert "You have no place in this round yet." in html
    assert not any(f"Student {n}" in html for n in range(3))
    assert find_faults(html) == []


@pytest.mark.parametrize("state", [RoundState.CLOSED, RoundState.PUBLISHED])
def test_there_are_samples_only_of_a_result_under_review(state: RoundState) -> None:
    round_ = make_market(state)
    client = sign_in(english(make_officer(round_)))

    assert client.get(at("preview", round_))["Location"] == at("round", round_)
    client.post(at("preview-send", round_))

    assert Notice.objects.count() == 0


@pytest.mark.parametrize("name", ["preview", "preview-send", "round-affinity"])
@pytest.mark.parametrize("role", [Role.LEADER, Role.STUDENT, Role.DEPARTMENT_SECRETARY])
def test_only_who_holds_the_round_sends_samples_and_computes(
    name: str, role: Role, market: Round
) -> None:
    client = sign_in(make_person(role, unit=market.unit))
    ask = client.get if name == "preview" else client.post

    assert ask(at(name, market)).status_code in {403, 404}
    assert Job.objects.count() == Notice.objects.count() == 0


def test_affinity_is_computed_again_as_one_job() -> None:
    round_ = make_round(RoundState.RANKING)
    offer = make_offer(round_, title_en="Early screening of lung cancer")
    make_list(round_, [offer], submitted=False, statement="Early screening of lung cancer")
    client = sign_in(english(make_officer(round_)))
    assert "Not computed yet." in client.get(at("round", round_)).content.decode()

    for _press in range(2):
        client.post(at("round-affinity", round_))
    job = Job.objects.get(kind=JOB)
    run_now(job)

    assert AffinityScore.objects.filter(computed_at__lte=now()).count() == 1
    assert "for 1 student." in client.get(at("round", round_)).content.decode()


def test_while_mentors_have_time_the_next_step_names_who_is_missing() -> None:
    round_ = make_market(RoundState.ANSWERING)
    round_.answers.update(state="open")
    client = sign_in(english(make_officer(round_)))

    html = client.get(at("round", round_)).content.decode()

    assert "2 have not answered yet." in html
    assert at("answers", round_, state="open") in html
