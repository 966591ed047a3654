"""Everything a planning problem is made of, read in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from cotutelle.engines.rotation import Stay as PlannedStay
from cotutelle.programmes.enums import LeaveState
from cotutelle.programmes.models import Leave
from cotutelle.rotations.enums import CycleState, EventKind, WardState, WishKind
from cotutelle.rotations.models import (
    Accreditation,
    BlockOrder,
    CurriculumBlock,
    Cycle,
    ElectiveGroup,
    Occupancy,
    Participant,
    PlanEvent,
    Stay,
    StayPin,
    Ward,
    WardMonth,
    Wish,
)
from cotutelle.rotations.queries.planning_keys import (
    key_of,
    parts_by_key,
    planned,
    trainee_key,
    ward_key,
)
from cotutelle.rotations.queries.planning_months import (
    first_day,
    frozen_before,
    last_day,
    period_of,
)

Row = TypeVar("Row", CurriculumBlock, ElectiveGroup, BlockOrder)


@dataclass(slots=True)
class Person:
    """
    A participant with the curriculum, wishes, pins, leave and present plan.

    ``stays`` are those that count for the curriculum.
    """

    id: str
    first: int
    last: int | None
    leaves_at: int | None
    curriculum_months: int
    blocks: list[CurriculumBlock]
    groups: list[ElectiveGroup]
    orders: list[BlockOrder]
    wishes: list[Wish] = field(default_factory=list)
    pins: list[PlannedStay] = field(default_factory=list)
    stays: list[PlannedStay] = field(default_factory=list)
    leave_days: dict[int, int] = field(default_factory=dict)
    away_periods: set[int] = field(default_factory=set)
    months_of: Mapping[str, int] = field(default_factory=dict)
    """Months of every part by its key."""

    def wishes_of(self, kind: WishKind) -> list[Wish]:
        """Return the wishes of one kind."""
        return [wish for wish in self.wishes if wish.kind == kind]

    def away(self, least_days: int) -> set[int]:
        """Return the periods away, by leave of at least so many days, wish or event."""
        return self.away_periods | {p for p, days in self.leave_days.items() if days >= least_days}


@dataclass(slots=True)
class Inputs:
    """
    A cycle as data.

    ``options`` maps a department's key to the open wards that train for it throughout;
    ``months``, ``others`` hold overrides and places taken, by (ward pk, period).
    """

    cycle: Cycle
    frozen: int
    people: list[Person]
    wards: dict[str, Ward]
    options: dict[int, list[Ward]]
    months: dict[tuple[int, int], WardMonth]
    others: dict[tuple[int, int], int]
    events: list[PlanEvent]


def load_inputs(cycle: Cycle) -> Inputs:
    """Read ``cycle`` and what it needs of wards, leave and other plans."""
    wards = {ward_key(w): w for w in Ward.objects.select_related("hospital", "unit")}
    events = list(cycle.events.select_related("ward__hospital", "agreement__partner"))
    return Inputs(
        cycle=cycle,
        frozen=frozen_before(cycle),
        people=_people(cycle, events),
        wards=wards,
        options=wards_by_department(cycle),
        months={(row.ward_id, period_of(cycle, row.month)): row for row in WardMonth.objects.all()},
        others=_others(cycle),
        events=events,
    )


def wards_by_department(cycle: Cycle) -> dict[int, list[Ward]]:
    """Return the open wards by department; an accreditation must last as long as the cycle."""
    end = last_day(cycle, cycle.months - 1)
    found: dict[int, list[Ward]] = defaultdict(list)
    rows = Accreditation.objects.filter(ward__state=WardState.OPEN).select_related("ward__hospital")
    for row in rows.order_by("ward__hospital__code", "ward__code"):
        starts_late = row.starts_on is not None and row.starts_on > cycle.starts_on
        ends_early = row.ends_on is not None and row.ends_on < end
        if not starts_late and not ends_early:
            found[row.department_id].append(row.ward)
    return found


def _others(cycle: Cycle) -> dict[tuple[int, int], int]:
    """Count who is in each ward and month without being planned in this cycle."""
    found: dict[tuple[int, int], int] = defaultdict(int)
    for row in Occupancy.objects.all():
        found[row.ward_id, period_of(cycle, row.month)] += row.people
    stays = Stay.objects.exclude(participant__cycle=cycle).filter(
        participant__cycle__state=CycleState.PUBLISHED, ends_on__gte=cycle.starts_on
    )
    for ward, begin, end in stays.values_list("ward_id", "starts_on", "ends_on"):
        for period in range(period_of(cycle, begin), period_of(cycle, end) + 1):
            found[ward, period] += 1
    return found


def _people(cycle: Cycle, events: list[PlanEvent]) -> list[Person]:
    rows = list(cycle.participants.select_related("curriculum", "student").order_by("public_id"))
    curricula = {row.curriculum_id for row in rows}
    blocks = _by_curriculum(
        CurriculumBlock.objects.filter(curriculum__in=curricula).select_related(
            "department", "group"
        )
    )
    groups = _by_curriculum(ElectiveGroup.objects.filter(curriculum__in=curricula))
    orders = _by_curriculum(
        BlockOrder.objects.filter(curriculum__in=curricula).select_related("before", "after")
    )
    months: dict[int, dict[str, int]] = defaultdict(dict)
    for pk, own in blocks.items():
        months[pk] = {key: part.months for key, part in parts_by_key(own).items()}
    people = {
        row.pk: Person(
            id=trainee_key(row),
            first=row.first,
            last=row.last,
            leaves_at=_leaves_at(cycle, row),
            curriculum_months=row.curriculum.months,
            blocks=blocks[row.curriculum_id],
            groups=groups[row.curriculum_id],
            orders=orders[row.curriculum_id],
            months_of=months[row.curriculum_id],
        )
        for row in rows
    }
    _add_wishes(cycle, people)
    _add_stays(cycle, people)
    _add_leave(cycle, rows, people)
    for event in events:
        is_leave = bool(event.source)  # read from the leave itself
        if event.kind == EventKind.TRAINEE_AWAY and not is_leave and event.participant_id in people:
            last = event.last if event.last is not None else event.first
            people[event.participant_id].away_periods |= set(range(event.first, last + 1))
    return list(people.values())


def _leaves_at(cycle: Cycle, row: Participant) -> int | None:
    """Return the first period in which somebody who left is not there the whole month."""
    return None if row.left_on is None else max(0, period_of(cycle, row.left_on))


def _by_curriculum(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.curriculum_id].append(row)
    return found


def _add_wishes(cycle: Cycle, people: dict[int, Person]) -> None:
    rows = Wish.objects.filter(participant__cycle=cycle).select_related(
        "ward__hospital", "hospital"
    )
    for wish in rows.order_by("id"):
        person = people[wish.participant_id]
        person.wishes.append(wish)
        if wish.kind == WishKind.AWAY and wish.first is not None:
            last = wish.last if wish.last is not None else wish.first
            person.away_periods |= set(range(wish.first, last + 1))


def _add_stays(cycle: Cycle, people: dict[int, Person]) -> None:
    rows = Stay.objects.filter(participant__cycle=cycle, block__isnull=False)
    related = rows.select_related("participant", "ward__hospital", "block")
    for stay in related.order_by("starts_on"):
        if _counts(stay, people[stay.participant_id]):
            start = period_of(cycle, stay.starts_on)
            people[stay.participant_id].stays.append(planned(stay, start))
    for pin in StayPin.objects.filter(participant__cycle=cycle).select_related(
        "ward__hospital", "block"
    ):
        part = [p for p in parts_by_key([pin.block]).values() if p.number == pin.part]
        if part:
            people[pin.participant_id].pins.append(
                PlannedStay(part[0].key, ward_key(pin.ward), pin.start)
            )


def _counts(stay: Stay, person: Person) -> bool:
    """Whether a stay counts: that of another curriculum where both have the same block."""
    block = stay.block
    if block is None or block.curriculum_id == stay.participant.curriculum_id:
        return block is not None
    key = key_of(block, stay.part)
    there, here = parts_by_key([block])[key], parts_by_key(person.blocks).get(key)
    return here is not None and (here.months, here.block.department_id) == (
        there.months,
        block.department_id,
    )


def _add_leave(cycle: Cycle, rows: list[Participant], people: dict[int, Person]) -> None:
    """Count the days of approved leave of every month."""
    of = {row.student_id: row.pk for row in rows}
    leaves = Leave.objects.filter(
        enrolment__student__in=of, state__in=[LeaveState.APPROVED, LeaveState.RETURNED]
    ).select_related("enrolment")
    for leave in leaves:
        own = people[of[leave.enrolment.student_id]].leave_days
        for period, days in days_away(cycle, leave).items():
            own[period] = own.get(period, 0) + days


def days_away(cycle: Cycle, leave: Leave) -> dict[int, int]:
    """Return how many days of a leave lie in each period of ``cycle``."""
    end = leave.last_day
    found = {}
    for period in range(max(0, period_of(cycle, leave.starts_on)), period_of(cycle, end) + 1):
        begin = max(leave.starts_on, first_day(cycle, period))
        close = min(end, last_day(cycle, period))
        if close >= begin:
            found[period] = (close - begin).days + 1
    return found
