"""Planning rotations: compute a plan, follow and stop it, hold stays."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room, set_header
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.rooms.rotations import RotationScenarioOut, find_cycle, show_scenario
from cotutelle.api.v1.values import Day, Id, In, Named, Out, PageQuery, Text100, Text200, named
from cotutelle.api.v1.versions import show_version
from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.rotations.models import Cycle, Participant, Scenario, StayPin, Ward
from cotutelle.rotations.queries import planning as queries
from cotutelle.rotations.queries.planning_keys import Part, key_of, trainee_key
from cotutelle.rotations.queries.planning_months import first_day, last_day, period_of
from cotutelle.rotations.queries.planning_names import Names
from cotutelle.rotations.queries.planning_review import (
    published_scenario,
)
from cotutelle.rotations.queries.planning_scenarios import (
    Opened,
    open_scenario,
)
from cotutelle.rotations.services import planning_scenarios as services
from cotutelle.rotations.services.planning_wishes import PinData, remove_pin, set_pin

room = Room("rotations")
Seconds = Annotated[int, Field(strict=True, ge=1, le=600)]


class RotationScenarioNew(In):
    """A plan from scratch, or a re-plan of what is in force; without seconds, as the rules say."""

    kind: Literal["plan", "replan"] = "plan"
    name: Text100 = ""
    time_limit_seconds: Seconds | None = None


class CopyNew(In):
    """How the copy is called."""

    name: Text100 = ""


class ProgressOut(Out):
    """How far a computation is: best score so far, proven bound, seconds of how many."""

    stage: str
    score: int | None
    bound: float | None
    seconds: int
    limit: int


class RotationScenarioFull(RotationScenarioOut):
    """A computed plan with its progress; ``mean`` and ``worst`` are content in per cent."""

    plan: UUID
    revision: int
    time_limit_seconds: int | None
    is_stopping: bool
    progress: ProgressOut | None
    mean: int | None
    worst: int | None
    computed_at: dt.datetime | None


class PinOut(Out):
    """A stay that the next computation keeps; ``block`` names the part of a block."""

    block: str
    ward: Named
    starts_on: dt.date
    reason: str


class TraineeOut(Out):
    """Somebody who takes part in a plan; without ``last_month`` as curriculum and rules say."""

    id: UUID
    student: Named
    curriculum: Named
    first_month: dt.date
    last_month: dt.date | None
    left_on: dt.date | None
    pins: list[PinOut]


class PinNew(In):
    """A stay to hold, from the month in which the day lies."""

    block: Text100
    ward: Id
    month: Day
    reason: Text200 = ""


class PinGone(In):
    """Which part of a block is held no longer."""

    block: Text100


class PlannedStayOut(Out):
    """A stay of a computed plan; both days are included."""

    block: str
    department: str
    ward: Named | None
    starts_on: dt.date
    ends_on: dt.date


class TraineePlanOut(Out):
    """The stays of one trainee in a computed plan; points of their own, and alone at best."""

    trainee: Named
    points: int | None
    best_points: int | None
    stays: list[PlannedStayOut]


# ---------------------------------------------------------------- finding and showing


def find_scenario(request: ApiRequest, scenario_id: UUID, permission: str) -> Scenario:
    """Return a scenario that the caller may see, and check ``permission`` on its plan."""
    rows = queries.scenarios_visible_to(request.person)
    found: Scenario = get_object_or_404(rows, public_id=scenario_id)
    check(request.person, permission, found.cycle)
    return found


def opened_or_404(found: Scenario) -> Opened:
    """Read a scenario in which there is a plan."""
    if not found.stays:
        raise Http404
    return open_scenario(found)


def find_trainee(request: ApiRequest, trainee_id: UUID, permission: str) -> Participant:
    """Return a trainee of a plan that the caller may see, and check ``permission`` on them."""
    rows = queries.participants_visible_to(request.person)
    found: Participant = get_object_or_404(rows, public_id=trainee_id)
    check(request.person, permission, found)
    return found


def show_full(request: ApiRequest, found: Scenario) -> RotationScenarioFull:
    """Show a scenario as the database has it, with its version."""
    found.refresh_from_db()
    show_version(request, found)
    outcome, progress = found.outcome, found.progress
    return RotationScenarioFull(
        **show_scenario(found).model_dump(),
        plan=found.cycle.public_id,
        revision=found.revision,
        time_limit_seconds=found.rules.get("time_limit"),
        is_stopping=found.is_stopping,
        progress=ProgressOut(**{n: progress.get(n) for n in ProgressOut.model_fields})
        if progress
        else None,
        mean=outcome.get("mean"),
        worst=outcome.get("worst"),
        computed_at=found.computed_at,
    )


def _pin(cycle: Cycle, pin: StayPin) -> PinOut:
    return PinOut(
        block=key_of(pin.block, pin.part),
        ward=named(pin.ward),
        starts_on=first_day(cycle, pin.start),
        reason=pin.reason,
    )


def find_ward(names: Names, ward_id: UUID) -> Ward:
    """Return the ward of an id."""
    found = next((w for w in names.wards.values() if w.public_id == ward_id), None)
    if found is None:
        raise RuleViolation("ward.unknown", _("There is no such ward."), status=422, field="ward")
    return found


def _part(names: Names, trainee: Participant, block: str) -> Part:
    part = names.part(trainee_key(trainee), block)
    if part is None:
        text = _("This block is not part of their curriculum.")
        raise RuleViolation("pin.block", text, status=422, field="block")
    return part


# ---------------------------------------------------------------- computing


@room.get(
    "/rotation-plans/{uuid:cycle_id}/scenarios",
    Page[RotationScenarioOut],
    permission="rotations.view_board",
)
def list_scenarios_of_plan(
    request: ApiRequest, cycle_id: UUID, query: Query[PageQuery]
) -> Page[RotationScenarioOut]:
    """List the computed scenarios of a rotation plan."""
    found = find_cycle(request, cycle_id, "rotations.view_board")
    return page_of(found.scenarios.order_by("-id"), query, show_scenario)


@room.post(
    "/rotation-plans/{uuid:cycle_id}/scenarios",
    RotationScenarioFull,
    permission="rotations.plan_cycle",
    status=202,
)
def compute_a_plan(
    request: ApiRequest, cycle_id: UUID, body: RotationScenarioNew
) -> RotationScenarioFull:
    """
    Compute a plan, or re-plan what is in force with few changes, as a job.

    Read the scenario to follow it. Refuses: `cycle.state`, `cycle.empty`, `scenario.running`.
    """
    found = find_cycle(request, cycle_id, "rotations.plan_cycle")
    replans = body.kind == "replan"
    made = services.request_scenario(
        found,
        kind=body.kind,
        name=body.name,
        base=published_scenario(found) if replans else None,
        time_limit=body.time_limit_seconds,
        actor=request.person,
    )
    set_header(request, "Location", f"/api/v1/rotation-scenarios/{made.public_id}")
    return show_full(request, made)


@room.get(
    "/rotation-scenarios/{uuid:plan_scenario_id}",
    RotationScenarioFull,
    permission="rotations.view_board",
)
def get_plan_scenario(request: ApiRequest, plan_scenario_id: UUID) -> RotationScenarioFull:
    """Read a scenario: its state, how far its computation is, what its plan is worth."""
    return show_full(request, find_scenario(request, plan_scenario_id, "rotations.view_board"))


@room.post(
    "/rotation-scenarios/{uuid:plan_scenario_id}/stop",
    RotationScenarioFull,
    permission="rotations.plan_cycle",
    status=200,
)
def stop_computing_a_plan(request: ApiRequest, plan_scenario_id: UUID) -> RotationScenarioFull:
    """Stop the computation and keep the best plan so far. Refuses: `scenario.over`."""
    found = find_scenario(request, plan_scenario_id, "rotations.plan_cycle")
    services.stop_scenario(found, actor=request.person)
    return show_full(request, found)


@room.post(
    "/rotation-scenarios/{uuid:plan_scenario_id}/copies",
    RotationScenarioFull,
    permission="rotations.plan_cycle",
)
def copy_a_plan(request: ApiRequest, plan_scenario_id: UUID, body: CopyNew) -> RotationScenarioFull:
    """Copy a computed plan to move its stays by hand. Refuses: `scenario.state`."""
    found = find_scenario(request, plan_scenario_id, "rotations.plan_cycle")
    made = services.copy_scenario(found, name=body.name, actor=request.person)
    set_header(request, "Location", f"/api/v1/rotation-scenarios/{made.public_id}")
    return show_full(request, made)


@room.get(
    "/rotation-scenarios/{uuid:plan_scenario_id}/stays",
    Page[TraineePlanOut],
    permission="rotations.view_board",
)
def list_planned_stays(
    request: ApiRequest, plan_scenario_id: UUID, query: Query[PageQuery]
) -> Page[TraineePlanOut]:
    """List the stays of a computed plan, trainee by trainee."""
    found = find_scenario(request, plan_scenario_id, "rotations.view_board")
    opened, names = opened_or_404(found), Names(found.cycle)
    months = {(t.id, b.id): b.months for t in opened.problem.trainees for b in t.blocks}
    points = found.outcome.get("satisfaction", {})

    def show(row: Participant) -> TraineePlanOut:
        id_ = trainee_key(row)
        own, best = points.get(id_, (None, None))
        return TraineePlanOut(
            trainee=Named(id=row.public_id, name=row.student.display_name),
            points=own,
            best_points=best,
            stays=[
                PlannedStayOut(
                    block=stay.block,
                    department=names.block(id_, stay.block),
                    ward=named(names.wards[stay.ward]) if stay.ward in names.wards else None,
                    starts_on=first_day(found.cycle, stay.start),
                    ends_on=last_day(
                        found.cycle, stay.start + months.get((id_, stay.block), 1) - 1
                    ),
                )
                for stay in opened.stays.get(id_, ())
            ],
        )

    rows = found.cycle.participants.select_related("student__person")
    return page_of(rows, query, show)


# ---------------------------------------------------------------- stays held


@room.get(
    "/rotation-plans/{uuid:cycle_id}/trainees", Page[TraineeOut], permission="rotations.view_board"
)
def list_trainees(request: ApiRequest, cycle_id: UUID, query: Query[PageQuery]) -> Page[TraineeOut]:
    """List who takes part in a rotation plan, with the stays that are held for them."""
    cycle = find_cycle(request, cycle_id, "rotations.view_board")

    def show(row: Participant) -> TraineeOut:
        return TraineeOut(
            id=row.public_id,
            student=named(row.student),
            curriculum=named(row.curriculum),
            first_month=first_day(cycle, row.first),
            last_month=None if row.last is None else first_day(cycle, row.last),
            left_on=row.left_on,
            pins=[_pin(cycle, pin) for pin in row.pins.all()],
        )

    rows = cycle.participants.select_related("student__person", "curriculum")
    return page_of(rows.prefetch_related("pins__block", "pins__ward"), query, show)


@room.post("/rotation-trainees/{uuid:trainee_id}/pins", PinOut, permission="rotations.plan_cycle")
def hold_a_stay(request: ApiRequest, trainee_id: UUID, body: PinNew) -> PinOut:
    """
    Hold a stay for the computations to come; an earlier one of the same part is replaced.

    Refuses: `pin.block`, `ward.unknown`, `pin.month`, `cycle.state`.
    """
    trainee = find_trainee(request, trainee_id, "rotations.plan_cycle")
    cycle, names = trainee.cycle, Names(trainee.cycle)
    part, ward = _part(names, trainee, body.block), find_ward(names, body.ward)
    start = period_of(cycle, body.month)
    if not 0 <= start < cycle.months:
        text = _("This month lies outside the plan.")
        raise RuleViolation("pin.month", text, status=422, field="month")
    data = PinData(part.block, part.number, ward, start, body.reason)
    return _pin(cycle, set_pin(trainee, data, actor=request.person))


@room.post(
    "/rotation-trainees/{uuid:trainee_id}/unpin",
    PinOut,
    permission="rotations.plan_cycle",
    status=200,
)
def release_a_stay(request: ApiRequest, trainee_id: UUID, body: PinGone) -> PinOut:
    """Let computations move a stay again. Refuses: `pin.block`, `pin.missing`."""
    trainee = find_trainee(request, trainee_id, "rotations.plan_cycle")
    part = _part(Names(trainee.cycle), trainee, body.block)
    pin = trainee.pins.filter(block=part.block, part=part.number).select_related("ward").first()
    if pin is None:
        raise RuleViolation("pin.missing", _("This stay is not held."), field="block")
    shown = _pin(trainee.cycle, pin)
    remove_pin(pin, actor=request.person)
    return shown
