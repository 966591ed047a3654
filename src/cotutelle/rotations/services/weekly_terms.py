"""Terms and rooms, and when people are taken in a week of a term."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.rotations.enums import BusyKind, TermState
from cotutelle.rotations.models import MeetingRoom, Term, WeeklyBusy
from cotutelle.rotations.queries.weekly_grid import Grid, grid_fault, minutes_of, time_of

LONGEST_DAYS = 400
SLOT_MINUTES = (15, 30, 45, 60, 90, 120)


@dataclass(frozen=True, slots=True)
class TermData:
    """What a term is: names, first and last day, and the grid of its week."""

    name_zh: str
    starts_on: dt.date
    ends_on: dt.date
    name_en: str = ""
    weekdays: int = 5
    day_starts: dt.time = dt.time(8)
    day_ends: dt.time = dt.time(18)
    break_starts: dt.time | None = dt.time(12)
    break_ends: dt.time | None = dt.time(14)
    slot_minutes: int = 60


@transaction.atomic
def save_term(
    data: TermData, *, actor: Person, unit: Unit | None = None, term: Term | None = None
) -> Term:
    """
    Prepare a term of ``unit``, or change ``term``.

    Refuses: ``term.dates``, ``term.grid``, ``term.name`` (taken), ``term.state`` (archived, or
    the grid of a published term).
    """
    owner = term.unit if term is not None else unit
    if owner is None:
        raise ValueError("unit: a new term needs one")
    check(actor, "rotations.plan_week", owner)
    made = term or Term(unit=owner)
    before = _grid_of(made)
    for name, value in asdict(data).items():
        setattr(made, name, value)
    _require_sound(made)
    if term is not None:
        _require_changeable(made, before)
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError:
        raise RuleViolation(
            "term.name", _("This unit has a term of this name."), field="name_zh"
        ) from None
    record(
        "rotations.term.changed" if term else "rotations.term.created",
        actor=actor,
        subject=made,
        after={
            "name": made.name_zh,
            "starts_on": str(made.starts_on),
            "ends_on": str(made.ends_on),
        },
    )
    return made


_GRID = (
    "starts_on", "ends_on", "weekdays", "day_starts", "day_ends", "break_starts", "break_ends",
    "slot_minutes",
)  # fmt: skip


def _grid_of(term: Term) -> dict[str, Any]:
    return {name: getattr(term, name) for name in _GRID}


def _require_changeable(term: Term, before: Mapping[str, Any]) -> None:
    require_open(term)
    if term.state == TermState.PUBLISHED and before != _grid_of(term):
        raise RuleViolation(
            "term.state", _("The week of this term is published: its dates and grid stay.")
        )


def _require_sound(term: Term) -> None:
    if not dt.timedelta(0) < term.ends_on - term.starts_on <= dt.timedelta(days=LONGEST_DAYS):
        raise RuleViolation(
            "term.dates", _("A term ends after it begins, at most 400 days later."), field="ends_on"
        )
    if term.slot_minutes not in SLOT_MINUTES:
        raise RuleViolation("term.grid", _("Choose a length of slots."), field="slot_minutes")
    if term.day_ends <= term.day_starts:
        raise RuleViolation("term.grid", _("The day ends after it begins."), field="day_ends")
    if fault := grid_fault(term):
        raise RuleViolation("term.grid", fault, field="break_starts")


@transaction.atomic
def archive_term(term: Term, *, actor: Person) -> None:
    """Put a term away; its meetings stay. Refuses: ``term.state``."""
    check(actor, "rotations.plan_week", term)
    moved = Term.objects.filter(pk=term.pk).exclude(state=TermState.ARCHIVED)
    if not moved.update(state=TermState.ARCHIVED):
        raise RuleViolation("term.state", _("This term is archived."))
    term.refresh_from_db()
    record("rotations.term.archived", actor=actor, subject=term)


def require_open(term: Term) -> None:
    """Refuse with ``term.state`` what is archived."""
    if term.state == TermState.ARCHIVED:
        raise RuleViolation("term.state", _("This term is archived."))


@dataclass(frozen=True, slots=True)
class RoomData:
    """A room: names, seats (``None``: enough), whether remote people can join."""

    name_zh: str
    name_en: str = ""
    seats: int | None = None
    has_remote: bool = False
    is_archived: bool = False


@transaction.atomic
def save_room(
    data: RoomData, *, actor: Person, unit: Unit | None = None, room: MeetingRoom | None = None
) -> MeetingRoom:
    """Add a room of ``unit``, or change ``room``. Refuses: ``room.name`` (taken)."""
    made = room or MeetingRoom(unit=unit)
    check(actor, "rotations.keep_meeting_rooms", made)
    for name, value in asdict(data).items():
        setattr(made, name, value)
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError:
        raise RuleViolation(
            "room.name", _("This unit has a room of this name."), field="name_zh"
        ) from None
    record("rotations.room.saved", actor=actor, subject=made, after=asdict(data))
    return made


@transaction.atomic
def set_busy(
    term: Term,
    holder: Person | MeetingRoom,
    slots: Mapping[int, str],
    *,
    actor: Person,
) -> int:
    """
    Replace the weekly times of a person or a room by slots of the term's grid.

    Neighbouring slots of one kind become one time; what lies outside the grid is kept. Returns
    how many slots are taken.

    Refuses: ``term.state``; ``busy.slot`` (no such slot or kind).
    """
    require_open(term)
    is_room = isinstance(holder, MeetingRoom)
    check(actor, "rotations.keep_meeting_rooms" if is_room else "rotations.keep_week_times", holder)
    grid = Grid(term)
    if any(n not in range(len(grid.slots)) or k not in BusyKind.values for n, k in slots.items()):
        raise RuleViolation("busy.slot", _("There is no such slot in this term."))
    key = {"room" if is_room else "person": holder}
    old = WeeklyBusy.objects.select_for_update().filter(term=term, **key)
    inside = [row.pk for row in old if grid.touched(row.weekday, row.starts_at, row.ends_at)]
    WeeklyBusy.objects.filter(pk__in=inside).delete()
    fresh = []
    for kind in BusyKind.values:
        for start, n in grid.windows([s for s, k in slots.items() if k == kind]):
            weekday, begins, ends = grid.window(start, n)
            fresh.append(
                WeeklyBusy(
                    term=term, weekday=weekday, starts_at=begins, ends_at=ends, kind=kind, **key
                )
            )
    WeeklyBusy.objects.bulk_create(fresh)
    record("rotations.busy.set", actor=actor, subject=holder, after={"count": len(slots)})
    return len(slots)


@dataclass(frozen=True, slots=True)
class BusyLine:
    """A weekly time of one person."""

    person: Person
    weekday: int
    starts_at: dt.time
    ends_at: dt.time
    kind: str = BusyKind.FIXED


@transaction.atomic
def replace_busy(term: Term, lines: Sequence[BusyLine], *, actor: Person) -> int:
    """
    Replace the weekly times of everybody named in ``lines``; returns how many people those are.

    Refuses: ``term.state``, ``access.denied`` (somebody the actor does not keep).
    """
    require_open(term)
    people = {line.person.pk: line.person for line in lines}
    for person in people.values():
        check(actor, "rotations.keep_week_times", person)
    WeeklyBusy.objects.filter(term=term, person__in=people).delete()
    WeeklyBusy.objects.bulk_create(
        WeeklyBusy(
            term=term,
            person=line.person,
            weekday=line.weekday,
            starts_at=line.starts_at,
            ends_at=line.ends_at,
            kind=line.kind,
        )
        for line in lines
    )
    for person in people.values():
        count = sum(line.person.pk == person.pk for line in lines)
        record("rotations.busy.set", actor=actor, subject=person, after={"count": count})
    return len(people)


def free_window(
    term: Term, person: Person, weekday: int, starts_at: dt.time, ends_at: dt.time
) -> bool:
    """Cut a window out of a person's weekly times, in the caller's transaction; tell if any was."""
    rows = WeeklyBusy.objects.select_for_update().filter(
        term=term, person=person, weekday=weekday, starts_at__lt=ends_at, ends_at__gt=starts_at
    )
    rows = rows.exclude(kind=BusyKind.UNWANTED)
    found = False
    for row in rows:
        found = True
        rest = [(row.starts_at, starts_at), (ends_at, row.ends_at)]
        for begins, ends in rest:
            if minutes_of(begins) < minutes_of(ends):
                WeeklyBusy.objects.create(
                    term=term, person=person, weekday=weekday, kind=row.kind,
                    starts_at=time_of(minutes_of(begins)), ends_at=time_of(minutes_of(ends)),
                )  # fmt: skip
        row.delete()
    return found
