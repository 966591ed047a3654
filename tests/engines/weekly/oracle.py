"""Tiny weeks, and what is best in them by trying everything."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain, combinations

from cotutelle.engines.weekly import Activity, Party, Placement, Room, WeeklyPlan, WeeklyProblem

Cell = tuple[str, str, int]


def tiny_week(seed: int) -> WeeklyProblem:
    """Two to four activities in four to seven slots, with everything a week may have."""
    draw = random.Random(seed)  # noqa: S311
    slots = draw.randint(4, 7)
    first_day = draw.randint(2, slots)
    some = frozenset(slot for slot in range(1, slots) if draw.random() < 0.15)

    def taken(share: float) -> frozenset[int]:
        return frozenset(slot for slot in range(slots) if draw.random() < share)

    parties = []
    for name in "abcd"[: draw.randint(2, 4)]:
        busy = taken(draw.choice([0.1, 0.3, 0.5]))
        unwanted = {slot: draw.randint(1, 3) for slot in sorted(taken(0.3) - busy)}
        movable = frozenset(slot for slot in busy if draw.random() < 0.6)
        parties.append(Party(name, busy, movable, unwanted))
    rooms = [
        Room(f"r{n}", taken(0.2), draw.choice([None, 1, 2, 3]), draw.random() < 0.7)
        for n in range(draw.randint(0, 3))
    ]
    activities = [
        _activity(draw, f"x{n}", [party.id for party in parties], [room.id for room in rooms])
        for n in range(draw.randint(2, 4))
    ]
    previous = {
        activity.id: Placement(
            draw.randrange(slots), draw.choice([None, *sorted(activity.rooms), "gone"])
        )
        for activity in activities
        if draw.random() < 0.5
    }
    days = tuple(int(slot >= first_day) for slot in range(slots))
    return WeeklyProblem(days, tuple(parties), tuple(rooms), tuple(activities), some, previous)


def _activity(draw: random.Random, id_: str, people: list[str], rooms: list[str]) -> Activity:
    needed = frozenset(draw.sample(people, draw.randint(1, min(2, len(people)))))
    return Activity(
        id_,
        draw.choice([1, 1, 2, 3]),
        needed,
        remote=frozenset(p for p in needed if draw.random() < 0.3),
        wished={p: draw.randint(1, 4) for p in people if p not in needed and draw.random() < 0.4},
        rooms=frozenset(room for room in rooms if draw.random() < 0.7),
        days=draw.choice([None, None, frozenset([0]), frozenset([0, 1])]),
    )


def best_objectives(problem: WeeklyProblem) -> tuple[int, int, int]:
    """Return most placed, then most unchanged, then minus the least cost."""
    ways = [list(_ways(problem, activity)) for activity in problem.activities]
    best = (-1, 0, 0)

    def descend(depth: int, taken: frozenset[Cell], score: tuple[int, int, int]) -> None:
        nonlocal best
        if depth == len(ways):
            best = max(best, score)
            return
        descend(depth + 1, taken, score)
        for cells, kept, cost in ways[depth]:
            if not cells & taken:
                descend(depth + 1, taken | cells, (score[0] + 1, score[1] + kept, score[2] - cost))

    descend(0, frozenset(), (0, 0, 0))
    return best


def _ways(
    problem: WeeklyProblem, activity: Activity
) -> Iterator[tuple[frozenset[Cell], bool, int]]:
    parties = {party.id: party for party in problem.parties}
    wished = sorted(activity.wished)
    for coming in chain.from_iterable(combinations(wished, n) for n in range(len(wished) + 1)):
        people = [*activity.needed, *coming]
        for start, room in _spots(problem, activity, people, {p: parties[p].busy for p in people}):
            slots = range(start, start + activity.length)
            cost = sum(activity.wished[p] for p in wished if p not in coming)
            cost += sum(parties[p].unwanted.get(slot, 0) for p in people for slot in slots)
            cells = {("party", p, slot) for p in people for slot in slots}
            if room is not None:
                cells |= {("room", room, slot) for slot in slots}
            kept = problem.previous.get(activity.id) == Placement(start, room)
            yield frozenset(cells), kept, cost


def _spots(
    problem: WeeklyProblem, activity: Activity, people: list[str], busy: dict[str, frozenset[int]]
) -> Iterator[tuple[int, str | None]]:
    rooms = {room.id: room for room in problem.rooms}
    for start in range(len(problem.day_of_slot) - activity.length + 1):
        slots = set(range(start, start + activity.length))
        if len({problem.day_of_slot[slot] for slot in slots}) > 1:
            continue
        if (slots - {start}) & problem.breaks or any(busy[p] & slots for p in people):
            continue
        if activity.days is not None and problem.day_of_slot[start] not in activity.days:
            continue
        if not activity.rooms:
            yield start, None
        for id_ in activity.rooms:
            room = rooms[id_]
            seated = [p for p in people if p not in activity.remote or not room.remote]
            if not slots & room.busy and (room.seats is None or len(seated) <= room.seats):
                yield start, id_


def smallest_fixes(problem: WeeklyProblem, plan: WeeklyPlan, id_: str) -> set[frozenset[Cell]]:
    """Return the smallest sets of movable slots whose freeing gives the activity a spot."""
    activity = next(activity for activity in problem.activities if activity.id == id_)
    others = {other.id: other for other in problem.activities}
    taken: set[Cell] = set()
    for other_id, placement in plan.placements.items():
        other = others[other_id]
        people = {*other.needed, *other.wished} - set(plan.left_out.get(other_id, ()))
        for slot in range(placement.start, placement.start + other.length):
            taken |= {("party", p, slot) for p in people}
            if placement.room is not None:
                taken.add(("room", placement.room, slot))
    needed = [party for party in problem.parties if party.id in activity.needed]
    movable = [("party", party.id, slot) for party in needed for slot in sorted(party.movable)]
    for size in range(len(movable) + 1):
        found = set()
        for freed in map(frozenset, combinations(movable, size)):
            busy = {
                party.id: frozenset(s for s in party.busy if ("party", party.id, s) not in freed)
                for party in needed
            }
            for start, room in _spots(problem, activity, list(busy), busy):
                slots = range(start, start + activity.length)
                cells = {("party", p, s) for p in busy for s in slots}
                if room is not None:
                    cells |= {("room", room, s) for s in slots}
                if not cells & taken:
                    found.add(freed)
        if found:
            return found
    return set()
