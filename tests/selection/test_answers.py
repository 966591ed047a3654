"""Answers: own applicants only, never their ranks; ties, verdicts, conflicts, proxies."""

from __future__ import annotations

import datetime as dt

import pytest

from cotutelle.core.clock import now, today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.files.services import store_file
from cotutelle.ledger.models import Entry
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection import queries, services
from cotutelle.selection.enums import AnswerState, RoundState
from cotutelle.selection.models import Answer, Round
from cotutelle.selection.services import Word
from cotutelle.workflow.models import ProxyAct, ProxyAuthorisation, Task
from tests.factories.mentorship import ConflictFactory, TeamFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_answer, make_list, make_offer, make_officer, make_round

pytestmark = pytest.mark.django_db


def _answer(offer) -> Answer:  # type: ignore[no-untyped-def]
    return Answer.objects.get(mentor=offer.mentor, team=offer.team, round=offer.round)


def _authorise(principal: Person, agent: Person) -> None:
    file = store_file(
        b"%PDF-1.4 signed",
        name="a.pdf",
        actor=principal,
        unit=principal.unit,
        purpose="workflow.proxy",
    )
    ProxyAuthorisation.objects.create(
        principal=principal,
        agent=agent,
        unit=principal.unit,
        document=file,
        starts_on=today(),
        ends_on=today(),
        created_by=principal,
        created_at=now(),
    )


def test_a_mentor_sees_own_applicants_without_a_trace_of_their_ranks() -> None:
    round_ = make_round(RoundState.ANSWERING)
    mine, second, other = make_offer(round_), None, make_offer(round_)
    second = make_offer(round_, mine.mentor)
    top = make_list(round_, [mine, second], admission_score=300)
    low = make_list(round_, [other, second, mine], admission_score=400)
    make_list(round_, [other])
    make_list(round_, [mine], submitted=False)
    found = queries.applicants_of(_answer(mine), mine.mentor.person)
    assert [a.participant for a in found] == [low, top]
    assert [list(a.offers) for a in found] == [[mine, second], [mine, second]]
    names = {field for a in found for field in type(a).__slots__}
    assert not {"position", "rank", "preferences"} & names


def test_nobody_sees_applicants_before_the_lists_are_closed() -> None:
    round_ = make_round(RoundState.RANKING)
    offer = make_offer(round_)
    make_list(round_, [offer])
    assert queries.applicants_of(_answer(offer), offer.mentor.person) == []


def test_applicants_are_the_mentors_own_alone() -> None:
    round_ = make_round(RoundState.ANSWERING)
    offer, other = make_offer(round_), make_offer(round_)
    student = make_list(round_, [offer]).student.person
    answer = _answer(offer)
    for actor in (
        other.mentor.person,
        student,
        make_person(Role.GRADUATE_OFFICER),
        make_person(Role.LEADER, unit=round_.unit),
        make_person(Role.DEPARTMENT_SECRETARY, unit=round_.unit),
    ):
        with pytest.raises(Refused):
            queries.applicants_of(answer, actor)
    assert len(queries.applicants_of(answer, make_officer(round_))) == 1


def test_scores_are_hidden_where_the_round_does_not_use_them() -> None:
    round_ = make_round(RoundState.ANSWERING, uses_scores=False)
    offer = make_offer(round_)
    make_list(round_, [offer], admission_score=400)
    (found,) = queries.applicants_of(_answer(offer), offer.mentor.person)
    assert found.score is None


def test_an_answer_is_saved_submitted_and_taken_back() -> None:
    round_ = make_round(RoundState.ANSWERING)
    offer = make_offer(round_)
    one, two = make_list(round_, [offer]), make_list(round_, [offer])
    answer, actor = _answer(offer), offer.mentor.person
    words = [Word(one.public_id, "accept", 1, "好"), Word(two.public_id, "accept", 1)]
    services.save_answer(answer, words, expected_version=0, actor=actor)
    services.save_answer(
        answer, [Word(two.public_id, "decline", 7)], expected_version=1, actor=actor
    )
    lines = {line.participant_id: (line.verdict, line.tier) for line in answer.lines.all()}
    assert lines == {one.pk: ("accept", 1), two.pk: ("decline", None)}
    services.submit_answer(answer, expected_version=2, actor=actor)
    for verb in (
        lambda: services.save_answer(answer, [], expected_version=3, actor=actor),
        lambda: services.submit_answer(answer, expected_version=3, actor=actor),
    ):
        with pytest.raises(RuleViolation) as refused:
            verb()
        assert refused.value.code == "answer.submitted"
    services.reopen_answer(answer, expected_version=3, actor=actor)
    answer.refresh_from_db()
    assert (answer.state, answer.version) == (AnswerState.OPEN, 4)
    assert Task.objects.get(kind="selection.answer_applicants").assignee == actor


def test_save_answer_refuses_a_stale_copy() -> None:
    round_ = make_round(RoundState.ANSWERING)
    offer = make_offer(round_)
    part = make_list(round_, [offer])
    answer, actor = _answer(offer), offer.mentor.person
    services.save_answer(
        answer, [Word(part.public_id, "accept", 1)], expected_version=0, actor=actor
    )
    with pytest.raises(RuleViolation) as refused:
        services.save_answer(
            _answer(offer), [Word(part.public_id, "decline")], expected_version=0, actor=actor
        )
    assert refused.value.code == "answer.stale"
    assert answer.lines.get().verdict == "accept"


def test_what_an_answer_refuses() -> None:
    round_ = make_round(RoundState.ANSWERING)
    offer = make_offer(round_)
    part, stranger = make_list(round_, [offer]), make_list(round_, [make_offer(round_)])
    friend = make_list(round_, [offer])
    ConflictFactory.create(mentor=offer.mentor, student=friend.student)
    answer, actor = _answer(offer), offer.mentor.person
    for word, code in (
        (Word(stranger.public_id, "accept", 1), "answer.not_applicant"),
        (Word(part.public_id, "perhaps"), "answer.verdict"),
        (Word(part.public_id, "accept", 0), "answer.tier"),
        (Word(friend.public_id, "accept", 1), "answer.conflict"),
    ):
        with pytest.raises(RuleViolation) as refused:
            services.save_answer(answer, [word], expected_version=0, actor=actor)
        assert refused.value.code == code
    services.save_answer(
        answer, [Word(friend.public_id, "decline")], expected_version=0, actor=actor
    )


@pytest.mark.parametrize("state", sorted(set(RoundState) - {RoundState.ANSWERING}))
def test_answers_are_closed_outside_answering(state: RoundState) -> None:
    round_ = make_round(state)
    offer = make_offer(round_)
    with pytest.raises(RuleViolation) as refused:
        services.submit_answer(_answer(offer), expected_version=0, actor=offer.mentor.person)
    assert refused.value.code == "answer.closed"


def test_the_clock_closes_answers_though_nobody_moved_the_round() -> None:
    round_ = make_round(RoundState.ANSWERING)
    offer = make_offer(round_)
    Round.objects.update(answers_close_at=now() - dt.timedelta(seconds=1))
    with pytest.raises(RuleViolation) as refused:
        services.submit_answer(_answer(offer), expected_version=0, actor=offer.mentor.person)
    assert refused.value.code == "answer.closed"


def test_either_mentor_of_a_team_answers_and_no_other() -> None:
    round_ = make_round(RoundState.ANSWERING)
    team = TeamFactory.create(unit=round_.unit)
    offer = make_offer(round_, team=team)
    with pytest.raises(Refused):
        services.submit_answer(
            _answer(offer), expected_version=0, actor=make_mentor(unit=round_.unit).person
        )
    services.submit_answer(_answer(offer), expected_version=0, actor=team.second.person)


def test_a_secretary_answers_with_an_authorisation_and_never_without() -> None:
    round_ = make_round(RoundState.ANSWERING)
    offer = make_offer(round_)
    make_list(round_, [offer])
    agent, mentor = make_person(Role.DEPARTMENT_SECRETARY, unit=round_.unit), offer.mentor.person
    answer = _answer(offer)
    with pytest.raises(Refused) as refused:
        services.submit_answer(answer, expected_version=0, actor=agent, on_behalf_of=mentor)
    assert refused.value.code == "proxy.none"
    with pytest.raises(Refused):
        services.submit_answer(answer, expected_version=0, actor=agent)
    _authorise(mentor, agent)
    assert len(queries.applicants_of(answer, Person.objects.get(pk=agent.pk))) == 1
    services.submit_answer(answer, expected_version=0, actor=agent, on_behalf_of=mentor)
    answer.refresh_from_db()
    assert (answer.by_proxy, answer.submitted_by) == (True, agent)
    entry = Entry.objects.get(action="selection.answer.submitted")
    assert (entry.actor, entry.on_behalf_of) == (agent, mentor)
    assert ProxyAct.objects.get().action == "selection.answer.submitted"


def test_a_declared_conflict_counts_though_the_person_has_no_address() -> None:
    round_ = make_round(RoundState.ANSWERING)
    offer = make_offer(round_)
    part = make_list(round_, [offer])
    Person.objects.filter(pk=part.student.person_id).update(email="", is_active=False)
    Person.objects.filter(pk=offer.mentor.person_id).update(email="")
    make_answer(round_, offer, [[part]])
    services.declare_conflict(offer.mentor, part.student, ground="父女", actor=offer.mentor.person)
    services.declare_conflict(offer.mentor, part.student, ground="父女", actor=offer.mentor.person)
    assert offer.mentor.conflicts.count() == 1
    (found,) = queries.applicants_of(_answer(offer), offer.mentor.person)
    assert found.in_conflict
    market = queries.build_problem(round_, seed="s")
    assert market.problem.bans[str(part.public_id), str(offer.public_id)].kind == "conflict"
    with pytest.raises(RuleViolation) as refused:
        services.declare_conflict(offer.mentor, part.student, ground=" ", actor=offer.mentor.person)
    assert refused.value.code == "conflict.reason"


def test_interviews_are_held_where_the_round_has_them() -> None:
    for interviews in (False, True):
        round_ = make_round(RoundState.ANSWERING, interviews=interviews)
        offer = make_offer(round_)
        part = make_list(round_, [offer])
        answer, actor = _answer(offer), offer.mentor.person
        invite = {"starts_at": now(), "place": "A 座", "actor": actor}
        if not interviews:
            with pytest.raises(RuleViolation) as refused:
                services.invite(answer, part, **invite)  # type: ignore[arg-type]
            assert refused.value.code == "interview.none"
            continue
        interview = services.invite(answer, part, **invite)  # type: ignore[arg-type]
        services.close_interview(interview, held=True, note="好", actor=actor)
        with pytest.raises(RuleViolation) as refused:
            services.close_interview(interview, held=False, actor=actor)
        assert refused.value.code == "interview.stale"
