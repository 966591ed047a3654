"""Rotation plans: cycles, their scenarios, and the stays in force."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query
from pydantic import WithJsonSchema

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.values import Named, Out, PageQuery, named
from cotutelle.core.access import check
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import CycleState, ScenarioKind, ScenarioState
from cotutelle.rotations.models import Cycle, Scenario, Stay
from cotutelle.rotations.queries import planning as queries

room = Room("rotations")
# Named apart from the state of a what-if: schemas of one name would replace each other.
RotationScenarioState = Annotated[
    ScenarioState, WithJsonSchema({"type": "string", "enum": [str(v) for v in ScenarioState]})
]


class CycleOut(Out):
    """A cohort planned together: so many months from the first day of one."""

    id: UUID
    name: str
    unit: Named
    starts_on: dt.date
    months: int
    trainees: int
    state: CycleState


class RotationScenarioOut(Out):
    """A computed plan; ``score`` and ``bound`` are points, ``gap`` is in per cent."""

    id: UUID
    number: int
    name: str
    kind: ScenarioKind
    state: RotationScenarioState
    score: int | None
    bound: float | None
    gap: float | None
    violations: int | None
    published_at: dt.datetime | None


class StayOut(Out):
    """A stay of the plan in force; both days are included."""

    id: UUID
    trainee: Named
    ward: Named
    hospital: Named
    department: str
    starts_on: dt.date
    ends_on: dt.date


def _cycle(row: Cycle) -> CycleOut:
    return CycleOut(
        id=row.public_id,
        name=row.display_name,
        unit=named(row.unit),
        starts_on=row.starts_on,
        months=row.months,
        trainees=getattr(row, "people", 0),
        state=CycleState(row.state),
    )


def show_scenario(row: Scenario) -> RotationScenarioOut:
    """Show a scenario as lists do."""
    outcome = row.outcome
    return RotationScenarioOut(
        id=row.public_id,
        number=row.number,
        name=row.name,
        kind=ScenarioKind(row.kind),
        state=ScenarioState(row.state),
        score=outcome.get("score"),
        bound=outcome.get("bound"),
        gap=outcome.get("gap"),
        violations=outcome.get("violations"),
        published_at=row.published_at,
    )


def _stay(row: Stay) -> StayOut:
    return StayOut(
        id=row.public_id,
        trainee=named(row.participant.student),
        ward=named(row.ward),
        hospital=named(row.ward.hospital),
        department=row.block.department.display_name if row.block else "",
        starts_on=row.starts_on,
        ends_on=row.ends_on,
    )


def find_cycle(request: ApiRequest, cycle_id: UUID, permission: str) -> Cycle:
    """Return a plan that the caller may see, and check ``permission`` on it."""
    found: Cycle = get_object_or_404(queries.cycles_visible_to(request.person), public_id=cycle_id)
    check(request.person, permission, found)
    return found


@room.get("/rotation-plans", Page[CycleOut], permission="rotations.view_cycles")
def list_rotation_plans(request: ApiRequest, query: Query[PageQuery]) -> Page[CycleOut]:
    """List the rotation plans of the caller's units."""
    return page_of(queries.cycles_visible_to(request.person), query, _cycle)


def _stays() -> tuple[str, ...]:
    return ("participant__student__person", "ward__hospital", "block__department")


@room.get("/rotation-plans/{uuid:cycle_id}/stays", Page[StayOut], permission="rotations.view_board")
def list_stays(request: ApiRequest, cycle_id: UUID, query: Query[PageQuery]) -> Page[StayOut]:
    """List the stays of the plan in force."""
    found = find_cycle(request, cycle_id, "rotations.view_board")
    rows = Stay.objects.filter(participant__cycle=found).select_related(*_stays())
    return page_of(rows.order_by("id"), query, _stay)


@room.get("/me/rotations", Page[StayOut], permission="rotations.view_own_plan")
def list_my_stays(request: ApiRequest, query: Query[PageQuery]) -> Page[StayOut]:
    """List the caller's own stays."""
    places = queries.current_participations(Student.objects.filter(person=request.person))
    rows = Stay.objects.filter(participant__in=places.order_by().values("pk"))
    return page_of(rows.select_related(*_stays()).order_by("id"), query, _stay)
