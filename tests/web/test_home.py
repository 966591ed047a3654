"""Home: each role finds what needs it, and nothing of what is not theirs."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from cotutelle.core.clock import now
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    AnswerState,
    ListState,
    PlacementSource,
    PlacementState,
    RoundState,
)
from cotutelle.selection.models import Answer, Participant, Placement, Preference, Round
from cotutelle.selection.task_kinds import ANSWER_APPLICANTS, SUBMIT_LIST
from cotutelle.web.home import home_of
from cotutelle.web.todos import by_urgency, todo
from cotutelle.workflow.models import Task
from cotutelle.workflow.services import open_task
from tests.factories.people import make_person
from tests.factories.selection import ParticipantFactory, make_offer, make_round

pytestmark = pytest.mark.django_db


def _student(round_: Round, **fields: object) -> Participant:
    return ParticipantFactory.create(round=round_, **fields)


def _officer(round_: Round) -> Person:
    return make_person(Role.GRADUATE_OFFICER, unit=round_.unit)


def _submitted(round_: Round, count: int) -> list[Participant]:
    return [
        _student(round_, list_state=ListState.SUBMITTED, submitted_at=now() - dt.timedelta(days=3))
        for _n in range(count)
    ]


def _page(person: Person) -> str:
    client = Client(headers={"accept-language": "en"})
    client.cookies["language"] = "en"
    client.force_login(person)
    response = client.get(reverse("web:home"))
    assert response.status_code == 200
    return response.content.decode()


def test_a_student_without_a_round_is_offered_the_profile() -> None:
    student = make_person(Role.STUDENT)
    assert home_of(student).student is None
    assert "Write my profile" in _page(student)


def test_a_student_with_a_draft_is_told_that_it_does_not_count() -> None:
    round_ = make_round()
    participant = _student(round_)
    Preference.objects.create(participant=participant, offer=make_offer(round_), position=1)
    home = home_of(participant.student.person)
    assert home.student is not None
    assert home.student.step.is_urgent
    assert home.student.step.until == home.student.mine.calendar.closes_at  # type: ignore[union-attr]
    assert home.needs == 1
    assert "A draft does not count" in _page(participant.student.person)


def test_the_task_of_a_list_is_not_shown_beside_its_card() -> None:
    round_ = make_round()
    participant = _student(round_)
    person = participant.student.person
    open_task(
        assignee=person,
        kind=SUBMIT_LIST,
        subject=participant,
        unit=round_.unit,
        due_at=None,
        params={"round": "R"},
    )
    assert home_of(person).todos == []


def test_a_submitted_list_is_calm() -> None:
    round_ = make_round()
    [participant] = _submitted(round_, 1)
    home = home_of(participant.student.person)
    assert home.student is not None
    assert not home.student.step.is_urgent
    assert home.needs == 0


def test_a_result_is_on_the_home_of_a_student_only_once_it_is_published() -> None:
    round_ = make_round(RoundState.MATCHED)
    [participant] = _submitted(round_, 1)
    offer = make_offer(round_, title_en="Sepsis and its early signs")
    Placement.objects.create(
        round=round_, participant=participant, offer=offer,
        source=PlacementSource.RUN, state=PlacementState.PROPOSED,
    )  # fmt: skip
    person = participant.student.person
    assert "Sepsis and its early signs" not in _page(person)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.PUBLISHED)
    Placement.objects.update(state=PlacementState.PUBLISHED)
    assert "Sepsis and its early signs" in _page(person)


def test_a_mentor_is_told_how_many_applicants_wait_and_until_when() -> None:
    round_ = make_round(RoundState.ANSWERING)
    offer = make_offer(round_)
    for participant in _submitted(round_, 3):
        Preference.objects.create(participant=participant, offer=offer, position=1)
    assert offer.mentor is not None
    home = home_of(offer.mentor.person)
    assert home.mentor is not None
    [card] = home.mentor.answers
    assert card.figures[0][1] == 3
    assert card.until == round_.answers_close_at
    assert card.is_urgent
    assert "Answer 3 applicants" in _page(offer.mentor.person)


def test_a_mentor_does_not_see_applicants_while_students_choose() -> None:
    round_ = make_round(RoundState.RANKING)
    offer = make_offer(round_)
    [participant] = _submitted(round_, 1)
    Preference.objects.create(participant=participant, offer=offer, position=1)
    assert offer.mentor is not None
    home = home_of(offer.mentor.person)
    assert home.mentor is not None
    [card] = home.mentor.answers
    assert "Applicants" not in [label for label, _value in card.figures]
    assert participant.student.person.name_zh not in _page(offer.mentor.person)


def test_an_officer_sees_who_is_silent_and_reminds_from_home() -> None:
    round_ = make_round(RoundState.ANSWERING)
    offers = [make_offer(round_) for _n in range(2)]
    done = Answer.objects.get(mentor=offers[0].mentor)
    Answer.objects.filter(pk=done.pk).update(state=AnswerState.SUBMITTED, submitted_at=now())
    _submitted(round_, 2)
    _student(round_)
    officer = _officer(round_)
    silent = Answer.objects.get(mentor=offers[1].mentor)
    assert silent.mentor is not None
    task = open_task(
        assignee=silent.mentor.person, kind=ANSWER_APPLICANTS, subject=silent,
        unit=round_.unit, due_at=round_.answers_close_at,
        params={"round": "R"},
    )  # fmt: skip
    home = home_of(officer)
    [season] = home.seasons
    assert (season.lists, season.students, season.answered, season.answers) == (2, 3, 1, 2)
    assert home.todos[0].url.endswith(f"?kind={ANSWER_APPLICANTS}")
    assert [one.pk for one in home.owed] == [task.pk]
    client = Client()
    client.force_login(officer)
    posted = {"one": str(task.public_id), "next": reverse("web:home")}
    response = client.post(reverse("workflow:remind"), posted)
    assert response.url == reverse("web:home")  # type: ignore[attr-defined]
    assert Task.objects.get(pk=task.pk).reminders == 1


def test_a_reminder_never_leads_to_another_site() -> None:
    round_ = make_round()
    client = Client()
    client.force_login(_officer(round_))
    for after in ("no-page", "https://elsewhere.example/"):
        response = client.post(reverse("workflow:remind"), {"next": after})
        assert response.url.startswith(reverse("workflow:board"))  # type: ignore[attr-defined]


def test_the_chart_of_returns_grows_to_the_share_that_came() -> None:
    round_ = make_round()
    _submitted(round_, 3)
    _student(round_)
    [season] = home_of(_officer(round_)).seasons
    assert season.chart is not None
    assert season.chart["series"][0]["values"][-1] == 75
    assert season.chart["series"][0]["end"].endswith("3 / 4")


def test_a_reader_gets_no_work_of_the_office() -> None:
    round_ = make_round(RoundState.CLOSED)
    _submitted(round_, 1)
    leader = make_person(Role.LEADER, unit=round_.unit)
    home = home_of(leader)
    assert home.seasons
    assert home.todos == []
    assert list(home.owed) == []
    assert [one.icon for one in home_of(_officer(round_)).todos] == ["player-play"]


def test_an_officer_elsewhere_sees_nothing_of_the_round() -> None:
    make_round(RoundState.CLOSED)
    assert home_of(make_person(Role.GRADUATE_OFFICER)).seasons == []


def test_the_nearest_deadline_comes_first() -> None:
    late = todo("late", url="/", action="x", due=now() - dt.timedelta(hours=1))
    soon = todo("soon", url="/", action="x", due=now() + dt.timedelta(hours=5))
    never = todo("never", url="/", action="x")
    assert [one.what for one in by_urgency([never, soon, late])] == ["late", "soon", "never"]
    assert [one.kind for one in (late, soon, never)] == ["late", "due", "wait"]
