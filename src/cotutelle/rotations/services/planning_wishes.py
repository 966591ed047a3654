"""Wishes and constraints of participants, stays held by hand, and events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.rotations.enums import CycleState, EventKind, WishKind
from cotutelle.rotations.models import (
    CurriculumBlock,
    Cycle,
    Participant,
    PlanEvent,
    StayPin,
    Ward,
    Wish,
)
from cotutelle.rotations.queries.planning_keys import parts_of
from cotutelle.rotations.queries.planning_months import first_day
from cotutelle.rotations.services.planning_cycles import require_alive
from cotutelle.rotations.task_kinds.planning import REPLAN
from cotutelle.workflow.services import close_tasks

_NEEDS_WARD = {WishKind.PREFER_WARD, WishKind.FORBID_WARD}
_NEEDS_HOSPITAL = {WishKind.PREFER_HOSPITAL, WishKind.FORBID_HOSPITAL}


@dataclass(frozen=True, slots=True)
class WishData:
    """What somebody wishes, or what binds them; periods are months of the cycle."""

    kind: str
    ward: Ward | None = None
    hospital: Unit | None = None
    first: int | None = None
    last: int | None = None
    weight: int = 1
    reason: str = ""
    source: str = ""


def wish_fault(data: WishData) -> tuple[str, str] | None:
    """Return what is missing in a wish as (field, sentence)."""
    if data.kind in _NEEDS_WARD and data.ward is None:
        return "ward", _("Choose a ward.")
    if data.kind in _NEEDS_HOSPITAL and data.hospital is None:
        return "hospital", _("Choose a hospital.")
    if data.kind in {WishKind.AWAY, WishKind.RESEARCH}:
        if data.first is None:
            return "first", _("Choose the first month.")
        if data.last is not None and data.last < data.first:
            return "last", _("The last month is before the first.")
    return None


@transaction.atomic
def add_wish(participant: Participant, data: WishData, *, actor: Person) -> Wish:
    """Keep a wish or a constraint. Refuses: ``wish.incomplete``, ``cycle.state``."""
    check(actor, "rotations.plan_cycle", participant)
    require_alive(participant.cycle)
    if fault := wish_fault(data):
        raise RuleViolation("wish.incomplete", fault[1], field=fault[0])
    with_months = data.kind in {WishKind.AWAY, WishKind.RESEARCH}
    wish = Wish.objects.create(
        participant=participant,
        kind=data.kind,
        ward=data.ward if data.kind in _NEEDS_WARD else None,
        hospital=data.hospital if data.kind in _NEEDS_HOSPITAL else None,
        first=data.first if with_months else None,
        last=(data.last if data.last is not None else data.first) if with_months else None,
        weight=data.weight,
        reason=data.reason.strip(),
        source=data.source,
        created_by=actor,
        created_at=now(),
    )
    record("rotations.wish.added", actor=actor, subject=wish, after={"kind": wish.kind})
    return wish


@transaction.atomic
def remove_wish(wish: Wish, *, actor: Person) -> None:
    """Forget a wish or a constraint."""
    check(actor, "rotations.plan_cycle", wish)
    record(
        "rotations.wish.removed",
        actor=actor,
        subject=wish.participant,
        before={"kind": wish.kind},
    )
    wish.delete()


@dataclass(frozen=True, slots=True)
class PinData:
    """A stay to hold: which part of which block, where, from which period."""

    block: CurriculumBlock
    part: int
    ward: Ward
    start: int
    reason: str = ""


@transaction.atomic
def set_pin(participant: Participant, data: PinData, *, actor: Person) -> StayPin:
    """
    Hold a stay for the plans to come; an earlier pin of the same part is replaced.

    Refuses: ``pin.block`` (not of this curriculum), ``cycle.state``.
    """
    check(actor, "rotations.plan_cycle", participant)
    require_alive(participant.cycle)
    numbers = {part.number for part in parts_of(data.block)}
    if data.block.curriculum_id != participant.curriculum_id or data.part not in numbers:
        raise RuleViolation("pin.block", _("This block is not part of their curriculum."))
    pin, _made = StayPin.objects.update_or_create(
        participant=participant,
        block=data.block,
        part=data.part,
        defaults={
            "ward": data.ward,
            "start": data.start,
            "reason": data.reason.strip(),
            "created_by": actor,
            "created_at": now(),
        },
    )
    record("rotations.pin.set", actor=actor, subject=participant, after=_pin_json(pin))
    return pin


@transaction.atomic
def remove_pin(pin: StayPin, *, actor: Person) -> None:
    """Let plans move a stay again."""
    check(actor, "rotations.plan_cycle", pin.participant)
    record("rotations.pin.removed", actor=actor, subject=pin.participant, before=_pin_json(pin))
    pin.delete()


def _pin_json(pin: StayPin) -> dict[str, str]:
    start = first_day(pin.participant.cycle, pin.start)
    return {"block": pin.block.code, "ward": pin.ward.code, "start": str(start)}


@dataclass(frozen=True, slots=True)
class EventData:
    """What happened; ``upper`` is how many places a ward has left."""

    kind: str
    first: int
    last: int | None = None
    ward: Ward | None = None
    participant: Participant | None = None
    agreement: Any = None
    upper: int | None = None
    note: str = ""
    source: str = ""


def _event_fault(data: EventData) -> tuple[str, str] | None:
    ward_kinds = {EventKind.WARD_PLACES, EventKind.WARD_CLOSES}
    if data.kind in ward_kinds and data.ward is None:
        return "ward", _("Choose a ward.")
    if data.kind == EventKind.WARD_PLACES and data.upper is None:
        return "upper", _("Say how many places are left.")
    people_kinds = {EventKind.TRAINEE_AWAY, EventKind.TRAINEE_LEAVES}
    if data.kind in people_kinds and data.participant is None:
        return "participant", _("Choose a trainee.")
    if data.kind == EventKind.AGREEMENT_ENDS and data.agreement is None:
        return "agreement", _("Choose an agreement.")
    if data.last is not None and data.last < data.first:
        return "last", _("The last month is before the first.")
    return None


@transaction.atomic
def record_event(cycle: Cycle, data: EventData, *, actor: Person | None) -> PlanEvent:
    """
    Keep what happened to a published plan; a re-plan takes it into account.

    ``actor`` is ``None`` for what other rooms report (leave). Somebody who leaves is marked so.
    Refuses: ``event.incomplete``, ``cycle.state`` (not published).
    """
    if actor is not None:
        check(actor, "rotations.plan_cycle", cycle)
    cycle = Cycle.objects.select_for_update(of=("self",)).select_related("unit").get(pk=cycle.pk)
    if cycle.state != CycleState.PUBLISHED:
        raise RuleViolation("cycle.state", _("Only a published plan is hit by events."))
    if fault := _event_fault(data):
        raise RuleViolation("event.incomplete", fault[1], field=fault[0])
    event = PlanEvent.objects.create(
        cycle=cycle,
        kind=data.kind,
        ward=data.ward,
        participant=data.participant,
        agreement=data.agreement,
        first=data.first,
        last=data.last,
        upper=data.upper,
        note=data.note.strip(),
        source=data.source,
        created_by=actor,
        created_at=now(),
    )
    if data.kind == EventKind.TRAINEE_LEAVES and data.participant is not None:
        data.participant.left_on = first_day(cycle, data.first)
        data.participant.save(update_fields=["left_on"])
    record(
        "rotations.event.recorded",
        actor=actor,
        subject=cycle,
        after={
            "kind": data.kind,
            "first": str(first_day(cycle, data.first)),
            "note": event.note,
        },
    )
    return event


@transaction.atomic
def remove_event(event: PlanEvent, *, actor: Person) -> None:
    """
    Take back an event that no published plan has answered. Refuses: ``event.settled``.

    Whoever left by an earlier event has still left.
    """
    check(actor, "rotations.plan_cycle", event.cycle)
    Cycle.objects.select_for_update().get(pk=event.cycle_id)
    event.refresh_from_db(fields=["settled_at"])
    if event.settled_at is not None:
        raise RuleViolation("event.settled", _("A published plan has answered this event."))
    if event.kind == EventKind.TRAINEE_LEAVES and event.participant is not None:
        others = event.participant.events.filter(kind=EventKind.TRAINEE_LEAVES).exclude(pk=event.pk)
        told = others.order_by("-created_at", "-id").first()
        event.participant.left_on = first_day(event.cycle, told.first) if told else None
        event.participant.save(update_fields=["left_on"])
    record("rotations.event.removed", actor=actor, subject=event.cycle, before={"kind": event.kind})
    event.delete()
    close_replanning(event.cycle)


def close_replanning(cycle: Cycle) -> None:
    """Close the task to re-plan once no event is left that a plan has to answer."""
    if not cycle.events.filter(settled_at__isnull=True).exists():
        close_tasks(cycle, REPLAN, cancelled=True)
