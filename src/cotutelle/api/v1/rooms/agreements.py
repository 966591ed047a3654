"""Agreements with partners, whom they lend, and the limits of units in a round."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from cotutelle.agreements import queries, services
from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement, AgreementMentor
from cotutelle.agreements.services import AgreementData
from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.rooms.rounds import find_round
from cotutelle.api.v1.rooms.units import find_unit
from cotutelle.api.v1.values import (
    Day,
    Id,
    In,
    LongText,
    Named,
    Out,
    PageQuery,
    SearchQuery,
    Text40,
    Text150,
    Text200,
    Text300,
    named,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.mentorship.models import Mentor
from cotutelle.selection.models import PlaceCap
from cotutelle.selection.queries.caps import caps_for
from cotutelle.selection.services.caps import Bounds, set_caps

room = Room("agreements")
Number = Annotated[int, Field(strict=True, ge=0, le=9999)]


class AgreementOut(Out):
    """What two parties agreed; numbers are students a year."""

    id: UUID
    number: str
    name: str
    name_zh: str
    name_en: str
    unit: Named
    partner: Named
    starts_on: dt.date
    ends_on: dt.date
    state: AgreementState
    places: int | None
    places_min: int
    first_mentor_most: int | None
    notes: str


class AgreementBody(In):
    """What a draft says; without a number there is no bound."""

    number: Text40
    name_zh: Text150
    name_en: Text200 = ""
    starts_on: Day
    ends_on: Day
    places: Number | None = None
    places_min: Number = 0
    first_mentor_most: Number | None = None
    notes: LongText = ""


class AgreementNew(AgreementBody):
    """A draft and its parties."""

    unit: Id
    partner: Id


class AgreementQuery(SearchQuery):
    """Which agreements."""

    state: AgreementState | Literal[""] = ""


class Ending(In):
    """Why an agreement ends."""

    reason: LongText


class LentOut(Out):
    """A mentor whom an agreement lends."""

    mentor: Named
    unit: Named
    added_at: dt.datetime


class MentorsNew(In):
    """Mentors of the partner who are to take part."""

    mentors: Annotated[list[Id], Field(min_length=1, max_length=1000)]


class Lent(Out):
    """How many are new."""

    added: int


def _show(row: Agreement) -> AgreementOut:
    return AgreementOut(
        id=row.public_id,
        number=row.number,
        name=row.display_name,
        name_zh=row.name_zh,
        name_en=row.name_en,
        unit=named(row.unit),
        partner=named(row.partner),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        state=AgreementState(row.state),
        places=row.places,
        places_min=row.places_min,
        first_mentor_most=row.first_mentor_most,
        notes=row.notes,
    )


def _find(request: ApiRequest, agreement_id: UUID, permission: str) -> Agreement:
    rows = queries.agreements_visible_to(request.person)
    found: Agreement = get_object_or_404(rows, public_id=agreement_id)
    check(request.person, permission, found)
    return found


def _answer(request: ApiRequest, row: Agreement) -> AgreementOut:
    row = queries.agreements_visible_to(request.person).get(pk=row.pk)
    show_version(request, row)
    return _show(row)


@room.get("/agreements", Page[AgreementOut], permission="agreements.view_agreements")
def list_agreements(request: ApiRequest, query: Query[AgreementQuery]) -> Page[AgreementOut]:
    """List the agreements of the caller's units, and those in which they are the partner."""
    rows = queries.agreements_visible_to(request.person)
    if query.state:
        rows = rows.filter(state=query.state)
    for word in query.q.split():
        rows = rows.filter(name_zh__icontains=word) | rows.filter(number__icontains=word)
    return page_of(rows, query, _show)


@room.post("/agreements", AgreementOut, permission="agreements.manage_agreement")
def draft_agreement(request: ApiRequest, body: AgreementNew) -> AgreementOut:
    """Draft an agreement; it binds nobody yet."""
    data = AgreementData(**body.model_dump(exclude={"unit", "partner"}))
    made = services.create_agreement(
        find_unit(body.unit), find_unit(body.partner), data, actor=request.person
    )
    set_header(request, "Location", f"/api/v1/agreements/{made.public_id}")
    return _answer(request, made)


@room.get("/agreements/{uuid:agreement_id}", AgreementOut, permission="agreements.view_agreements")
def get_agreement(request: ApiRequest, agreement_id: UUID) -> AgreementOut:
    """Read an agreement."""
    return _answer(request, _find(request, agreement_id, "agreements.view_agreement"))


@room.change(
    "/agreements/{uuid:agreement_id}",
    AgreementOut,
    permission="agreements.manage_agreement",
    method="PUT",
)
def change_agreement(request: ApiRequest, agreement_id: UUID, body: AgreementBody) -> AgreementOut:
    """Change a draft."""
    found = require_version(request, _find(request, agreement_id, "agreements.manage_agreement"))
    services.edit_agreement(found, AgreementData(**body.model_dump()), actor=request.person)
    return _answer(request, found)


@room.act(
    "/agreements/{uuid:agreement_id}/in-force",
    AgreementOut,
    permission="agreements.manage_agreement",
)
def put_agreement_in_force(request: ApiRequest, agreement_id: UUID) -> AgreementOut:
    """Put a draft in force; the partner and the mentors are told."""
    found = require_version(request, _find(request, agreement_id, "agreements.manage_agreement"))
    services.put_in_force(found, actor=request.person)
    return _answer(request, found)


@room.act(
    "/agreements/{uuid:agreement_id}/end",
    AgreementOut,
    permission="agreements.manage_agreement",
)
def end_an_agreement(request: ApiRequest, agreement_id: UUID, body: Ending) -> AgreementOut:
    """End an agreement early, or drop a draft."""
    found = require_version(request, _find(request, agreement_id, "agreements.manage_agreement"))
    services.end_agreement(found, reason=body.reason, actor=request.person)
    return _answer(request, found)


@room.get(
    "/agreements/{uuid:agreement_id}/mentors",
    Page[LentOut],
    permission="agreements.view_agreements",
)
def list_lent_mentors(
    request: ApiRequest, agreement_id: UUID, query: Query[PageQuery]
) -> Page[LentOut]:
    """List the mentors an agreement lends."""
    found = _find(request, agreement_id, "agreements.view_agreement")
    return page_of(queries.lines_of(found), query, _lent)


def _lent(line: AgreementMentor) -> LentOut:
    return LentOut(mentor=named(line.mentor), unit=named(line.mentor.unit), added_at=line.added_at)


@room.post("/agreements/{uuid:agreement_id}/mentors", Lent, permission="agreements.lend_mentors")
def lend_mentors(request: ApiRequest, agreement_id: UUID, body: MentorsNew) -> Lent:
    """Let mentors of the partner take part; who does already is passed over."""
    found = _find(request, agreement_id, "agreements.lend_mentors")
    rows = Mentor.objects.filter(public_id__in=body.mentors)
    if rows.count() != len(set(body.mentors)):
        raise RuleViolation(
            "mentor.unknown", _("There is no such mentor."), status=422, field="mentors"
        )
    return Lent(added=services.add_mentors(found, rows, actor=request.person))


# ---------------------------------------------------------------- limits of a round


class CapOut(Out):
    """The most and the fewest places of a unit or an agreement in a round."""

    id: UUID
    unit: Named | None
    agreement: Named | None
    places: int | None
    places_min: int
    reason: str


class CapNew(In):
    """A bound; with neither number it is lifted. Name a unit or an agreement."""

    unit: Id | None = None
    agreement: Id | None = None
    places: Number | None = None
    places_min: Number = 0
    reason: Text300 = ""


class Changed(Out):
    """How many limits changed."""

    changed: int


def _cap(row: PlaceCap) -> CapOut:
    return CapOut(
        id=row.public_id,
        unit=named(row.unit) if row.unit else None,
        agreement=named(row.agreement) if row.agreement else None,
        places=row.places,
        places_min=row.places_min,
        reason=row.reason,
    )


@room.get("/rounds/{uuid:round_id}/caps", Page[CapOut], permission="selection.view_participants")
def list_caps(request: ApiRequest, round_id: UUID, query: Query[PageQuery]) -> Page[CapOut]:
    """List the limits of units and agreements in a round."""
    round_ = find_round(request, round_id)
    check(request.person, "selection.view_participants", round_)
    return page_of(
        caps_for(round_, request.person).select_related("unit", "agreement"), query, _cap
    )


@room.post("/rounds/{uuid:round_id}/caps", Changed, permission="selection.manage_round", status=200)
def set_a_cap(request: ApiRequest, round_id: UUID, body: CapNew) -> Changed:
    """Bound a unit or an agreement in a round that has no result yet."""
    round_ = find_round(request, round_id)
    check(request.person, "selection.manage_round", round_)
    thing = _bounded(request, body)
    bounds = Bounds(body.places, body.places_min)
    return Changed(
        changed=set_caps(round_, {thing: bounds}, reason=body.reason, actor=request.person)
    )


def _bounded(request: ApiRequest, body: CapNew) -> Unit | Agreement:
    if body.unit is not None and body.agreement is None:
        return find_unit(body.unit)
    if body.unit is not None or body.agreement is None:
        raise RuleViolation("cap.of", _("Name a unit or an agreement."), status=422, field="unit")
    rows = queries.agreements_visible_to(request.person)
    found: Agreement | None = rows.filter(public_id=body.agreement).first()
    if found is None:
        raise RuleViolation(
            "agreement.unknown", _("There is no such agreement."), status=422, field="agreement"
        )
    return found
