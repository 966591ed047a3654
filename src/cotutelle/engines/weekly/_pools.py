"""
Rooms as kinds: how many that are alike are free, not which.

A *run* is a longest stretch in which a room is free. Runs with the same ends in rooms that serve
the same activities are one `Kind`: intervals fit into ``n`` equal runs exactly when never more
than ``n`` overlap, so that counting suffices and the rooms are named afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from cotutelle.engines.weekly._week import Week


@dataclass(frozen=True, slots=True)
class Kind:
    """Equal runs: the mask of their slots and the rooms that have them."""

    run: int
    rooms: tuple[str, ...]


@dataclass(slots=True)
class Pool:
    """
    Activities that compete for rooms.

    Parameters
    ----------
    tasks
        Numbers of the tasks.
    binds
        Whether rooms can run short; where they cannot, they are given out afterwards.
    groups
        ``(rooms, length, task or None)`` → tasks that no room tells apart. A task with tight
        seats is a group of its own.
    """

    tasks: list[int]
    binds: bool = False
    groups: dict[tuple[tuple[str, ...], int, int | None], list[int]] = field(default_factory=dict)


def find_pools(week: Week) -> list[Pool]:
    """Return the pools of rooms, with the tasks that use each."""
    root: dict[str, str] = {}

    def find(room: str) -> str:
        while root.setdefault(room, room) != room:
            root[room] = root[root[room]]
            room = root[room]
        return room

    for rooms in {tuple(task.slack) for task in week.tasks}:
        for room in rooms[1:]:
            root[find(room)] = find(rooms[0])
    members: dict[str, list[int]] = defaultdict(list)
    for number, task in enumerate(week.tasks):
        if task.slack:
            members[find(next(iter(task.slack)))].append(number)
    pools = []
    for tasks in members.values():
        pool = Pool(tasks, _binds(week, tasks))
        for number in tasks:
            task = week.tasks[number]
            own = number if task.tight else None
            key = (tuple(task.slack), task.activity.length, own)
            pool.groups.setdefault(key, []).append(number)
        pools.append(pool)
    return pools


def _binds(week: Week, tasks: Sequence[int]) -> bool:
    """Return whether some activity could find all its rooms taken by others."""
    at: dict[int, int] = defaultdict(int)
    sharing: dict[str, int] = defaultdict(int)
    for bit, number in enumerate(tasks):
        task = week.tasks[number]
        if task.tight:
            return True
        for choice in task.choices:
            for slot in range(choice.start, choice.start + task.activity.length):
                at[slot] |= 1 << bit
        for room in task.slack:
            sharing[room] |= 1 << bit
    for number in tasks:
        task = week.tasks[number]
        rivals = 0
        for room in task.slack:
            rivals |= sharing[room]
        for choice in task.choices:
            others = 0
            for slot in range(choice.start, choice.start + task.activity.length):
                others |= at[slot]
            free = sum(week.free[room] & choice.window == choice.window for room in task.slack)
            if free < (others & rivals).bit_count():
                return True
    return False


class Kinds:
    """
    The kinds of a pool.

    Parameters
    ----------
    week, pool
        What to look at.
    by_name
        Whether a room that some activity had before is a kind of its own.
    """

    def __init__(self, week: Week, pool: Pool, *, by_name: bool) -> None:
        serves: dict[str, list[object]] = defaultdict(list)
        for group, (rooms, _, own) in enumerate(pool.groups):
            for room in rooms:
                serves[room].append((group, None if own is None else week.tasks[own].slack[room]))
        named = {c.keep_room for n in pool.tasks for c in week.tasks[n].choices} if by_name else {}
        alike: dict[tuple[int, object, object], list[str]] = defaultdict(list)
        for room in sorted(serves):
            for run in _runs(week, room):
                alike[run, tuple(serves[room]), room if room in named else None].append(room)
        self._of: dict[str, list[Kind]] = defaultdict(list)
        for (run, _, _), equal in alike.items():
            for room in equal:
                self._of[room].append(Kind(run, tuple(equal)))
        self._at: dict[tuple[tuple[str, ...], int], tuple[Kind, ...]] = {}

    def at(self, rooms: tuple[str, ...], window: int) -> tuple[Kind, ...]:
        """Return the kinds of these rooms whose run holds all slots of ``window``."""
        if (rooms, window) not in self._at:
            found = {
                kind: None
                for room in rooms
                for kind in self._of[room]
                if kind.run & window == window
            }
            self._at[rooms, window] = tuple(found)
        return self._at[rooms, window]


def _runs(week: Week, room: str) -> list[int]:
    runs: list[int] = []
    before = None
    for slot, stretch in enumerate(week.stretch):
        if not week.free[room] >> slot & 1:
            before = None
            continue
        if before == stretch:
            runs[-1] |= 1 << slot
        else:
            runs.append(1 << slot)
        before = stretch
    return runs
