"""The tree of units."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from django.db.models import Q
from django.shortcuts import get_object_or_404
from ninja import Query

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.values import (
    Id,
    In,
    Named,
    Out,
    SearchQuery,
    Text40,
    Text150,
    Text200,
    named,
    sent,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.enums import UnitKind, UnitState
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import visible_to
from cotutelle.institutions.services import create_unit, edit_unit

room = Room("units")
Short = Text40


class UnitOut(Out):
    """A node of the tree."""

    id: UUID
    kind: UnitKind
    code: str
    name: str
    name_zh: str
    name_en: str
    short_zh: str
    short_en: str
    time_zone: str
    state: UnitState
    parent: Named | None


class UnitChange(In):
    """What may be changed of a unit; `parent` moves it with everything below."""

    kind: UnitKind = UnitKind.DEPARTMENT
    code: Text40 = ""
    name_zh: Text150 = ""
    name_en: Text200 = ""
    short_zh: Short = ""
    short_en: Short = ""
    time_zone: Text40 = ""
    parent: Id | None = None


class UnitNew(UnitChange):
    """A unit to be created below `parent`."""

    kind: UnitKind
    code: Text40
    name_zh: Text150
    parent: Id


class UnitQuery(SearchQuery):
    """Which units."""

    kind: UnitKind | Literal[""] = ""


def _show(unit: Unit) -> UnitOut:
    return UnitOut(
        id=unit.public_id,
        kind=UnitKind(unit.kind),
        code=unit.code,
        name=unit.display_name,
        name_zh=unit.name_zh,
        name_en=unit.name_en,
        short_zh=unit.short_zh,
        short_en=unit.short_en,
        time_zone=unit.time_zone,
        state=UnitState(unit.state),
        parent=named(unit.parent) if unit.parent else None,
    )


def find_unit(public_id: UUID, field: str = "unit") -> Unit:
    """Return the unit a body names. Refuses with ``unit.unknown`` (422)."""
    found = Unit.objects.filter(public_id=public_id).first()
    if found is None:
        from django.utils.translation import gettext as _  # noqa: PLC0415

        raise RuleViolation("unit.unknown", _("There is no such unit."), status=422, field=field)
    return found


@room.get("/units", Page[UnitOut], permission="institutions.view_units")
def list_units(request: ApiRequest, query: Query[UnitQuery]) -> Page[UnitOut]:
    """List the units of all partners."""
    rows = visible_to(request.person).select_related("parent")
    if query.kind:
        rows = rows.filter(kind=query.kind)
    for word in query.q.split():
        rows = rows.filter(
            Q(name_zh__icontains=word) | Q(name_en__icontains=word) | Q(code__icontains=word)
        )
    return page_of(rows, query, _show)


@room.post("/units", UnitOut, permission="institutions.change_unit")
def create_a_unit(request: ApiRequest, body: UnitNew) -> UnitOut:
    """Create a unit."""
    values = sent(body)
    parent = find_unit(values.pop("parent"), "parent")
    unit = create_unit(parent=parent, actor=request.person, **values)
    set_header(request, "Location", f"/api/v1/units/{unit.public_id}")
    show_version(request, unit)
    return _show(unit)


@room.get("/units/{uuid:unit_id}", UnitOut, permission="institutions.view_units")
def get_unit(request: ApiRequest, unit_id: UUID) -> UnitOut:
    """Read a unit."""
    unit = _find(request, unit_id)
    show_version(request, unit)
    return _show(unit)


@room.change("/units/{uuid:unit_id}", UnitOut, permission="institutions.change_unit")
def change_a_unit(request: ApiRequest, unit_id: UUID, body: UnitChange) -> UnitOut:
    """Change a unit, or move it."""
    unit = require_version(request, _find(request, unit_id))
    values: dict[str, Any] = sent(body)
    above = values.pop("parent", None)
    parent = find_unit(above, "parent") if above else None
    unit = edit_unit(unit, parent=parent, actor=request.person, **values)
    show_version(request, unit)
    return _show(unit)


def _find(request: ApiRequest, unit_id: UUID) -> Unit:
    rows = visible_to(request.person).select_related("parent")
    return get_object_or_404(rows, public_id=unit_id)
