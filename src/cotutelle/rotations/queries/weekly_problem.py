"""The week of a term as the engine's problem, and its plan in rows again."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from cotutelle.engines.weekly import Activity, Party, Placement, Room, WeeklyPlan, WeeklyProblem
from cotutelle.institutions.queries import below
from cotutelle.rotations.enums import BusyKind, SeriesKind, TermState
from cotutelle.rotations.models import MeetingRoom, Series, SeriesMember, Term, WeeklyBusy
from cotutelle.rotations.queries.weekly import series_of
from cotutelle.rotations.queries.weekly_grid import Grid, minutes_of, time_of

UNWANTED_COST = 2
LEFT_OUT_COST = 5
WARD_DAY_COST = 1
_WARD_DAY = "ward-day:"
_LAST_MINUTE = 24 * 60 - 1


@dataclass(slots=True)
class Taken:
    """What slots of the week somebody has no use of, and how firmly."""

    busy: set[int] = field(default_factory=set)
    firm: set[int] = field(default_factory=set)
    unwanted: set[int] = field(default_factory=set)

    def add(self, slots: Iterable[int], kind: str) -> None:
        """Take ``slots``."""
        if kind == BusyKind.UNWANTED:
            self.unwanted.update(slots)
            return
        self.busy.update(slots)
        if kind == BusyKind.FIXED:
            self.firm.update(slots)


def taken_of(term: Term, grid: Grid) -> tuple[dict[int, Taken], dict[int, Taken]]:
    """Return the taken slots by the keys of people and of rooms; other terms' weeks take too."""
    people: dict[int, Taken] = defaultdict(Taken)
    rooms: dict[int, Taken] = defaultdict(Taken)
    for row in WeeklyBusy.objects.filter(term=term):
        slots = grid.touched(row.weekday, row.starts_at, row.ends_at)
        if row.person_id is not None:
            people[row.person_id].add(slots, row.kind)
        elif row.room_id is not None:
            rooms[row.room_id].add(slots, row.kind)
    for other in _held_elsewhere(term).prefetch_related("members"):
        begins = minutes_of(other.starts_at or dt.time())
        ends = time_of(min(begins + other.minutes, _LAST_MINUTE))
        slots = grid.touched(other.weekday or 0, time_of(begins), ends)
        for member in other.members.all():
            if member.is_needed:
                people[member.person_id].add(slots, BusyKind.FIXED)
        if other.room_id is not None:
            rooms[other.room_id].add(slots, BusyKind.FIXED)
    return people, rooms


def _held_elsewhere(term: Term) -> QuerySet[Series]:
    """Return what published weeks of other terms hold with people and rooms of ``term``."""
    people = SeriesMember.objects.filter(series__term=term, series__ended_at__isnull=True)
    theirs = SeriesMember.objects.filter(person__in=people.values("person"), is_needed=True)
    return Series.objects.filter(
        Q(pk__in=theirs.values("series")) | Q(room__in=rooms_for(term)),
        term__state=TermState.PUBLISHED,
        term__starts_on__lte=term.ends_on,
        term__ends_on__gte=term.starts_on,
        ended_at__isnull=True,
        weekday__isnull=False,
    ).exclude(term=term)


@dataclass(frozen=True, slots=True)
class Week:
    """A term's problem, with the rows that its names stand for."""

    term: Term
    grid: Grid
    problem: WeeklyProblem
    series: Mapping[str, Series]
    members: Mapping[str, SeriesMember]
    rooms: Mapping[str, MeetingRoom]


def build_week(term: Term) -> Week:
    """
    Return the week to be planned: live series, who is taken when, rooms.

    Half-days of one ward are drawn to one weekday by a wished party that is free only then;
    what has a slot is kept where that costs nobody a place.
    """
    grid = Grid(term)
    rows = list(series_of(term))
    taken, rooms_taken = taken_of(term, grid)
    rooms = {str(r.public_id): r for r in rooms_for(term)}
    people = {str(m.person.public_id): m for row in rows for m in row.members.all()}
    parties = [
        _party(name, taken.get(member.person_id, Taken()), grid)
        for name, member in sorted(people.items())
    ]
    ward_days = _ward_days(rows, grid)
    activities, previous = [], {}
    for row in sorted(rows, key=lambda row: str(row.public_id)):
        if not row.members.all():
            continue
        activity, extra = _activity(row, grid, rooms, ward_days)
        activities.append(activity)
        parties += extra
        start = grid.slot_at(row.weekday, row.starts_at)
        if start is not None and grid.fits(start, activity.length):
            room = str(row.room.public_id) if row.room else None
            ok = room in activity.rooms if activity.rooms else room is None
            if ok:
                previous[activity.id] = Placement(start, room)
    engine_rooms = [
        Room(name, frozenset(rooms_taken[r.pk].busy), r.seats, r.has_remote)
        for name, r in sorted(rooms.items())
    ]
    problem = WeeklyProblem(
        day_of_slot=tuple(slot.weekday for slot in grid.slots),
        parties=tuple(parties),
        rooms=tuple(engine_rooms),
        activities=tuple(activities),
        breaks=grid.breaks,
        previous=previous,
    )
    return Week(term, grid, problem, {str(r.public_id): r for r in rows}, people, rooms)


def rooms_for(term: Term) -> QuerySet[MeetingRoom]:
    """Return the rooms that a term may use: those of its unit and below."""
    return MeetingRoom.objects.filter(below(term.unit), is_archived=False).order_by("name_zh", "pk")


def _party(name: str, taken: Taken, grid: Grid) -> Party:
    unwanted = dict.fromkeys(taken.unwanted - taken.busy, UNWANTED_COST)
    return Party(
        name,
        busy=frozenset(taken.busy),
        movable=frozenset(taken.busy - taken.firm),
        unwanted=unwanted,
    )


def _activity(
    row: Series, grid: Grid, rooms: Mapping[str, MeetingRoom], ward_days: Mapping[int, int]
) -> tuple[Activity, list[Party]]:
    members = list(row.members.all())
    needed = frozenset(str(m.person.public_id) for m in members if m.is_needed)
    remote = frozenset(str(m.person.public_id) for m in members if m.may_be_remote)
    wished = {
        str(m.person.public_id): LEFT_OUT_COST for m in members if not m.is_needed
    }  # fmt: skip
    extra = []
    day = ward_days.get(row.ward_id or 0)
    if row.kind == SeriesKind.RESEARCH_HALF_DAY and day is not None:
        name = f"{_WARD_DAY}{row.public_id}"
        other = frozenset(s.number for s in grid.slots if s.weekday != day)
        extra.append(Party(name, busy=other))
        wished[name] = WARD_DAY_COST
    activity = Activity(
        id=str(row.public_id),
        length=grid.length(row.minutes),
        needed=needed,
        remote=remote & needed,
        wished=wished,
        rooms=frozenset(rooms) if row.needs_room else frozenset(),
        kind=row.kind,
    )
    return activity, extra


def _ward_days(rows: Iterable[Series], grid: Grid) -> dict[int, int]:
    """Return the weekday on which each ward gives its half-days: today's, else spread evenly."""
    held: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    wards = set()
    for row in rows:
        if row.kind == SeriesKind.RESEARCH_HALF_DAY and row.ward_id is not None:
            wards.add(row.ward_id)
            if row.weekday is not None and row.weekday in grid.weekdays:
                held[row.ward_id][row.weekday] += 1
    days = {}
    for index, ward in enumerate(sorted(wards)):
        now = held.get(ward)
        days[ward] = max(sorted(now), key=now.__getitem__) if now else index % len(grid.weekdays)
    return days


def people_left_out(plan: WeeklyPlan, activity: str) -> list[str]:
    """Return the people of an activity who cannot be there."""
    return [p for p in plan.left_out.get(activity, ()) if not p.startswith(_WARD_DAY)]


def as_it_is(week: Week, *, without: Series | None = None) -> dict[str, Placement]:
    """Return today's slots of all series (but one) as placements."""
    skip = str(without.public_id) if without else ""
    return {name: where for name, where in week.problem.previous.items() if name != skip}
