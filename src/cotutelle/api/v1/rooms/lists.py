"""A student's ranked list, and why a choice came out as it did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from django.shortcuts import get_object_or_404
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.rooms.rounds import ParticipantOut, show_participant
from cotutelle.api.v1.values import Flag, Id, In, Named, Out, named
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import check, why_not
from cotutelle.selection.enums import ListState, RoundState
from cotutelle.selection.models import Participant
from cotutelle.selection.queries.visibility import offers_visible_to, participants_visible_to
from cotutelle.selection.queries.why import Why, why_for_student
from cotutelle.selection.services.lists import (
    reopen_list,
    save_list,
    submit_list,
    withdraw_list,
)

room = Room("lists")


class ListOut(Out):
    """The choices, best first."""

    participant: UUID
    state: ListState
    version: int
    submitted_at: dt.datetime | None
    accepts_adjustment: bool | None
    offers: list[Named]


class ListPut(In):
    """All choices, best first."""

    offers: Annotated[list[Id], Field(max_length=100)]
    accepts_adjustment: Flag | None = None


class WhyOut(Out):
    """The first reason that holds, about one's own case only."""

    code: str
    sentence: str
    numbers: dict[str, int]


@room.get(
    "/participants/{uuid:participant_id}",
    ParticipantOut,
    permission="selection.view_rounds",
)
def get_participant(request: ApiRequest, participant_id: UUID) -> ParticipantOut:
    """Read a student's part in a round."""
    participant = _find(request, participant_id)
    show_version(request, participant)
    return show_participant(participant)


@room.get("/participants/{uuid:participant_id}/list", ListOut, permission="selection.view_list")
def get_list(request: ApiRequest, participant_id: UUID) -> ListOut:
    """Read a list: the student's own, and the office of the unit."""
    participant = _find(request, participant_id)
    check(request.person, "selection.view_list", participant)
    return _shown(request, participant)


@room.change(
    "/participants/{uuid:participant_id}/list",
    ListOut,
    permission="selection.write_list",
    method="PUT",
)
def put_list(request: ApiRequest, participant_id: UUID, body: ListPut) -> ListOut:
    """Replace the choices. A submitted list is first taken back."""
    participant = require_version(request, _find(request, participant_id))
    save_list(
        participant,
        body.offers,
        expected_version=participant.list_version,
        actor=request.person,
        accepts_adjustment=body.accepts_adjustment,
    )
    return _shown(request, participant)


@room.act(
    "/participants/{uuid:participant_id}/list/submit",
    ListOut,
    permission="selection.write_list",
)
def submit_a_list(request: ApiRequest, participant_id: UUID) -> ListOut:
    """Let the list count; every choice is checked again."""
    return _step(request, participant_id, submit_list)


@room.act(
    "/participants/{uuid:participant_id}/list/reopen",
    ListOut,
    permission="selection.write_list",
)
def reopen_a_list(request: ApiRequest, participant_id: UUID) -> ListOut:
    """Take a submitted list back to change it."""
    return _step(request, participant_id, reopen_list)


@room.act(
    "/participants/{uuid:participant_id}/list/withdraw",
    ListOut,
    permission="selection.write_list",
)
def withdraw_a_list(request: ApiRequest, participant_id: UUID) -> ListOut:
    """Withdraw a submitted list."""
    return _step(request, participant_id, withdraw_list)


@room.get(
    "/participants/{uuid:participant_id}/why/{uuid:offer_id}",
    WhyOut,
    permission="selection.view_result",
)
def get_why(request: ApiRequest, participant_id: UUID, offer_id: UUID) -> WhyOut:
    """
    Say why the student does or does not hold an offer.

    Before publication only those who review the round are told; others get `not_run`.
    """
    participant = _find(request, participant_id)
    offer = get_object_or_404(
        offers_visible_to(request.person), public_id=offer_id, round=participant.round_id
    )
    check(request.person, "selection.view_result", participant)
    public = participant.round.state in {RoundState.PUBLISHED, RoundState.CONFIRMED}
    if not public and why_not(request.person, "selection.view_review", participant.round):
        found = Why("not_run")
    else:
        found = why_for_student(participant, offer, actor=request.person)
    return WhyOut(code=found.code, sentence=found.sentence, numbers=dict(found.numbers))


def _find(request: ApiRequest, participant_id: UUID) -> Participant:
    rows = participants_visible_to(request.person).select_related(
        "round__policy", "round__unit", "round__official_run", "student__person", "student__unit"
    )
    return get_object_or_404(rows, public_id=participant_id)


def _shown(request: ApiRequest, participant: Participant) -> ListOut:
    show_version(request, participant)
    choices = participant.preferences.select_related("offer").order_by("position")
    return ListOut(
        participant=participant.public_id,
        state=ListState(participant.list_state),
        version=participant.list_version,
        submitted_at=participant.submitted_at,
        accepts_adjustment=participant.accepts_adjustment,
        offers=[named(choice.offer) for choice in choices],
    )


def _step(request: ApiRequest, participant_id: UUID, act: Callable[..., Participant]) -> ListOut:
    participant = require_version(request, _find(request, participant_id))
    act(participant, expected_version=participant.list_version, actor=request.person)
    return _shown(request, participant)
