"""Publishing and confirming a result, objections to it, and assignments by the school."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import File, Form, Query
from ninja.files import UploadedFile
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.rooms.rounds import RoundOut, find_round, named_round, show_round
from cotutelle.api.v1.values import (
    NO_NUL,
    Flag,
    Id,
    In,
    LongText,
    Named,
    Out,
    PageQuery,
    named,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.selection import queries, services
from cotutelle.selection.enums import NoticeState, ObjectionState, OverrideState
from cotutelle.selection.models import Objection, Override, PublicNotice

room = Room("publication")
Reason = Annotated[str, Field(min_length=1, max_length=20_000, pattern=NO_NUL)]


class PublicNoticeOut(Out):
    """A result on show. Who goes where is read from the placements."""

    id: UUID
    round: UUID
    state: NoticeState
    starts_at: dt.datetime
    ends_at: dt.datetime
    recalled_reason: str


class Recall(In):
    """Why a notice is taken back; everybody is told."""

    reason: Reason


def _notice(notice: PublicNotice) -> PublicNoticeOut:
    return PublicNoticeOut(
        id=notice.public_id,
        round=notice.round.public_id,
        state=NoticeState(notice.state),
        starts_at=notice.starts_at,
        ends_at=notice.ends_at,
        recalled_reason=notice.recalled_reason,
    )


def _find_notice(request: ApiRequest, notice_id: UUID) -> PublicNotice:
    rows = queries.notices_visible_to(request.person).select_related("round__unit")
    found: PublicNotice = get_object_or_404(rows, public_id=notice_id)
    return found


@room.act("/rounds/{uuid:round_id}/publish", PublicNoticeOut, permission="selection.publish_round")
def publish_a_round(request: ApiRequest, round_id: UUID) -> PublicNoticeOut:
    """Show the result under review to everybody concerned for the days the rules name."""
    round_ = require_version(request, find_round(request, round_id))
    return _notice(services.publish_round(round_, actor=request.person))


@room.act("/rounds/{uuid:round_id}/confirm", RoundOut, permission="selection.publish_round")
def confirm_a_round(request: ApiRequest, round_id: UUID) -> RoundOut:
    """Confirm the published pairs once the notice is over. Nothing moves afterwards."""
    round_ = require_version(request, find_round(request, round_id))
    services.confirm_round(round_, actor=request.person)
    round_ = find_round(request, round_id)
    show_version(request, round_)
    return show_round(round_)


@room.get(
    "/rounds/{uuid:round_id}/notices", Page[PublicNoticeOut], permission="selection.view_notice"
)
def list_public_notices(
    request: ApiRequest, round_id: UUID, query: Query[PageQuery]
) -> Page[PublicNoticeOut]:
    """List the public notices of a round, newest first."""
    rows = queries.notices_visible_to(request.person).filter(round=find_round(request, round_id))
    return page_of(rows.select_related("round"), query, _notice, newest_first=True)


@room.act(
    "/public-notices/{uuid:public_notice_id}/recall",
    PublicNoticeOut,
    permission="selection.publish_round",
)
def recall_a_public_notice(
    request: ApiRequest, public_notice_id: UUID, body: Recall
) -> PublicNoticeOut:
    """Take a published result back to review."""
    notice = require_version(request, _find_notice(request, public_notice_id))
    return _notice(services.recall_notice(notice, reason=body.reason, actor=request.person))


# ---------------------------------------------------------------- objections


class ObjectionOut(Out):
    """An objection and its answer."""

    id: UUID
    notice: UUID
    raised_by: Named
    raised_at: dt.datetime
    text: str
    state: ObjectionState
    answer: str
    answered_at: dt.datetime | None


class ObjectionNew(In):
    """What is objected to, and why."""

    text: Reason


class ObjectionAnswer(In):
    """Whether the objection is upheld, and the reasons."""

    upheld: Flag
    answer: Reason


class ObjectionQuery(PageQuery):
    """Which objections."""

    state: ObjectionState | Literal[""] = ""


def _objection(row: Objection) -> ObjectionOut:
    return ObjectionOut(
        id=row.public_id,
        notice=row.notice.public_id,
        raised_by=named(row.raised_by),
        raised_at=row.raised_at,
        text=row.text,
        state=ObjectionState(row.state),
        answer=row.answer,
        answered_at=row.answered_at,
    )


@room.post(
    "/public-notices/{uuid:public_notice_id}/objections",
    ObjectionOut,
    permission="selection.raise_objection",
)
def raise_an_objection(
    request: ApiRequest, public_notice_id: UUID, body: ObjectionNew
) -> ObjectionOut:
    """Object to a published result while its notice runs."""
    notice = _find_notice(request, public_notice_id)
    made = services.raise_objection(notice, text=body.text, actor=request.person)
    set_header(request, "Location", f"/api/v1/objections/{made.public_id}")
    show_version(request, made)
    return _objection(made)


@room.get("/objections", Page[ObjectionOut], permission="selection.raise_objection")
def list_objections(request: ApiRequest, query: Query[ObjectionQuery]) -> Page[ObjectionOut]:
    """List the objections the caller raised or has to answer."""
    rows = queries.objections_visible_to(request.person)
    if query.state:
        rows = rows.filter(state=query.state)
    return page_of(rows.select_related("notice", "raised_by"), query, _objection)


@room.get("/objections/{uuid:objection_id}", ObjectionOut, permission="selection.raise_objection")
def get_objection(request: ApiRequest, objection_id: UUID) -> ObjectionOut:
    """Read an objection."""
    found = _find_objection(request, objection_id)
    show_version(request, found)
    return _objection(found)


@room.act(
    "/objections/{uuid:objection_id}/answer",
    ObjectionOut,
    permission="selection.answer_objection",
)
def answer_an_objection(
    request: ApiRequest, objection_id: UUID, body: ObjectionAnswer
) -> ObjectionOut:
    """Uphold or reject an objection, with reasons that its author reads."""
    found = require_version(request, _find_objection(request, objection_id))
    done = services.answer_objection(
        found, upheld=body.upheld, answer=body.answer, actor=request.person
    )
    show_version(request, done)
    return _objection(done)


def _find_objection(request: ApiRequest, objection_id: UUID) -> Objection:
    rows = queries.objections_visible_to(request.person).select_related(
        "notice__round__unit", "raised_by"
    )
    found: Objection = get_object_or_404(rows, public_id=objection_id)
    return found


# ---------------------------------------------------------------- assignments


class AssignmentOut(Out):
    """A student assigned by the school: who asked, on what ground, who decided."""

    id: UUID
    round: UUID
    participant: UUID
    student: Named
    offer: Named
    ground: str
    state: OverrideState
    requested_by: Named
    decided_by: Named | None
    note: str


class AssignmentNew(In):
    """Whom to assign where, and why."""

    round: Id
    participant: Id
    offer: Id
    ground: LongText


class AssignmentDecision(In):
    """Whether it is approved; a refusal needs a note."""

    approve: Flag
    note: LongText = ""


class AssignmentQuery(PageQuery):
    """Which assignments."""

    round: Id | Literal[""] = ""
    state: OverrideState | Literal[""] = ""


def _assignment(row: Override) -> AssignmentOut:
    return AssignmentOut(
        id=row.public_id,
        round=row.round.public_id,
        participant=row.participant.public_id,
        student=named(row.participant.student),
        offer=named(row.offer),
        ground=row.ground,
        state=OverrideState(row.state),
        requested_by=named(row.requested_by),
        decided_by=named(row.decided_by) if row.decided_by else None,
        note=row.note,
    )


@room.get("/assignments", Page[AssignmentOut], permission="selection.view_overrides")
def list_assignments(request: ApiRequest, query: Query[AssignmentQuery]) -> Page[AssignmentOut]:
    """List the assignments by the school that concern the caller's office."""
    rows = queries.overrides_visible_to(request.person)
    if query.round:
        rows = rows.filter(round__public_id=query.round)
    if query.state:
        rows = rows.filter(state=query.state)
    return page_of(rows, query, _assignment)


@room.post("/assignments", AssignmentOut, permission="selection.request_override")
def request_an_assignment(
    request: ApiRequest, body: Form[AssignmentNew], minutes: File[UploadedFile]
) -> AssignmentOut:
    """Ask another unit to approve an assignment; `minutes` is the record of the meeting."""
    round_ = named_round(request, body.round)
    participant = queries.participants_visible_to(request.person).filter(
        round=round_, public_id=body.participant
    )
    offer = queries.offers_visible_to(request.person).filter(round=round_, public_id=body.offer)
    one, other = participant.first(), offer.first()
    if one is None:
        raise _unknown("participant")
    if other is None:
        raise _unknown("offer")
    made = services.request_override(
        one, other, ground=body.ground, minutes=minutes, actor=request.person
    )
    set_header(request, "Location", f"/api/v1/assignments/{made.public_id}")
    show_version(request, made)
    return _assignment(made)


@room.get("/assignments/{uuid:assignment_id}", AssignmentOut, permission="selection.view_overrides")
def get_assignment(request: ApiRequest, assignment_id: UUID) -> AssignmentOut:
    """Read an assignment by the school."""
    found = _find_assignment(request, assignment_id)
    show_version(request, found)
    return _assignment(found)


@room.act(
    "/assignments/{uuid:assignment_id}/decide",
    AssignmentOut,
    permission="selection.decide_override",
)
def decide_an_assignment(
    request: ApiRequest, assignment_id: UUID, body: AssignmentDecision
) -> AssignmentOut:
    """Approve or refuse, from the office of another unit than the one that asked."""
    found = require_version(request, _find_assignment(request, assignment_id))
    done = services.decide_override(
        found, approve=body.approve, note=body.note, actor=request.person
    )
    show_version(request, done)
    return _assignment(done)


@room.act(
    "/assignments/{uuid:assignment_id}/withdraw",
    AssignmentOut,
    permission="selection.request_override",
)
def withdraw_an_assignment(request: ApiRequest, assignment_id: UUID) -> AssignmentOut:
    """Take back an assignment nobody has decided on."""
    found = require_version(request, _find_assignment(request, assignment_id))
    done = services.withdraw_override(found, actor=request.person)
    show_version(request, done)
    return _assignment(done)


def _find_assignment(request: ApiRequest, assignment_id: UUID) -> Override:
    found: Override = get_object_or_404(
        queries.overrides_visible_to(request.person), public_id=assignment_id
    )
    check(request.person, "selection.view_overrides", found)
    return found


def _unknown(field: str) -> RuleViolation:
    return RuleViolation(f"{field}.unknown", _("It is not in this round."), status=422, field=field)
