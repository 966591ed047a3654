"""Pairs of mentors: who answers for what, and the page they share with the student."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.rooms.rounds import RoundOut, find_round, show_round
from cotutelle.api.v1.values import (
    NO_NUL,
    Day,
    Flag,
    In,
    LongText,
    Named,
    Out,
    PageQuery,
    SearchQuery,
    Text100,
    Text150,
    named,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import check, why_not
from cotutelle.mentorship.enums import PairRecordKind, PairRole, PairState, Signer
from cotutelle.mentorship.models import Pair, PairRecord
from cotutelle.mentorship.queries.pairs import pairs_visible_to, search_pairs
from cotutelle.mentorship.services.pair_records import add_record, agree, set_done, withdraw_record
from cotutelle.mentorship.services.pairs import Duties, change_duties
from cotutelle.selection.services.second_stage import create_second_stage

room = Room("pairs")
Title = Annotated[str, Field(min_length=1, max_length=150, pattern=NO_NUL)]
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=NO_NUL)]


class PairOut(Out):
    """Two mentors of one student. Who is first responsible does not say who signs."""

    id: UUID
    student: Named
    first: Named
    second: Named
    agreement: Named | None
    first_responsible: PairRole
    signs_leave: Signer
    signs_claims: Signer
    signs_thesis: Signer
    state: PairState
    starts_on: dt.date
    ends_on: dt.date | None


class PairQuery(SearchQuery):
    """Which pairs."""

    state: PairState | Literal[""] = ""


class DutiesChange(In):
    """Who answers for what from now on, and why."""

    first_responsible: PairRole
    signs_leave: Signer
    signs_claims: Signer
    signs_thesis: Signer
    reason: Reason


class RecordOut(Out):
    """An item of the plan, a note or an arrangement; `agreed` names who agreed to it."""

    id: UUID
    kind: PairRecordKind
    title: str
    text: str
    due_on: dt.date | None
    done_at: dt.datetime | None
    author: Named
    created_at: dt.datetime
    agreed: list[Named]


class RecordNew(In):
    """Something for the page; only items of the plan have a day."""

    kind: PairRecordKind
    title: Title
    text: LongText = ""
    due_on: Day | None = None


class RecordQuery(PageQuery):
    """Which records."""

    kind: PairRecordKind | Literal[""] = ""


class Tick(In):
    """Whether the item is done."""

    done: Flag = True


class SecondStageNew(In):
    """What the round for second mentors is called, and whom they may be."""

    name_zh: Text100
    name_en: Text150 = ""
    other_track: Flag = True
    in_agreement: Flag = False
    avoid_ended: Flag = True


def _show(pair: Pair) -> PairOut:
    duties = Duties.of(pair)
    return PairOut(
        id=pair.public_id,
        student=named(pair.student),
        first=named(pair.first.mentor),
        second=named(pair.second.mentor),
        agreement=named(pair.agreement) if pair.agreement else None,
        first_responsible=PairRole(duties.first_responsible),
        signs_leave=Signer(duties.signs_leave),
        signs_claims=Signer(duties.signs_claims),
        signs_thesis=Signer(duties.signs_thesis),
        state=PairState(pair.state),
        starts_on=pair.starts_on,
        ends_on=pair.ends_on,
    )


def _record(row: PairRecord) -> RecordOut:
    return RecordOut(
        id=row.public_id,
        kind=PairRecordKind(row.kind),
        title=row.title,
        text=row.text,
        due_on=row.due_on,
        done_at=row.done_at,
        author=named(row.author),
        created_at=row.created_at,
        agreed=[named(one.person) for one in row.consents.all()],
    )


@room.get("/pairs", Page[PairOut], permission="mentorship.view_pair")
def list_pairs(request: ApiRequest, query: Query[PairQuery]) -> Page[PairOut]:
    """List pairs of mentors; `q` looks into the names of all three."""
    rows = pairs_visible_to(request.person)
    if query.q:
        rows = search_pairs(rows, query.q)
    if query.state:
        rows = rows.filter(state=query.state)
    return page_of(rows, query, _show, newest_first=True)


@room.get("/pairs/{uuid:pair_id}", PairOut, permission="mentorship.view_pair")
def get_pair(request: ApiRequest, pair_id: UUID) -> PairOut:
    """Read a pair."""
    pair = _find(request, pair_id)
    show_version(request, pair)
    return _show(pair)


@room.act("/pairs/{uuid:pair_id}/duties", PairOut, permission="mentorship.change_duties")
def change_pair_duties(request: ApiRequest, pair_id: UUID, body: DutiesChange) -> PairOut:
    """Change who is first responsible and who signs; the college of the student."""
    pair = require_version(request, _find(request, pair_id))
    duties = Duties(**body.model_dump(exclude={"reason"}))
    change_duties(pair, duties, reason=body.reason, actor=request.person)
    pair = _find(request, pair_id)
    show_version(request, pair)
    return _show(pair)


@room.get("/pairs/{uuid:pair_id}/records", Page[RecordOut], permission="mentorship.view_pair")
def list_pair_records(
    request: ApiRequest, pair_id: UUID, query: Query[RecordQuery]
) -> Page[RecordOut]:
    """List plan and arrangements; notes for the two mentors and the student alone."""
    pair = _find(request, pair_id)
    rows = pair.records.filter(withdrawn_at=None).select_related("author")
    if why_not(request.person, "mentorship.write_pair", pair) is not None:
        rows = rows.exclude(kind=PairRecordKind.NOTE)
    if query.kind:
        rows = rows.filter(kind=query.kind)
    return page_of(rows.prefetch_related("consents__person"), query, _record, newest_first=True)


@room.post("/pairs/{uuid:pair_id}/records", RecordOut, permission="mentorship.write_pair")
def add_pair_record(request: ApiRequest, pair_id: UUID, body: RecordNew) -> RecordOut:
    """Put something on the page; the others are told."""
    pair = _find(request, pair_id)
    made = add_record(
        pair,
        body.kind,
        title=body.title,
        text=body.text,
        due_on=body.due_on,
        actor=request.person,
    )
    return _record(made)


@room.act("/pair-records/{uuid:pair_record_id}/done", RecordOut, permission="mentorship.write_pair")
def tick_pair_item(request: ApiRequest, pair_record_id: UUID, body: Tick) -> RecordOut:
    """Tick an item of the plan off, or take the tick back."""
    row = require_version(request, _find_record(request, pair_record_id))
    return _record(set_done(row, body.done, actor=request.person))


@room.act(
    "/pair-records/{uuid:pair_record_id}/agree", RecordOut, permission="mentorship.write_pair"
)
def agree_to_arrangement(request: ApiRequest, pair_record_id: UUID) -> RecordOut:
    """Agree to an arrangement; it holds once both mentors and the student have."""
    row = require_version(request, _find_record(request, pair_record_id))
    agree(row, actor=request.person)
    return _record(row)


@room.act(
    "/pair-records/{uuid:pair_record_id}/withdraw", RecordOut, permission="mentorship.write_pair"
)
def withdraw_pair_record(request: ApiRequest, pair_record_id: UUID) -> RecordOut:
    """Take back what one wrote oneself."""
    row = require_version(request, _find_record(request, pair_record_id))
    return _record(withdraw_record(row, actor=request.person))


@room.post("/rounds/{uuid:round_id}/second-stage", RoundOut, permission="selection.manage_round")
def prepare_second_stage(request: ApiRequest, round_id: UUID, body: SecondStageNew) -> RoundOut:
    """Prepare a round that finds second mentors for those whom a confirmed round placed."""
    changes = {
        "second_other_track": body.other_track,
        "second_in_agreement": body.in_agreement,
        "second_avoid_ended": body.avoid_ended,
    }
    made = create_second_stage(
        find_round(request, round_id),
        changes,
        name_zh=body.name_zh,
        name_en=body.name_en,
        actor=request.person,
    )
    set_header(request, "Location", f"/api/v1/rounds/{made.public_id}")
    return show_round(made)


def _find(request: ApiRequest, pair_id: UUID) -> Pair:
    pair: Pair = get_object_or_404(pairs_visible_to(request.person), public_id=pair_id)
    check(request.person, "mentorship.view_pair", pair)
    return pair


def _find_record(request: ApiRequest, pair_record_id: UUID) -> PairRecord:
    rows = PairRecord.objects.filter(pair__in=pairs_visible_to(request.person)).select_related(
        "author", "pair__student__person", "pair__student__unit",
        "pair__first__mentor__person", "pair__second__mentor__person",
    )  # fmt: skip
    row: PairRecord = get_object_or_404(rows, public_id=pair_record_id)
    check(request.person, "mentorship.write_pair", row)
    return row
