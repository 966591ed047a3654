"""Planning rotations: move stays of a computed plan, review it and publish it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.rooms.planner import (
    RotationScenarioFull,
    find_scenario,
    find_ward,
    opened_or_404,
    show_full,
)
from cotutelle.api.v1.values import Day, Id, In, Named, Out, Text100, named
from cotutelle.api.v1.versions import require_version
from cotutelle.core.errors import RuleViolation
from cotutelle.engines.rotation import RotationProblem, Violation
from cotutelle.rotations.queries.planning_keys import ward_key
from cotutelle.rotations.queries.planning_months import first_day, period_of
from cotutelle.rotations.queries.planning_names import Names
from cotutelle.rotations.queries.planning_review import (
    in_force_digest,
    review_of,
)
from cotutelle.rotations.queries.planning_scenarios import (
    Stays,
    newly_broken,
)
from cotutelle.rotations.queries.planning_words import loads_of, violation_text
from cotutelle.rotations.services import planning_scenarios as services
from cotutelle.rotations.services.planning_publication import publish_scenario

room = Room("rotations")
SHOWN = 500


class MoveQuery(In):
    """A stay and where it would go, from the month in which the day lies."""

    trainee: Id
    block: Text100
    ward: Id
    month: Day


class MoveBody(MoveQuery):
    """A stay and where it goes, from the month in which the day lies."""


class BrokenOut(Out):
    """A rule that a plan breaks: a stable code, and a sentence."""

    code: str
    sentence: str
    trainee: UUID | None
    month: dt.date | None


class BrokenList(Out):
    """Rules that would be broken and are not yet."""

    broken: list[BrokenOut]


class PlanChangeOut(Out):
    """A month in which publication changes a trainee's ward."""

    trainee: Named
    month: dt.date
    before: Named | None
    after: Named | None


class PlanReviewOut(Out):
    """
    A computed plan beside the one in force and today's rules.

    ``is_changed``: the data changed since the computation. ``revision`` and ``in_force`` are
    sent back to publish exactly what was reviewed.
    """

    revision: int
    in_force: str
    is_sound: bool
    is_changed: bool
    concerned: int
    changed_months: int
    broken: list[BrokenOut]
    changes: list[PlanChangeOut]


class PlanPublicationNew(In):
    """What the review said."""

    revision: Annotated[int, Field(strict=True, ge=0, le=2_000_000_000)]
    in_force: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\u0000]*$")]


class PlanPublicationOut(Out):
    """How many trainees' plans changed; they were told."""

    concerned: int
    scenario: RotationScenarioFull


def _broken(
    violations: Iterable[Violation], names: Names, problem: RotationProblem, stays: Stays
) -> list[BrokenOut]:
    loads = loads_of(problem, stays)
    return [
        BrokenOut(
            code=one.code,
            sentence=violation_text(one, names, problem, loads),
            trainee=UUID(one.trainee) if one.trainee else None,
            month=None if one.period is None else first_day(names.cycle, one.period),
        )
        for one in list(violations)[:SHOWN]
    ]


# ---------------------------------------------------------------- moves by hand


@room.get(
    "/rotation-scenarios/{uuid:plan_scenario_id}/move-check",
    BrokenList,
    permission="rotations.plan_cycle",
)
def check_a_move(
    request: ApiRequest, plan_scenario_id: UUID, query: Query[MoveQuery]
) -> BrokenList:
    """Say which rules a move would break that are not broken yet; nothing is changed."""
    found = find_scenario(request, plan_scenario_id, "rotations.plan_cycle")
    opened, names = opened_or_404(found), Names(found.cycle)
    id_, start = str(query.trainee), period_of(found.cycle, query.month)
    trainee = next((t for t in opened.problem.trainees if t.id == id_), None)
    months = {b.id: b.months for b in trainee.blocks} if trainee else {}
    if query.block not in months or not 0 <= start < opened.problem.horizon:
        text = _("There is no such block, ward or month.")
        raise RuleViolation("scenario.block", text, status=422, field="block")
    ward = ward_key(find_ward(names, query.ward))
    own = services.moved(opened.stays.get(id_, ()), query.block, ward, start, months)
    after = opened.stays | {id_: tuple(own)}
    fresh = newly_broken(opened.problem, after, opened.violations)
    return BrokenList(broken=_broken(fresh, names, opened.problem, after))


@room.act(
    "/rotation-scenarios/{uuid:plan_scenario_id}/moves",
    RotationScenarioFull,
    permission="rotations.plan_cycle",
)
def move_a_stay(
    request: ApiRequest, plan_scenario_id: UUID, body: MoveBody
) -> RotationScenarioFull:
    """
    Move a stay by hand; rules that the plan then breaks are counted in `violations`.

    Where another stay of the same length lies in the new months, the two change places.
    Refuses: `scenario.state`, `scenario.block`, `ward.unknown`.
    """
    found = require_version(
        request, find_scenario(request, plan_scenario_id, "rotations.plan_cycle")
    )
    opened_or_404(found)
    services.move_stay(
        found,
        str(body.trainee),
        body.block,
        ward=ward_key(find_ward(Names(found.cycle), body.ward)),
        start=period_of(found.cycle, body.month),
        revision=found.revision,
        actor=request.person,
    )
    return show_full(request, found)


@room.act(
    "/rotation-scenarios/{uuid:plan_scenario_id}/undo",
    RotationScenarioFull,
    permission="rotations.plan_cycle",
)
def undo_a_move(request: ApiRequest, plan_scenario_id: UUID) -> RotationScenarioFull:
    """Take the last move back. Refuses: `scenario.state`, `scenario.no_edit`."""
    found = require_version(
        request, find_scenario(request, plan_scenario_id, "rotations.plan_cycle")
    )
    services.undo_edit(found, actor=request.person)
    return show_full(request, found)


@room.act(
    "/rotation-scenarios/{uuid:plan_scenario_id}/redo",
    RotationScenarioFull,
    permission="rotations.plan_cycle",
)
def redo_a_move(request: ApiRequest, plan_scenario_id: UUID) -> RotationScenarioFull:
    """Make the move again that was taken back last. Refuses as undo."""
    found = require_version(
        request, find_scenario(request, plan_scenario_id, "rotations.plan_cycle")
    )
    services.redo_edit(found, actor=request.person)
    return show_full(request, found)


# ---------------------------------------------------------------- publication


@room.get(
    "/rotation-scenarios/{uuid:plan_scenario_id}/review",
    PlanReviewOut,
    permission="rotations.publish_plan",
)
def review_a_plan(request: ApiRequest, plan_scenario_id: UUID) -> PlanReviewOut:
    """Read what publication would change for whom, and which rules of today stand against it."""
    found = find_scenario(request, plan_scenario_id, "rotations.publish_plan")
    opened_or_404(found)
    seen, names = review_of(found), Names(found.cycle)
    stays = seen.opened.stays

    def ward(key: str | None) -> Named | None:
        return named(names.wards[key]) if key in names.wards else None

    return PlanReviewOut(
        revision=found.revision,
        in_force=in_force_digest(found.cycle),
        is_sound=seen.is_sound,
        is_changed=seen.is_changed,
        concerned=len(seen.concerned),
        changed_months=len(seen.moves),
        broken=_broken(seen.broken, names, seen.present, stays) if seen.present else [],
        changes=[
            PlanChangeOut(
                trainee=Named(id=UUID(move.trainee), name=names.person(move.trainee)),
                month=first_day(found.cycle, move.period),
                before=ward(move.before),
                after=ward(move.after),
            )
            for move in seen.moves
        ],
    )


@room.post(
    "/rotation-scenarios/{uuid:plan_scenario_id}/publication",
    PlanPublicationOut,
    permission="rotations.publish_plan",
    status=200,
)
def publish_a_plan(
    request: ApiRequest, plan_scenario_id: UUID, body: PlanPublicationNew
) -> PlanPublicationOut:
    """
    Put a plan in force and tell whom it concerns; it is checked once more.

    Refuses: `scenario.state`, `scenario.stale` (not as it was reviewed), `plan.broken`,
    `plan.elsewhere`, `cycle.state`.
    """
    found = find_scenario(request, plan_scenario_id, "rotations.publish_plan")
    count = publish_scenario(
        found, revision=body.revision, seen=body.in_force, actor=request.person
    )
    return PlanPublicationOut(concerned=count, scenario=show_full(request, found))
