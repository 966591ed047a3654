"""The log: how it stands, what it holds of a person, who watches it, and what proves an entry."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.rooms.units import find_unit
from cotutelle.api.v1.values import (
    Flag,
    Id,
    In,
    Json,
    Named,
    Out,
    PageQuery,
    Text200,
    named,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import SIGNED_IN, why_not
from cotutelle.core.errors import RuleViolation
from cotutelle.engines.translog import NoteError, Verifier
from cotutelle.ledger import services
from cotutelle.ledger.enums import LogKind, ShardState, WitnessState
from cotutelle.ledger.models import Entry, Leaf, Witness, WitnessPolicy
from cotutelle.ledger.queries.evidence import evidence_of
from cotutelle.ledger.queries.log import current_policy, open_shard, published_text
from cotutelle.ledger.queries.record import Event, Teller, may_read_payload, record_of
from cotutelle.ledger.queries.standing import standing, watching
from cotutelle.people.models import Person

room = Room("log")
Vkey = Annotated[str, Field(min_length=1, max_length=3000, pattern=r"^[\x21-\x7e]+$")]
Address = Annotated[str, Field(max_length=300, pattern=r"^https?://[\x21-\x7e]+$")]
Count = Annotated[int, Field(strict=True, ge=0, le=99)]


class AnchorOut(Out):
    """The newest confirmed anchor of a kind, and how many entries it lags."""

    kind: str
    size: int | None
    lag: int
    confirmed_at: dt.datetime | None
    problem: str


class LogOut(Out):
    """The origin that grows; sizes count entries, `blocked` is empty when all is well."""

    origin: str
    number: int
    state: ShardState
    waiting: int
    size: int
    signed: int
    published: int
    published_at: dt.datetime | None
    blocked: str
    anchors: list[AnchorOut]


class CheckpointOut(Out):
    """The published checkpoint with its signatures, as text."""

    origin: str
    note: str


@room.get("/log", LogOut, permission="ledger.view_log")
def get_log(request: ApiRequest) -> LogOut:
    """Read how the log stands."""
    stands = standing()
    if stands is None:
        raise Http404
    shard = stands.shard
    return LogOut(
        origin=shard.origin,
        number=shard.number,
        state=ShardState(shard.state),
        waiting=stands.waiting,
        size=shard.size,
        signed=stands.sealed.size if stands.sealed else 0,
        published=stands.published.size if stands.published else 0,
        published_at=stands.published.published_at if stands.published else None,
        blocked=shard.blocked,
        anchors=[
            AnchorOut(
                kind=line.kind,
                size=line.newest.size if line.newest else None,
                lag=line.lag,
                confirmed_at=line.newest.confirmed_at if line.newest else None,
                problem=line.last.problem,
            )
            for line in stands.anchors
        ],
    )


@room.get("/log/checkpoint", CheckpointOut, permission=SIGNED_IN)
def get_checkpoint(request: ApiRequest) -> CheckpointOut:
    """Read the last published checkpoint of the origin that grows."""
    shard = open_shard()
    note = published_text(shard) if shard else ""
    if shard is None or not note:
        raise Http404
    return CheckpointOut(origin=shard.origin, note=note)


# ---------------------------------------------------------------- one person, one entry


class EventOut(Out):
    """A decision about a person; `number` and `index` name its place in the log."""

    at: dt.datetime
    action: str
    what: str
    institution: Named | None
    state: str = Field(description="`waiting`, `logged`, `witnessed` or `anchored`.")
    kind: LogKind | None
    seq: int | None
    number: int | None
    index: int | None
    commitment: str
    is_erased: bool


def _event(event: Event) -> EventOut:
    leaf = event.leaf
    return EventOut(
        at=event.when,
        action=event.entry.action,
        what=event.words,
        institution=named(event.institution) if event.institution else None,
        state=event.place.key,
        kind=LogKind(leaf.kind) if leaf else None,
        seq=event.seq,
        number=leaf.shard.number if leaf else None,
        index=leaf.index if leaf else None,
        commitment=leaf.commitment if leaf else "",
        is_erased=event.is_erased,
    )


def _record(request: ApiRequest, person: Person, query: PageQuery) -> Page[EventOut]:
    teller = Teller()
    rows: QuerySet[Entry] = record_of(person, reader=request.person)
    return page_of(rows, query, lambda row: _event(teller.event(row)), newest_first=True)


@room.get("/log/record", Page[EventOut], permission=SIGNED_IN)
def list_own_record(request: ApiRequest, query: Query[PageQuery]) -> Page[EventOut]:
    """List the decisions about the caller with their places in the log, newest first."""
    return _record(request, request.person, query)


@room.get("/people/{uuid:person_id}/record", Page[EventOut], permission="ledger.view_trace")
def list_a_record(request: ApiRequest, person_id: UUID, query: Query[PageQuery]) -> Page[EventOut]:
    """List the decisions about somebody whom the caller mentors or answers for."""
    person = get_object_or_404(Person, public_id=person_id)
    if why_not(request.person, "ledger.view_trace", person) is not None:
        raise Http404
    return _record(request, person, query)


class EvidenceOut(Out):
    """What proves an entry; `payload` and `salt` only for those who may read what it says."""

    entry: Json
    payload: Json | None
    salt: str | None
    proof: str = Field(description="A C2SP tlog-proof file.")


@room.get("/log/{int:number}/entries/{int:index}/evidence", EvidenceOut, permission=SIGNED_IN)
def get_evidence(request: ApiRequest, number: int, index: int) -> EvidenceOut:
    """Read what proves an entry that is published."""
    rows = Leaf.objects.select_related("shard", "entry__payload", "entry__person")
    leaf = get_object_or_404(rows, shard__number=number, index=index)
    found = evidence_of(leaf)
    if found is None:
        raise Http404
    may_read = may_read_payload(request.person, leaf.entry)
    return EvidenceOut(
        entry=found["entry"],
        payload=found.get("payload") if may_read else None,
        salt=found.get("salt") if may_read else None,
        proof=found["proof"],
    )


# ---------------------------------------------------------------- witnesses and policies


class WitnessOut(Out):
    """Who watches the log; `signed` is the size up to which it cosigned the origin that grows."""

    id: UUID
    name: str
    unit: Named
    vkey: str
    extra_vkey: str
    url: str
    is_operator: bool
    state: WitnessState
    signed: int | None
    problem: str


class WitnessNew(In):
    """A witness as its institution describes it; its name is in the key."""

    unit: Id
    vkey: Vkey
    url: Address
    extra_vkey: Annotated[str, Field(max_length=3000, pattern=r"^[\x21-\x7e]*$")] = ""
    is_operator: Flag = False


class PolicyOut(Out):
    """Which witnesses count and how many must sign; `text` is a C2SP tlog-policy file."""

    id: UUID
    number: int
    needed: int
    colluders: int
    witnesses: list[Text200]
    made_at: dt.datetime
    text: str


class PolicyNew(In):
    """`needed` of the witnesses must sign; `colluders` of them might lie together."""

    needed: Annotated[int, Field(strict=True, ge=1, le=99)]
    colluders: Count
    witnesses: Annotated[list[Id], Field(min_length=1, max_length=99)]


def _witness(row: Any) -> WitnessOut:
    return WitnessOut(
        id=row.public_id,
        name=row.name,
        unit=named(row.unit),
        vkey=row.vkey,
        extra_vkey=row.extra_vkey,
        url=row.url,
        is_operator=row.is_operator,
        state=WitnessState(row.state),
        signed=row.cosigned,
        problem=row.problem,
    )


def _policy(row: WitnessPolicy) -> PolicyOut:
    return PolicyOut(
        id=row.public_id,
        number=row.number,
        needed=row.needed,
        colluders=row.colluders,
        witnesses=[witness.name for witness in row.witnesses.all()],
        made_at=row.made_at,
        text=row.text,
    )


@room.get("/log/witnesses", Page[WitnessOut], permission="ledger.view_log")
def list_witnesses(request: ApiRequest, query: Query[PageQuery]) -> Page[WitnessOut]:
    """List the witnesses, retired ones too."""
    return page_of(watching(open_shard()), query, _witness)


@room.get("/log/witnesses/{uuid:witness_id}", WitnessOut, permission="ledger.view_log")
def get_witness(request: ApiRequest, witness_id: UUID) -> WitnessOut:
    """Read a witness."""
    row = get_object_or_404(watching(open_shard()), public_id=witness_id)
    show_version(request, row)
    return _witness(row)


@room.post("/log/witnesses", WitnessOut, permission="ledger.manage_log")
def add_a_witness(request: ApiRequest, body: WitnessNew) -> WitnessOut:
    """Add a witness; it counts once a policy names it."""
    try:
        name = Verifier.parse(body.vkey).name
    except NoteError as error:
        raise RuleViolation(
            "witness.key", _("This is not the key of a witness."), status=422, field="vkey"
        ) from error
    added = services.add_witness(
        unit=find_unit(body.unit),
        name=name,
        vkey=body.vkey,
        url=body.url,
        extra_vkey=body.extra_vkey,
        is_operator=body.is_operator,
        actor=request.person,
    )
    return get_witness(request, added.public_id)


@room.act("/log/witnesses/{uuid:witness_id}/retire", WitnessOut, permission="ledger.manage_log")
def retire_a_witness(request: ApiRequest, witness_id: UUID) -> WitnessOut:
    """Ask a witness no more; what it signed stays valid."""
    row = require_version(request, get_object_or_404(Witness, public_id=witness_id))
    services.retire_witness(row, actor=request.person)
    return get_witness(request, witness_id)


@room.get("/log/policy", PolicyOut, permission=SIGNED_IN)
def get_policy(request: ApiRequest) -> PolicyOut:
    """Read the policy in force."""
    found = current_policy()
    if found is None:
        raise Http404
    return _policy(found)


@room.get("/log/policies", Page[PolicyOut], permission="ledger.view_log")
def list_policies(request: ApiRequest, query: Query[PageQuery]) -> Page[PolicyOut]:
    """List all policies, newest first."""
    rows: QuerySet[WitnessPolicy] = WitnessPolicy.objects.prefetch_related("witnesses")
    return page_of(rows, query, _policy, newest_first=True)


@room.post("/log/policies", PolicyOut, permission="ledger.manage_log")
def set_a_policy(request: ApiRequest, body: PolicyNew) -> PolicyOut:
    """Say which witnesses count and how many must sign, from the next checkpoint on."""
    rows = list(Witness.objects.filter(public_id__in=body.witnesses))
    if len(rows) != len(body.witnesses):
        raise RuleViolation(
            "witness.unknown", _("There is no such witness."), status=422, field="witnesses"
        )
    made = services.set_policy(
        needed=body.needed, colluders=body.colluders, witnesses=rows, actor=request.person
    )
    return _policy(made)
