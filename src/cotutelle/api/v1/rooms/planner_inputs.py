"""Planning rotations: what trainees wish, what binds them, and what happens to a plan in force."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from cotutelle.agreements.models import Agreement
from cotutelle.agreements.queries import agreements_visible_to
from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.paging import Page, page_of
from cotutelle.api.v1.rooms.planner import find_trainee, find_ward
from cotutelle.api.v1.rooms.rotations import find_cycle
from cotutelle.api.v1.values import Day, Id, In, Named, Out, PageQuery, Text200, named
from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.rotations.enums import EventKind, WishKind
from cotutelle.rotations.models import Cycle, Participant, PlanEvent, Wish
from cotutelle.rotations.queries import planning as queries
from cotutelle.rotations.queries.planning_months import first_day, period_of
from cotutelle.rotations.queries.planning_names import Names
from cotutelle.rotations.services import planning_wishes as services
from cotutelle.rotations.services.planning_cycles import MANY_MONTHS

room = Room("rotations")
Weight = Annotated[int, Field(strict=True, ge=1, le=5)]
PlacesLeft = Annotated[int, Field(strict=True, ge=0, le=999)]


class WishOut(Out):
    """A wish, or what binds somebody; months are given by their first day."""

    id: UUID
    kind: WishKind
    ward: Named | None
    hospital: Named | None
    first_month: dt.date | None
    last_month: dt.date | None
    weight: int
    reason: str
    created_at: dt.datetime


class WishNew(In):
    """
    A wish or a constraint: with the ward, the hospital or the months that its kind asks for.

    Months are those in which the days lie; without ``last_month`` it is one month. A wish of
    weight 2 counts twice.
    """

    kind: WishKind
    ward: Id | None = None
    hospital: Id | None = None
    first_month: Day | None = None
    last_month: Day | None = None
    weight: Weight = 1
    reason: Text200 = ""


class PlanEventOut(Out):
    """What happened to a plan in force; ``settled_at`` is when a published plan answered it."""

    id: UUID
    kind: EventKind
    ward: Named | None
    places_left: int | None
    trainee: Named | None
    agreement: Named | None
    first_month: dt.date
    last_month: dt.date | None
    note: str
    reported_by: Named | None
    created_at: dt.datetime
    settled_at: dt.datetime | None


class PlanEventNew(In):
    """
    An event, with the ward, the trainee or the agreement that its kind asks for.

    Months are those in which the days lie; without ``last_month`` it holds for good.
    """

    kind: EventKind
    ward: Id | None = None
    places_left: PlacesLeft | None = None
    trainee: Id | None = None
    agreement: Id | None = None
    first_month: Day
    last_month: Day | None = None
    note: Text200 = ""


def _month(cycle: Cycle, day: dt.date | None, name: str, *, within: int, code: str) -> int | None:
    if day is None:
        return None
    period = period_of(cycle, day)
    if not 0 <= period < within:
        raise RuleViolation(code, _("This month lies outside the plan."), status=422, field=name)
    return period


def _day(cycle: Cycle, period: int | None) -> dt.date | None:
    return None if period is None else first_day(cycle, period)


# ---------------------------------------------------------------- wishes


def _wish(row: Wish) -> WishOut:
    cycle = row.participant.cycle
    return WishOut(
        id=row.public_id,
        kind=WishKind(row.kind),
        ward=named(row.ward) if row.ward else None,
        hospital=named(row.hospital) if row.hospital else None,
        first_month=_day(cycle, row.first),
        last_month=_day(cycle, row.last),
        weight=row.weight,
        reason=row.reason,
        created_at=row.created_at,
    )


def _hospital(hospital_id: UUID | None) -> Unit | None:
    if hospital_id is None:
        return None
    rows = Unit.objects.filter(hospital_wards__isnull=False, public_id=hospital_id)
    found: Unit | None = rows.first()
    if found is None:
        text = _("There is no such hospital.")
        raise RuleViolation("hospital.unknown", text, status=422, field="hospital")
    return found


@room.get(
    "/rotation-trainees/{uuid:trainee_id}/wishes", Page[WishOut], permission="rotations.view_board"
)
def list_wishes(request: ApiRequest, trainee_id: UUID, query: Query[PageQuery]) -> Page[WishOut]:
    """List what a trainee wishes and what binds them."""
    trainee = find_trainee(request, trainee_id, "rotations.view_board")
    rows = trainee.wishes.select_related("participant__cycle", "ward", "hospital")
    return page_of(rows.order_by("id"), query, _wish)


@room.post(
    "/rotation-trainees/{uuid:trainee_id}/wishes", WishOut, permission="rotations.plan_cycle"
)
def add_a_wish(request: ApiRequest, trainee_id: UUID, body: WishNew) -> WishOut:
    """
    Keep a wish or a constraint for the computations to come.

    Refuses: `wish.incomplete`, `wish.month`, `ward.unknown`, `hospital.unknown`, `cycle.state`.
    """
    trainee = find_trainee(request, trainee_id, "rotations.plan_cycle")
    cycle = trainee.cycle

    def month(name: str) -> int | None:
        return _month(cycle, getattr(body, name), name, within=cycle.months, code="wish.month")

    data = services.WishData(
        kind=body.kind,
        ward=find_ward(Names(cycle), body.ward) if body.ward else None,
        hospital=_hospital(body.hospital),
        first=month("first_month"),
        last=month("last_month"),
        weight=body.weight,
        reason=body.reason,
    )
    return _wish(services.add_wish(trainee, data, actor=request.person))


@room.post(
    "/rotation-wishes/{uuid:wish_id}/withdraw",
    WishOut,
    permission="rotations.plan_cycle",
    status=200,
)
def withdraw_a_wish(request: ApiRequest, wish_id: UUID) -> WishOut:
    """Forget a wish or a constraint; the answer says what it was."""
    rows = Wish.objects.filter(participant__in=queries.participants_visible_to(request.person))
    found: Wish = get_object_or_404(
        rows.select_related("participant__cycle__unit", "ward", "hospital"), public_id=wish_id
    )
    check(request.person, "rotations.plan_cycle", found)
    shown = _wish(found)
    services.remove_wish(found, actor=request.person)
    return shown


# ---------------------------------------------------------------- events


def _event(row: PlanEvent) -> PlanEventOut:
    who = row.participant
    return PlanEventOut(
        id=row.public_id,
        kind=EventKind(row.kind),
        ward=named(row.ward) if row.ward else None,
        places_left=row.upper,
        trainee=Named(id=who.public_id, name=who.student.display_name) if who else None,
        agreement=named(row.agreement) if row.agreement else None,
        first_month=first_day(row.cycle, row.first),
        last_month=_day(row.cycle, row.last),
        note=row.note,
        reported_by=named(row.created_by) if row.created_by else None,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )


def _of_the_plan(cycle: Cycle, trainee_id: UUID | None) -> Participant | None:
    if trainee_id is None:
        return None
    rows = cycle.participants.filter(left_on__isnull=True).select_related("student__person")
    found: Participant | None = rows.filter(public_id=trainee_id).first()
    if found is None:
        text = _("Nobody like this takes part in the plan.")
        raise RuleViolation("event.trainee", text, status=422, field="trainee")
    return found


def _agreement(request: ApiRequest, agreement_id: UUID | None) -> Agreement | None:
    if agreement_id is None:
        return None
    rows = agreements_visible_to(request.person)
    found: Agreement | None = rows.filter(public_id=agreement_id).first()
    if found is None:
        text = _("There is no such agreement.")
        raise RuleViolation("event.agreement", text, status=422, field="agreement")
    return found


@room.get(
    "/rotation-plans/{uuid:cycle_id}/events", Page[PlanEventOut], permission="rotations.view_board"
)
def list_plan_events(
    request: ApiRequest, cycle_id: UUID, query: Query[PageQuery]
) -> Page[PlanEventOut]:
    """List what happened to a plan in force, newest first."""
    found = find_cycle(request, cycle_id, "rotations.view_board")
    rows = queries.events_visible_to(request.person).filter(cycle=found)
    return page_of(rows.select_related("created_by"), query, _event, newest_first=True)


@room.post(
    "/rotation-plans/{uuid:cycle_id}/events", PlanEventOut, permission="rotations.plan_cycle"
)
def report_an_event(request: ApiRequest, cycle_id: UUID, body: PlanEventNew) -> PlanEventOut:
    """
    Keep what happened to a plan in force; then compute a scenario of kind `replan` to answer it.

    Refuses: `event.incomplete`, `event.month`, `event.trainee`, `event.agreement`,
    `ward.unknown`, `cycle.state` (not published).
    """
    found = find_cycle(request, cycle_id, "rotations.plan_cycle")

    def month(name: str) -> int | None:
        return _month(found, getattr(body, name), name, within=MANY_MONTHS, code="event.month")

    data = services.EventData(
        kind=body.kind,
        first=month("first_month") or 0,
        last=month("last_month"),
        ward=find_ward(Names(found), body.ward) if body.ward else None,
        participant=_of_the_plan(found, body.trainee),
        agreement=_agreement(request, body.agreement),
        upper=body.places_left,
        note=body.note,
    )
    return _event(services.record_event(found, data, actor=request.person))


@room.post(
    "/rotation-events/{uuid:event_id}/withdraw",
    PlanEventOut,
    permission="rotations.plan_cycle",
    status=200,
)
def withdraw_an_event(request: ApiRequest, event_id: UUID) -> PlanEventOut:
    """Take back an event that no published plan has answered. Refuses: `event.settled`."""
    rows = queries.events_visible_to(request.person).select_related("created_by")
    found: PlanEvent = get_object_or_404(rows, public_id=event_id)
    check(request.person, "rotations.plan_cycle", found.cycle)
    shown = _event(found)
    services.remove_event(found, actor=request.person)
    return shown
