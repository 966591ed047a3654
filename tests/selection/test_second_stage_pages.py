"""The officer's pages of a second stage, and what students and mentors see of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cotutelle.mentorship.enums import PairRole, Track
from cotutelle.mentorship.models import Pair
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection.enums import PlacementState, RoundState, Stage
from cotutelle.selection.models import Round
from cotutelle.selection.services import papers
from tests.factories.mentorship import MentorshipFactory, TeamFactory, make_mentor, make_pair
from tests.factories.people import make_person
from tests.factories.selection import (
    ParticipantFactory,
    RoundFactory,
    make_offer,
    make_officer,
    make_policy,
    make_round,
)
from tests.selection.test_papers import pages_of

pytestmark = pytest.mark.django_db


def _as(person: Person) -> Client:
    person.language = "en"
    person.save(update_fields=["language"])
    client = Client()
    client.cookies["language"] = "en"
    client.force_login(person)
    return client


def _page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def first() -> Round:
    round_ = make_round(RoundState.CONFIRMED)
    for _n in range(2):
        offer = make_offer(round_, make_mentor(unit=round_.unit, track=Track.CLINICAL))
        one = ParticipantFactory.create(round=round_)
        one.placements.create(
            round=round_, offer=offer, state=PlacementState.CONFIRMED, source="run"
        )
        MentorshipFactory.create(student=one.student, mentor=offer.mentor)
    return round_


def _second(first: Round, state: RoundState, **rules: Any) -> Round:
    made = RoundFactory.create(
        cohort=first.cohort, unit=first.unit, policy=make_policy(first.unit, **rules),
        state=state, stage=Stage.SECOND, first_round=first,
    )  # fmt: skip
    for one in first.participants.all():
        ParticipantFactory.create(round=made, student=one.student)
    return made


def _url(round_: Round, name: str) -> str:
    return reverse(f"selection:{name}", args=[round_.public_id])


TYPED = {
    "name_zh": "第二导师", "second_other_track": "on", "first_responsible": "second",
    "signs_leave": "first", "signs_claims": "both", "signs_thesis": "both",
}  # fmt: skip


def test_an_officer_sees_who_takes_part_and_prepares_the_round(first: Round) -> None:
    client = _as(make_officer(first))
    assert "Find second mentors" in _page(client, _url(first, "round"))
    page = _page(client, _url(first, "second-stage"))
    assert "2 students take part" in page
    assert "Prepare the round for 2 students" in page
    for one in first.participants.all():
        assert one.student.person.name_en in page

    sent = client.post(_url(first, "second-stage"), TYPED)

    made = first.second_rounds.get()
    assert sent.headers["Location"] == _url(made, "round-edit")
    rules = made.policy.parameters
    assert (rules["first_responsible"], rules["signs_claims"]) == ("second", "both")
    assert (rules["second_other_track"], rules["second_avoid_ended"]) == (True, False)
    overview = _page(client, _url(made, "round"))
    assert "Second mentors for" in overview
    assert "from the other track" in overview
    assert "Second mentors by" in _page(client, _url(first, "round"))


def test_a_round_without_a_result_finds_no_second_mentors() -> None:
    round_ = make_round(RoundState.PUBLISHED)
    answer = _as(make_officer(round_)).get(_url(round_, "second-stage"))
    assert (answer.status_code, answer.headers["Location"]) == (302, _url(round_, "round"))


@pytest.mark.parametrize("role", [Role.DEPARTMENT_SECRETARY, Role.LEADER, Role.MENTOR])
def test_nobody_else_prepares_one(first: Round, role: Role) -> None:
    client = _as(make_person(role, unit=first.unit))
    assert client.get(_url(first, "second-stage")).status_code in {403, 404}
    assert client.post(_url(first, "second-stage"), TYPED).status_code in {403, 404}
    assert not first.second_rounds.exists()


def test_the_rules_of_pairs_change_in_preparation_and_survive_the_round_form(first: Round) -> None:
    made = _second(first, RoundState.DRAFT)
    client = _as(make_officer(first))
    assert "Signs claims" in _page(client, _url(made, "pair-rules"))
    assert (
        client.post(_url(made, "pair-rules"), TYPED | {"second_in_agreement": "on"}).status_code
        == 302
    )
    made = Round.objects.get(pk=made.pk)
    assert made.policy.parameters["second_in_agreement"] is True
    form = client.get(_url(made, "round-edit")).context["form"]
    assert form._kept.second_in_agreement is True
    Round.objects.filter(pk=made.pk).update(state=RoundState.RANKING)
    refused = client.post(_url(made, "pair-rules"), TYPED)
    assert refused.status_code == 200
    assert Round.objects.get(pk=made.pk).policy.parameters["second_in_agreement"] is True


def test_a_first_stage_asks_only_who_answers_for_what() -> None:
    round_ = make_round(RoundState.DRAFT)
    page = _page(_as(make_officer(round_)), _url(round_, "pair-rules"))
    assert "Signs leave" in page
    assert "other track" not in page


def test_a_mentor_is_told_what_is_offered_and_teams_are_not_asked(first: Round) -> None:
    made = _second(first, RoundState.DRAFT)
    mentor = make_mentor(unit=first.unit)
    TeamFactory.create(unit=first.unit, first=mentor)
    page = _page(_as(mentor.person), f"{reverse('selection:offer-new')}?round={made.public_id}")
    assert "Here you offer to be second mentor" in page
    assert "For the team" not in page


def test_a_student_reads_why_a_mentor_cannot_be_the_second(first: Round) -> None:
    made = _second(first, RoundState.RANKING)
    clinical = make_mentor(0, unit=first.unit, track=Track.CLINICAL)
    offer = make_offer(made, clinical, track=Track.CLINICAL)
    student = first.participants.first()
    assert student is not None
    client = _as(student.student.person)
    page = _page(client, f"{reverse('selection:find')}?round={made.public_id}")
    assert "Your first mentor stays" in page
    assert "comes from the other track" in _page(
        client, reverse("selection:offer", args=[offer.public_id])
    )


def test_the_result_leads_to_the_page_of_the_pair(first: Round) -> None:
    student = first.participants.first()
    assert student is not None
    half = student.student.mentorships.get()
    second = MentorshipFactory.create(
        student=student.student, role=PairRole.SECOND, is_first_responsible=False
    )
    pair = Pair.objects.create(
        student=student.student, first=half, second=second, starts_on=second.starts_on
    )
    there = reverse("mentorship:pair", args=[pair.public_id])
    assert there in _page(_as(student.student.person), reverse("selection:result"))
    assert there in _page(_as(half.mentor.person), reverse("selection:my-students"))
    assert there not in _page(_as(make_pair().student.person), reverse("selection:result"))


def test_the_papers_of_a_second_stage_speak_of_second_mentors(
    first: Round, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    made = _second(first, RoundState.CONFIRMED)
    one = made.participants.first()
    assert one is not None
    offer = make_offer(made, make_mentor(0, unit=first.unit, track=Track.RESEARCH))
    one.placements.create(round=made, offer=offer, state=PlacementState.CONFIRMED, source="run")
    officer = make_officer(made)
    summary = papers.issue_summary(made, actor=officer)
    form = papers.issue_intention_form(one, actor=officer)
    assert "1人有第二导师，1人没有" in pages_of(summary.file_zh)[0]
    assert "Secondmentor" in pages_of(form.file_en)[1]
