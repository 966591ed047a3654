"""The officers' pages of a round: who opens them, what they show, what their buttons do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from cotutelle.core.clock import now
from cotutelle.decisions.models import Run
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.mentorship.services import quota
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.enums import Route
from cotutelle.selection import services
from cotutelle.selection.enums import (
    NoticeState,
    ObjectionState,
    OfferState,
    PlacementState,
    RoundState,
)
from cotutelle.selection.models import Objection, Offer, PublicNotice, Round
from cotutelle.workflow.models import Task
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import make_mentor
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory
from tests.factories.selection import make_answer, make_list, make_offer, make_officer, make_round
from tests.ui.page_checks import find_faults

pytestmark = pytest.mark.django_db

PAGES = (
    "round",
    "participants",
    "offers",
    "answers",
    "papers",
    "decisions",
    "round-history",
    "outcome",
    "vacancies",
    "overrides",
)


def sign_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def at(name: str, round_: Round, **params: str) -> str:
    query = "&".join(f"{key}={value}" for key, value in params.items())
    return reverse(f"selection:{name}", args=[round_.public_id]) + (f"?{query}" if query else "")


def english(person: Person) -> Person:
    person.language = "en"
    person.save(update_fields=["language"])
    return person


def hold(offer: Offer) -> Offer:
    """Hold the places of an offer on the account as opening it does."""
    answer = offer.round.answers.get(mentor=offer.mentor)
    offer.mentor.quota_accounts.update(held=0)
    quota.hold_for_round(
        offer.mentor,
        offer.round.quota_year,
        answer.places,
        reference=answer.reference,
        actor=None,
    )
    return offer


def make_market(state: RoundState = RoundState.CLOSED, students: int = 3) -> Round:
    """Two mentors with one place each; everybody lists both, both mentors rank everybody."""
    round_ = make_round(state, override_share_percent=50)
    offers = [hold(make_offer(round_, title_en=f"Offer {n}", title_zh=f"方向{n}")) for n in (1, 2)]
    listed = [
        make_list(round_, offers, person__name_en=f"Student {n}", person__name_zh=f"学生{n}")
        for n in range(students)
    ]
    for offer in offers:
        make_answer(round_, offer, [[one] for one in listed])
    if state not in (RoundState.DRAFT, RoundState.RANKING, RoundState.ANSWERING):
        round_.seed_published_at = now()
        round_.save(update_fields=["seed_published_at"])
    return round_


def run_market(officer: Person, round_: Round) -> Run:
    run = services.run_round(round_, actor=officer)
    round_.refresh_from_db()
    return run


@pytest.fixture
def market() -> Round:
    return make_market()


@pytest.fixture
def officer(market: Round) -> Person:
    return english(make_officer(market))


# ---------------------------------------------------------------- who opens what


@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_a_round_opens_for_its_officer_without_faults(
    name: str, market: Round, officer: Person
) -> None:
    run_market(officer, market)
    response = sign_in(officer).get(at(name, market))
    assert response.status_code == 200
    assert find_faults(response.content.decode()) == []
    assert (
        market.display_name in response.content.decode()
        or market.name_en in response.content.decode()
    )


@pytest.mark.parametrize("name", [*PAGES, "review", "compare"])
def test_an_officer_of_another_school_finds_nothing(name: str, market: Round) -> None:
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())
    assert sign_in(stranger).get(at(name, market)).status_code == 404


@pytest.mark.parametrize(
    "name", ["participants", "decisions", "review", "papers", "outcome", "vacancies"]
)
def test_a_student_of_the_round_reads_no_staff_page(name: str, market: Round) -> None:
    student = market.participants.first().student.person
    assert sign_in(student).get(at(name, market)).status_code == 403


@pytest.mark.parametrize("role", [Role.LEADER, Role.INSPECTOR])
def test_leaders_and_inspectors_read_and_press_nothing(
    role: Role, market: Round, officer: Person
) -> None:
    run_market(officer, market)
    client = sign_in(english(make_person(role, unit=market.unit)))
    page = client.get(at("review", market)).content.decode()
    assert "of 3 students have a place" in page
    assert at("publish", market) not in page
    for name in ("publish", "recall", "confirm", "run", "round-edit", "round-move"):
        assert client.get(at(name, market)).status_code == 403, name
    assert client.post(at("paper-issue", market), {"kind": "summary"}).status_code == 403


def test_a_partner_officer_sees_their_own_students_alone(market: Round) -> None:
    theirs = UnitFactory.create(parent=market.unit.parent)
    own = make_list(market, [], unit=theirs, person__name_zh="合作单位学生")
    partner = make_person(Role.PARTNER_OFFICER, unit=theirs)
    page = sign_in(partner).get(at("participants", market)).content.decode()
    assert own.student.display_name in page
    assert "学生0" not in page
    assert sign_in(partner).get(at("decisions", market)).status_code == 403


def test_a_department_secretary_sees_their_own_offers(market: Round) -> None:
    department = UnitFactory.create(parent=market.unit)
    mentor = make_mentor(unit=department)
    make_offer(market, mentor, title_zh="本科室方向", title_en="Our offer")
    secretary = make_person(Role.DEPARTMENT_SECRETARY, unit=department)
    page = sign_in(secretary).get(at("offers", market)).content.decode()
    assert "本科室方向" in page
    assert 'name="to"' not in page


def test_anonymous_people_are_sent_to_sign_in(market: Round) -> None:
    response = Client().get(at("round", market))
    assert response.status_code == 302
    assert "/account/" in response["Location"]


# ---------------------------------------------------------------- preparing


def form_of(**values: Any) -> dict[str, Any]:
    return {
        "name_zh": "2027年师生双选",
        "name_en": "Mutual selection 2027",
        "quota_year": 2026,
        "regime": "deferred_acceptance",
        "algorithm": "exact",
        "objective": "generous",
        "lower_order": "size,blocking",
        "time_limit": 30,
        "off_campus_most": "",
        "min_choices": 1,
        "max_choices": 8,
        "adjustment_refusal": "stays_unmatched",
        "mentor_answer": "rank",
        "silent_mentor": "release",
        "answer_days": 3,
        "uses_scores": "on",
        "notice_days": 5,
        "override_share_percent": 5,
        "unified_exam_opens_at": "2027-03-01T08:00",
        "unified_exam_closes_at": "2027-03-10T18:00",
        "answers_close_at": "2027-03-20T18:00",
        **values,
    }


def test_preparing_a_round_keeps_its_rules_and_days() -> None:
    cohort = CohortFactory.create()
    client = sign_in(make_person(Role.GRADUATE_OFFICER, unit=cohort.unit))
    response = client.post(reverse("selection:round-new"), form_of(cohort=cohort.public_id))
    made = Round.objects.get()
    assert response["Location"] == at("round", made)
    assert made.policy.parameters["max_choices"] == 8
    assert made.policy.parameters["silent_mentor"] == "release"
    assert list(made.calendars.values_list("route", flat=True)) == [Route.UNIFIED_EXAM]


def test_errors_stand_at_their_field_and_keep_what_was_typed() -> None:
    cohort = CohortFactory.create()
    officer = english(make_person(Role.GRADUATE_OFFICER, unit=cohort.unit))
    page = sign_in(officer).post(
        reverse("selection:round-new"),
        form_of(
            cohort=cohort.public_id,
            min_choices=9,
            unified_exam_closes_at="2027-02-01T08:00",
            name_zh="打字保留",
        ),
    )
    text = page.content.decode()
    assert page.status_code == 200
    assert not Round.objects.exists()
    assert "The most is smaller than the fewest." in text
    assert "The lists close before they open." in text
    assert "打字保留" in text
    assert find_faults(text) == []


def test_a_cohort_of_another_school_cannot_be_picked() -> None:
    mine, other = CohortFactory.create(), CohortFactory.create()
    client = sign_in(make_person(Role.GRADUATE_OFFICER, unit=mine.unit))
    client.post(reverse("selection:round-new"), form_of(cohort=other.public_id))
    assert not Round.objects.exists()


def test_the_overview_names_the_next_step_with_its_number() -> None:
    round_ = make_round(RoundState.DRAFT)
    client = sign_in(english(make_officer(round_)))
    assert "Add students" in client.get(at("round", round_)).content.decode()
    make_list(round_, [], submitted=False)
    assert "Open offers" in client.get(at("round", round_)).content.decode()
    make_offer(round_)
    assert "Open the round to 1 student" in client.get(at("round", round_)).content.decode()


def test_opening_asks_first_and_then_moves_the_round() -> None:
    round_ = make_round(RoundState.DRAFT)
    make_list(round_, [make_offer(round_)], submitted=False)
    client = sign_in(english(make_officer(round_)))
    asked = client.get(at("round-move", round_, to="ranking")).content.decode()
    assert "Open the round to 1 student" in asked
    round_.refresh_from_db()
    assert round_.state == RoundState.DRAFT
    client.post(at("round-move", round_), {"to": "ranking", "confirm": "1"})
    round_.refresh_from_db()
    assert round_.state == RoundState.RANKING


def test_cancelling_without_a_reason_changes_nothing() -> None:
    round_ = make_round(RoundState.RANKING)
    client = sign_in(english(make_officer(round_)))
    page = client.post(at("round-move", round_), {"to": "cancelled", "confirm": "1", "note": ""})
    assert page.status_code == 200
    round_.refresh_from_db()
    assert round_.state == RoundState.RANKING
    client.post(at("round-move", round_), {"to": "cancelled", "confirm": "1", "note": "No exam"})
    round_.refresh_from_db()
    assert round_.state == RoundState.CANCELLED


def test_a_step_that_does_not_lead_from_here_is_told_and_changes_nothing(
    market: Round, officer: Person
) -> None:
    response = sign_in(officer).post(at("round-move", market), {"to": "ranking", "confirm": "1"})
    assert response["Location"] == at("round", market)
    market.refresh_from_db()
    assert market.state == RoundState.CLOSED


def test_moving_a_deadline_needs_a_reason() -> None:
    round_ = make_round(RoundState.RANKING)
    client = sign_in(make_officer(round_))
    values = {"which": "unified_exam", "closes_at": "2030-01-01T10:00", "reason": ""}
    assert client.post(at("round-deadline", round_), values).status_code == 200
    client.post(at("round-deadline", round_), values | {"reason": "雪灾"})
    assert round_.calendars.get(route="unified_exam").closes_at.year == 2030


# ---------------------------------------------------------------- people, offers, answers


def test_the_cohort_is_added_with_one_press() -> None:
    round_ = make_round(RoundState.DRAFT)
    StudentFactory.create_batch(2, cohort=round_.cohort)
    client = sign_in(english(make_officer(round_)))
    assert "Add 2 students" in client.get(at("participants", round_)).content.decode()
    client.post(at("participants-cohort", round_))
    assert round_.participants.count() == 2


def test_a_late_student_joins_while_lists_are_open() -> None:
    round_ = make_round(RoundState.RANKING)
    late = StudentFactory.create(cohort=round_.cohort)
    elsewhere = StudentFactory.create()
    client = sign_in(make_officer(round_))
    client.post(at("participant-late", round_), {"student": elsewhere.public_id})
    assert not round_.participants.exists()
    client.post(at("participant-late", round_), {"student": late.public_id})
    assert round_.participants.get().student == late


def test_many_offers_open_at_once_and_refusals_name_their_reason() -> None:
    round_ = make_round(RoundState.DRAFT)
    good = make_offer(round_, state=OfferState.DRAFT)
    empty = make_offer(round_, make_mentor(0, unit=round_.unit), state=OfferState.DRAFT)
    client = sign_in(make_officer(round_))
    page = client.post(
        at("offers-bulk", round_),
        {"to": "open", "pick": [good.public_id, empty.public_id, "not-a-key"]},
        follow=True,
    )
    good.refresh_from_db()
    empty.refresh_from_db()
    assert (good.state, empty.state) == (OfferState.OPEN, OfferState.DRAFT)
    assert empty.number in page.content.decode()


def test_reminding_tells_each_owing_student_once_in_twelve_hours() -> None:
    round_ = make_round(RoundState.DRAFT)
    offer = make_offer(round_)
    for _n in range(2):
        make_list(round_, [offer], submitted=False)
    officer = english(make_officer(round_))
    services.move_round(round_, RoundState.RANKING, actor=officer)
    client = sign_in(officer)
    first = client.post(at("answers-remind", round_), follow=True).content.decode()
    again = client.post(at("answers-remind", round_), follow=True).content.decode()
    assert "2 people reminded." in first
    assert "0 people reminded." in again
    assert list(Task.objects.values_list("reminders", flat=True)) == [1, 1]


def test_only_the_picked_student_is_reminded() -> None:
    round_ = make_round(RoundState.DRAFT)
    offer = make_offer(round_)
    one, _other = (make_list(round_, [offer], submitted=False) for _n in range(2))
    officer = make_officer(round_)
    services.move_round(round_, RoundState.RANKING, actor=officer)
    sign_in(officer).post(at("answers-remind", round_), {"pick": [one.public_id], "back": "people"})
    assert Task.objects.get(reminders=1).assignee == one.student.person


@pytest.mark.parametrize("name", ["participants", "offers", "answers", "outcome"])
def test_lists_cost_the_same_for_one_row_and_for_three(
    name: str, django_assert_num_queries: Any
) -> None:
    costs = []
    for size in (1, 3):
        round_ = make_round(RoundState.CLOSED)
        for _n in range(size):
            offer = hold(make_offer(round_))
            one = make_list(round_, [offer])
            make_answer(round_, offer, [[one]])
        round_.seed_published_at = now()
        round_.save()
        officer = make_officer(round_)
        services.run_round(round_, actor=officer)
        client = sign_in(officer)
        with django_assert_num_queries(COSTS[name]) as counted:
            client.get(at(name, round_))
        costs.append(len(counted))
    assert costs[0] == costs[1]


COSTS = {"participants": 10, "offers": 10, "answers": 13, "outcome": 9}


def test_exports_hold_scores_only_for_those_who_may_see_them(
    market: Round, officer: Person
) -> None:
    def head(person: Person) -> str:
        response = sign_in(person).get(at("participants", market, format="csv"))
        return response.content.decode("utf-8-sig")

    assert "Admission score" in head(officer)
    assert "Exported by" in head(officer)
    assert "Admission score" not in head(english(make_person(Role.LEADER, unit=market.unit)))


# ---------------------------------------------------------------- run, review, publish


def test_a_run_starts_as_a_job_and_leads_to_the_review(market: Round, officer: Person) -> None:
    client = sign_in(officer)
    assert "Run the matching for 3 students" in client.get(at("run", market)).content.decode()
    client.post(at("run", market), {"confirm": "1"})
    job = run_now(Job.objects.get())
    assert job.state == "done"
    market.refresh_from_db()
    assert market.state == RoundState.MATCHED
    page = client.get(at("review", market)).content.decode()
    assert "2 of 3 students have a place" in page
    assert "Publish to 3 students" in page
    assert "Places went to applicants whom the mentor preferred" in page
    assert "blocking pair" not in page.lower()
    assert find_faults(page) == []


def test_a_trial_leaves_the_round_where_it_is(market: Round, officer: Person) -> None:
    client = sign_in(officer)
    client.post(at("run", market), {"confirm": "1", "trial": "1"})
    run_now(Job.objects.get())
    market.refresh_from_db()
    assert market.state == RoundState.CLOSED
    assert not market.placements.exists()
    assert "Trial 1" in client.get(at("decisions", market)).content.decode()


def test_two_runs_are_compared_student_by_student(market: Round, officer: Person) -> None:
    run_market(officer, market)
    answer = market.answers.order_by("id").first()
    lines = list(answer.lines.order_by("tier"))
    for tier, line in enumerate(reversed(lines), 1):
        line.tier = tier
        line.save()
    run_market(officer, market)
    page = sign_in(officer).get(at("compare", market)).content.decode()
    assert "Another answer of a mentor" in page
    assert "Student 2" in page
    review = sign_in(officer).get(at("review", market)).content.decode()
    assert "Differences to run 1" in review


def test_publishing_asks_with_numbers_and_shows_the_notice(market: Round, officer: Person) -> None:
    run_market(officer, market)
    client = sign_in(officer)
    asked = client.get(at("publish", market)).content.decode()
    assert "Publish to 3 students" in asked
    assert not PublicNotice.objects.exists()
    response = client.post(at("publish", market), {"confirm": "1"})
    assert response["Location"] == at("notice", market)
    again = client.post(at("publish", market), {"confirm": "1"}, follow=True)
    assert "Only a result under review can be published." in again.content.decode()
    assert PublicNotice.objects.count() == 1


def test_the_notice_shows_no_score_and_no_number(market: Round, officer: Person) -> None:
    run_market(officer, market)
    services.publish_round(market, actor=officer)
    student = market.placements.first().participant.student
    reader = make_person(Role.BEDSIDE_TEACHER, unit=UnitFactory.create())
    page = sign_in(reader).get(at("notice", market)).content.decode()
    table = sign_in(reader).get(at("notice", market, format="csv")).content.decode("utf-8-sig")
    for text in (page, table):
        assert student.person.name_zh in text
        assert student.candidate_number not in text
        assert student.person.number not in text.replace(str(market.public_id), "")
        assert f"{student.admission_score:.0f}" not in table
    assert find_faults(page) == []


def test_a_recalled_notice_shows_its_reason_and_nobody(market: Round, officer: Person) -> None:
    run_market(officer, market)
    services.publish_round(market, actor=officer)
    client = sign_in(officer)
    assert client.post(at("recall", market), {"note": ""}).status_code == 200
    assert PublicNotice.objects.get().state == NoticeState.RUNNING
    client.post(at("recall", market), {"note": "A list was missing"})
    page = client.get(at("notice", market)).content.decode()
    assert "A list was missing" in page
    assert "Student 0" not in page
    market.refresh_from_db()
    assert market.state == RoundState.MATCHED


def test_confirming_waits_for_the_end_and_for_answers(market: Round, officer: Person) -> None:
    run_market(officer, market)
    notice = services.publish_round(market, actor=officer)
    person = make_person(Role.MENTOR, unit=market.unit)
    objection = services.raise_objection(notice, text="Wrong unit", actor=person)
    client = sign_in(officer)
    assert "The public notice runs until" in client.get(at("confirm", market)).content.decode()
    client.post(at("confirm", market), {"confirm": "1"})
    market.refresh_from_db()
    assert market.state == RoundState.PUBLISHED
    with time_machine.travel(notice.ends_at + dt.timedelta(minutes=1), tick=False):
        client = sign_in(officer)
        assert "1 objection waits" in client.get(at("confirm", market)).content.decode()
        client.post(
            reverse("selection:objection", args=[objection.public_id]),
            {"verdict": "rejected", "note": "The unit is right"},
        )
        client.post(at("confirm", market), {"confirm": "1"})
    objection.refresh_from_db()
    market.refresh_from_db()
    assert objection.state == ObjectionState.REJECTED
    assert market.state == RoundState.CONFIRMED
    assert set(market.placements.values_list("state", flat=True)) == {PlacementState.CONFIRMED}


def test_an_objection_is_answered_with_words_and_only_by_the_school(
    market: Round, officer: Person
) -> None:
    run_market(officer, market)
    notice = services.publish_round(market, actor=officer)
    objection = services.raise_objection(
        notice, text="Wrong unit", actor=make_person(Role.MENTOR, unit=market.unit)
    )
    url = reverse("selection:objection", args=[objection.public_id])
    assert sign_in(officer).post(url, {"verdict": "upheld", "note": ""}).status_code == 200
    leader = make_person(Role.LEADER, unit=market.unit)
    assert sign_in(leader).get(url).status_code == 403
    sign_in(officer).post(url, {"verdict": "upheld", "note": "You are right"})
    assert Objection.objects.get().state == ObjectionState.UPHELD
