"""What a mentor or a team answers to its applicants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.values import Id, In, Named, Out, PageQuery, Text300, named
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.people.models import Person
from cotutelle.selection.enums import AnswerState, Verdict
from cotutelle.selection.models import Answer
from cotutelle.selection.queries.answers import applicants_of
from cotutelle.selection.queries.visibility import answers_visible_to, own_answers
from cotutelle.selection.services.answers import (
    Word,
    reopen_answer,
    save_answer,
    submit_answer,
)
from cotutelle.workflow.queries import principals_of

room = Room("answers")
Tier = Annotated[int, Field(strict=True, ge=1, le=5000)]


class AnswerOut(Out):
    """A mentor's or a team's answer in a round; whom it names is read one by one."""

    id: UUID
    round: UUID
    mentors: list[Named]
    places: int
    state: AnswerState
    version: int
    submitted_at: dt.datetime | None
    by_proxy: bool


class ApplicantOut(Out):
    """Somebody who chose the mentor; never at which place."""

    participant: UUID
    student: Named
    offers: list[Named]
    verdict: Verdict
    tier: int | None
    note: str
    score: str | None
    in_conflict: bool


class AnswerWithApplicants(AnswerOut):
    """An answer with everybody who applied."""

    applicants: list[ApplicantOut]


class WordIn(In):
    """A word on one applicant; equal tiers are a tie, 1 is best."""

    participant: Id
    verdict: Verdict
    tier: Tier | None = None
    note: Text300 = ""


class AnswerPut(In):
    """Words on applicants; those not named keep what was said of them."""

    words: Annotated[list[WordIn], Field(max_length=5000)]
    on_behalf_of: Id | None = None


class Submission(In):
    """For whom somebody else acts (代办); nobody without it."""

    on_behalf_of: Id | None = None


class AnswerQuery(PageQuery):
    """Which answers."""

    round: Id | Literal[""] = ""
    state: AnswerState | Literal[""] = ""


def _show(answer: Answer) -> AnswerOut:
    return AnswerOut(**_facts(answer))


def _facts(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.public_id,
        "round": answer.round.public_id,
        "mentors": [named(mentor) for mentor in answer.supervisors],
        "places": answer.places,
        "state": AnswerState(answer.state),
        "version": answer.version,
        "submitted_at": answer.submitted_at,
        "by_proxy": answer.by_proxy,
    }


@room.get("/answers", Page[AnswerOut], permission="selection.view_rounds")
def list_answers(request: ApiRequest, query: Query[AnswerQuery]) -> Page[AnswerOut]:
    """List one's own answers, and those of the units one works for."""
    rows = answers_visible_to(request.person)
    if query.round:
        rows = rows.filter(round__public_id=query.round)
    if query.state:
        rows = rows.filter(state=query.state)
    return page_of(rows, query, _show)


@room.get("/answers/{uuid:answer_id}", AnswerWithApplicants, permission="selection.view_applicants")
def get_answer(request: ApiRequest, answer_id: UUID) -> AnswerWithApplicants:
    """Read an answer with its applicants: the mentor, a proxy, the graduate school."""
    answer = get_object_or_404(answers_visible_to(request.person), public_id=answer_id)
    check(request.person, "selection.view_applicants", answer)
    return _whole(request, answer)


@room.change(
    "/answers/{uuid:answer_id}",
    AnswerWithApplicants,
    permission="selection.view_applicants",
    method="PUT",
)
def put_answer(request: ApiRequest, answer_id: UUID, body: AnswerPut) -> AnswerWithApplicants:
    """Keep words on applicants as a draft."""
    answer = require_version(request, _own(request, answer_id))
    save_answer(
        answer,
        [Word(w.participant, w.verdict, w.tier, w.note) for w in body.words],
        expected_version=answer.version,
        actor=request.person,
        on_behalf_of=_principal(request, body.on_behalf_of),
    )
    return _whole(request, answer)


@room.act(
    "/answers/{uuid:answer_id}/submit",
    AnswerWithApplicants,
    permission="selection.view_applicants",
)
def submit_an_answer(
    request: ApiRequest, answer_id: UUID, body: Submission
) -> AnswerWithApplicants:
    """Let the answer count: who is undecided is not accepted."""
    return _step(request, answer_id, body, submit_answer)


@room.act(
    "/answers/{uuid:answer_id}/reopen",
    AnswerWithApplicants,
    permission="selection.view_applicants",
)
def reopen_an_answer(
    request: ApiRequest, answer_id: UUID, body: Submission
) -> AnswerWithApplicants:
    """Take a submitted answer back to change it."""
    return _step(request, answer_id, body, reopen_answer)


def _step(
    request: ApiRequest, answer_id: UUID, body: Submission, act: Callable[..., Answer]
) -> AnswerWithApplicants:
    answer = require_version(request, _own(request, answer_id))
    act(
        answer,
        expected_version=answer.version,
        actor=request.person,
        on_behalf_of=_principal(request, body.on_behalf_of),
    )
    return _whole(request, answer)


def _own(request: ApiRequest, answer_id: UUID) -> Answer:
    return get_object_or_404(own_answers(request.person), public_id=answer_id)


def _principal(request: ApiRequest, public_id: UUID | None) -> Person | None:
    if public_id is None:
        return None
    found: Person | None = principals_of(request.person).filter(public_id=public_id).first()
    if found is None:
        raise RuleViolation(
            "proxy.none",
            _("You hold no authorisation of this person."),
            status=422,
            field="on_behalf_of",
        )
    return found


def _whole(request: ApiRequest, answer: Answer) -> AnswerWithApplicants:
    show_version(request, answer)
    return AnswerWithApplicants(
        **_facts(answer),
        applicants=[
            ApplicantOut(
                participant=one.participant.public_id,
                student=named(one.participant.student),
                offers=[named(offer) for offer in one.offers],
                verdict=Verdict(one.verdict),
                tier=one.tier,
                note=one.note,
                score=None if one.score is None else str(one.score),
                in_conflict=one.in_conflict,
            )
            for one in applicants_of(answer, request.person)
        ],
    )
