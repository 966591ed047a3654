"""Wards, their places by month, and trainees who are not planned here."""

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
from cotutelle.api.v1.rooms.units import find_unit
from cotutelle.api.v1.values import (
    Day,
    Id,
    In,
    Named,
    Out,
    SearchQuery,
    Text40,
    Text100,
    Text150,
    Text300,
    named,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import check
from cotutelle.core.clock import today
from cotutelle.rotations.enums import OccupancyKind, WardState
from cotutelle.rotations.models import Ward
from cotutelle.rotations.months import first_of
from cotutelle.rotations.queries.setup_wards import MonthLoad, loads_of, wards_visible_to
from cotutelle.rotations.services import setup_wards as services
from cotutelle.rotations.services.setup_wards import Range, WardData

room = Room("wards")
People = Annotated[int, Field(strict=True, ge=0, le=999)]
Name80 = Annotated[str, Field(max_length=80, pattern=r"^[^\u0000]*$")]
SHOWN_MONTHS = 12


class WardOut(Out):
    """A ward; without ``upper`` it sets no bound."""

    id: UUID
    code: str
    name: str
    name_zh: str
    name_en: str
    unit: Named
    hospital: Named
    departments: list[str]
    upper: int | None
    lower: int
    research_half_days: int
    state: WardState


class WardBody(In):
    """What a ward is; numbers are trainees a month and half-days a week."""

    code: Text40
    name_zh: Name80
    name_en: Text100 = ""
    upper: People | None = None
    lower: People = 0
    research_half_days: Annotated[int, Field(strict=True, ge=0, le=10)] = 0


class WardNew(WardBody):
    """A ward and the unit that runs it."""

    unit: Id


class WardQuery(SearchQuery):
    """Which wards."""

    state: WardState | Literal[""] = ""


class MonthQuery(In):
    """From which month on; the present one without it."""

    month: Day | None = None


class MonthOut(Out):
    """A ward in a month (``month`` is its first day), in trainees."""

    month: dt.date
    upper: int | None
    lower: int
    planned_here: int
    others: dict[str, int]
    is_special: bool
    note: str


class Months(Out):
    """Twelve months of a ward."""

    months: list[MonthOut]


class MonthBody(In):
    """The range of a month; without ``upper`` it returns to the usual one."""

    month: Day
    upper: People | None = None
    lower: People = 0
    note: Text150 = ""


class MonthsBody(In):
    """Ranges of single months."""

    months: Annotated[list[MonthBody], Field(min_length=1, max_length=60)]


class OthersLine(In):
    """How many trainees of a kind a ward has in a month; 0 takes the number away."""

    month: Day
    kind: OccupancyKind
    people: People


class OthersBody(In):
    """Trainees who are not planned here."""

    lines: Annotated[list[OthersLine], Field(min_length=1, max_length=240)]


class Closing(In):
    """Why a ward closes."""

    reason: Text300


def _show(row: Ward) -> WardOut:
    return WardOut(
        id=row.public_id,
        code=row.code,
        name=row.display_name,
        name_zh=row.name_zh,
        name_en=row.name_en,
        unit=named(row.unit),
        hospital=named(row.hospital),
        departments=sorted(a.department.code for a in row.accreditations.all()),
        upper=row.upper,
        lower=row.lower,
        research_half_days=row.research_half_days,
        state=WardState(row.state),
    )


def _find(request: ApiRequest, ward_id: UUID, permission: str) -> Ward:
    found: Ward = get_object_or_404(wards_visible_to(request.person), public_id=ward_id)
    check(request.person, permission, found)
    return found


def _answer(request: ApiRequest, row: Ward) -> WardOut:
    row = Ward.objects.select_related("unit", "hospital").get(pk=row.pk)
    show_version(request, row)
    return _show(row)


def _month(load: MonthLoad) -> MonthOut:
    return MonthOut(
        month=load.month,
        upper=load.upper,
        lower=load.lower,
        planned_here=load.ours,
        others=dict(load.others),
        is_special=load.is_special,
        note=load.note,
    )


def _months(ward: Ward, first: dt.date | None) -> Months:
    loads = loads_of(ward, first_of(first or today()), SHOWN_MONTHS)
    return Months(months=[_month(load) for load in loads])


@room.get("/wards", Page[WardOut], permission="rotations.view_wards")
def list_wards(request: ApiRequest, query: Query[WardQuery]) -> Page[WardOut]:
    """List the wards of the caller's units; of every partner for those who plan rotations."""
    rows = wards_visible_to(request.person).prefetch_related("accreditations__department")
    if query.state:
        rows = rows.filter(state=query.state)
    for word in query.q.split():
        rows = rows.filter(name_zh__icontains=word) | rows.filter(code__icontains=word)
    return page_of(rows, query, _show)


@room.post("/wards", WardOut, permission="rotations.manage_wards")
def add_ward(request: ApiRequest, body: WardNew) -> WardOut:
    """Add a ward."""
    data = WardData(**body.model_dump(exclude={"unit"}))
    made = services.create_ward(find_unit(body.unit), data, actor=request.person)
    set_header(request, "Location", f"/api/v1/wards/{made.public_id}")
    return _answer(request, made)


@room.get("/wards/{uuid:ward_id}", WardOut, permission="rotations.view_wards")
def get_ward(request: ApiRequest, ward_id: UUID) -> WardOut:
    """Read a ward."""
    return _answer(request, _find(request, ward_id, "rotations.view_ward"))


@room.change("/wards/{uuid:ward_id}", WardOut, permission="rotations.keep_ward", method="PUT")
def change_ward(request: ApiRequest, ward_id: UUID, body: WardBody) -> WardOut:
    """Change a ward."""
    found = require_version(request, _find(request, ward_id, "rotations.keep_ward"))
    services.edit_ward(found, WardData(**body.model_dump()), actor=request.person)
    return _answer(request, found)


@room.act("/wards/{uuid:ward_id}/close", WardOut, permission="rotations.manage_wards")
def close_a_ward(request: ApiRequest, ward_id: UUID, body: Closing) -> WardOut:
    """Close a ward: new plans send nobody there."""
    found = require_version(request, _find(request, ward_id, "rotations.manage_wards"))
    services.close_ward(found, reason=body.reason, actor=request.person)
    return _answer(request, found)


@room.act("/wards/{uuid:ward_id}/open", WardOut, permission="rotations.manage_wards")
def open_a_ward(request: ApiRequest, ward_id: UUID) -> WardOut:
    """Open a closed ward."""
    found = require_version(request, _find(request, ward_id, "rotations.manage_wards"))
    services.open_ward(found, actor=request.person)
    return _answer(request, found)


@room.get("/wards/{uuid:ward_id}/months", Months, permission="rotations.view_wards")
def list_ward_months(request: ApiRequest, ward_id: UUID, query: Query[MonthQuery]) -> Months:
    """Read the places and the trainees of twelve months."""
    return _months(_find(request, ward_id, "rotations.view_ward"), query.month)


@room.post("/wards/{uuid:ward_id}/months", Months, permission="rotations.keep_ward", status=200)
def set_ward_months(request: ApiRequest, ward_id: UUID, body: MonthsBody) -> Months:
    """Set the ranges of single months; answers with the months from the first of them on."""
    found = _find(request, ward_id, "rotations.keep_ward")
    ranges = {
        line.month: None if line.upper is None else Range(line.upper, line.lower, line.note)
        for line in body.months
    }
    services.set_months(found, ranges, actor=request.person)
    return _months(found, min(ranges))


@room.post("/wards/{uuid:ward_id}/occupancy", Months, permission="rotations.keep_ward", status=200)
def set_ward_occupancy(request: ApiRequest, ward_id: UUID, body: OthersBody) -> Months:
    """Enter trainees who are not planned here; answers with the months from the first on."""
    found = _find(request, ward_id, "rotations.keep_ward")
    people = {(line.month, str(line.kind)): line.people for line in body.lines}
    services.set_occupancy(found, people, actor=request.person)
    return _months(found, min(month for month, _kind in people))
