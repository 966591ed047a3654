"""People and their roles."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.rooms.units import find_unit
from cotutelle.api.v1.values import (
    Day,
    Email,
    Id,
    In,
    Named,
    Out,
    PageQuery,
    SearchQuery,
    Text40,
    Text100,
    Text150,
    named,
    sent,
)
from cotutelle.api.v1.versions import require_version, show_version
from cotutelle.core.access import check
from cotutelle.people.enums import Role
from cotutelle.people.models import Person, RoleGrant
from cotutelle.people.queries import grants_visible_to, holding, search, visible_to, with_roles
from cotutelle.people.services import change_person, create_person, end_grant, grant_role

room = Room("people")


class PersonOut(Out):
    """Somebody the consortium knows. Identity numbers never leave by this way."""

    id: UUID
    username: str
    number: str
    name: str
    name_zh: str
    name_en: str
    email: str
    phone: str
    gender: str
    language: str
    time_zone: str
    is_active: bool
    unit: Named | None
    roles: list[Role]


class PersonChange(In):
    """What offices may change of a person."""

    unit: Id | None = None
    username: Text150 = ""
    number: Text40 = ""
    name_zh: Text100 = ""
    name_en: Text150 = ""
    email: Email = ""
    phone: Text40 = ""
    gender: Literal["", "female", "male"] = ""
    language: Literal["zh-hans", "en"] = "zh-hans"
    time_zone: Text40 = "Asia/Shanghai"


class PersonNew(PersonChange):
    """A person to be created in `unit`; without `username` the number makes one."""

    unit: Id


class PersonQuery(SearchQuery):
    """Which people."""

    role: Role | Literal[""] = ""


def _show(person: Person) -> PersonOut:
    grants = getattr(person, "grants_today", None)
    return PersonOut(
        id=person.public_id,
        username=person.username,
        number=person.number,
        name=person.display_name,
        name_zh=person.name_zh,
        name_en=person.name_en,
        email=person.email,
        phone=person.phone,
        gender=person.gender,
        language=person.language,
        time_zone=person.time_zone,
        is_active=person.is_active,
        unit=named(person.unit) if person.unit else None,
        roles=sorted({Role(g.role) for g in grants})
        if grants is not None
        else sorted(person.roles),
    )


@room.get("/people", Page[PersonOut], permission="people.view_people")
def list_people(request: ApiRequest, query: Query[PersonQuery]) -> Page[PersonOut]:
    """List the people of the caller's units."""
    rows = search(visible_to(request.person), query.q)
    if query.role:
        rows = holding(rows, query.role)
    return page_of(with_roles(rows), query, _show)


@room.post("/people", PersonOut, permission="people.change_person")
def create_a_person(request: ApiRequest, body: PersonNew) -> PersonOut:
    """Create a person, who cannot sign in before a password is set."""
    person = create_person(actor=request.person, **_values(body))
    set_header(request, "Location", f"/api/v1/people/{person.public_id}")
    show_version(request, person)
    return _show(person)


@room.get("/people/{uuid:person_id}", PersonOut, permission="people.view_person")
def get_person(request: ApiRequest, person_id: UUID) -> PersonOut:
    """Read a person."""
    person = _find(request, person_id)
    show_version(request, person)
    return _show(person)


@room.change("/people/{uuid:person_id}", PersonOut, permission="people.change_person")
def change_a_person(request: ApiRequest, person_id: UUID, body: PersonChange) -> PersonOut:
    """Change a person; another `unit` needs the permission on both."""
    person = require_version(request, _find(request, person_id))
    person = change_person(person, actor=request.person, **_values(body))
    show_version(request, person)
    return _show(person)


def _find(request: ApiRequest, person_id: UUID) -> Person:
    return get_object_or_404(visible_to(request.person), public_id=person_id)


def _values(body: PersonChange) -> dict[str, Any]:
    values = sent(body)
    unit = values.pop("unit", None)
    return {**values, "unit": find_unit(unit)} if unit else values


# ---------------------------------------------------------------- roles


class GrantOut(Out):
    """A role on a unit and all below it, for a period with both its days."""

    id: UUID
    person: Named
    role: Role
    unit: Named
    starts_on: dt.date
    ends_on: dt.date | None


class GrantNew(In):
    """A role to be given, from today unless `starts_on`."""

    role: Role
    unit: Id
    starts_on: Day | None = None
    ends_on: Day | None = None


class GrantEnd(In):
    """The last day of a role; yesterday without one."""

    ends_on: Day | None = None


def _grant(grant: RoleGrant) -> GrantOut:
    return GrantOut(
        id=grant.public_id,
        person=named(grant.person),
        role=Role(grant.role),
        unit=named(grant.unit),
        starts_on=grant.starts_on,
        ends_on=grant.ends_on,
    )


@room.get("/people/{uuid:person_id}/roles", Page[GrantOut], permission="people.view_person")
def list_roles(request: ApiRequest, person_id: UUID, query: Query[PageQuery]) -> Page[GrantOut]:
    """List all roles a person has ever held."""
    person = _find(request, person_id)
    check(request.person, "people.view_person", person)
    rows = RoleGrant.objects.filter(person=person).select_related("person", "unit")
    return page_of(rows, query, _grant)


@room.post("/people/{uuid:person_id}/roles", GrantOut, permission="people.grant_role")
def give_role(request: ApiRequest, person_id: UUID, body: GrantNew) -> GrantOut:
    """Give a role."""
    person = _find(request, person_id)
    given = grant_role(
        person,
        body.role,
        find_unit(body.unit),
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        actor=request.person,
    )
    return _grant(given)


@room.get("/roles", Page[GrantOut], permission="people.grant_role")
def list_all_roles(request: ApiRequest, query: Query[PageQuery]) -> Page[GrantOut]:
    """List the roles on the units on which the caller gives roles."""
    return page_of(grants_visible_to(request.person), query, _grant)


@room.act("/roles/{uuid:grant_id}/end", GrantOut, permission="people.grant_role")
def end_role(request: ApiRequest, grant_id: UUID, body: GrantEnd) -> GrantOut:
    """End a role; one that would end before it began is taken away."""
    grant = get_object_or_404(grants_visible_to(request.person), public_id=grant_id)
    require_version(request, grant)
    shown = _grant(grant)
    end_grant(grant, actor=request.person, ends_on=body.ends_on)
    left = RoleGrant.objects.filter(pk=grant.pk).select_related("person", "unit").first()
    return _grant(left) if left else shown


@room.get("/roles/{uuid:grant_id}", GrantOut, permission="people.grant_role")
def get_role(request: ApiRequest, grant_id: UUID) -> GrantOut:
    """Read a role somebody holds or held."""
    grant = get_object_or_404(grants_visible_to(request.person), public_id=grant_id)
    show_version(request, grant)
    return _grant(grant)
