"""The week of a term: who must meet whom, for how long, where, and who is busy when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Party:
    """
    A person (or anything that can be in one place only) with the slots they cannot or would
    rather not use.

    Parameters
    ----------
    id
        Unique name.
    busy
        Slots that are taken (duty, teaching, operating list).
    movable
        Busy slots that could be freed if asked; a subset of ``busy``. Only these appear in
        proposed fixes.
    unwanted
        Slots that are possible but not liked → how little (cost ≥ 1).
    """

    id: str
    busy: frozenset[int] = frozenset()
    movable: frozenset[int] = frozenset()
    unwanted: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Room:
    """A room with the slots in which it is taken, its seats, and whether remote people can join."""

    id: str
    busy: frozenset[int] = frozenset()
    seats: int | None = None
    remote: bool = True


@dataclass(frozen=True, slots=True)
class Activity:
    """
    One weekly appointment to be placed.

    Parameters
    ----------
    id
        Unique name.
    length
        Consecutive slots of one day.
    needed
        Parties who must be there.
    remote
        Those of ``needed`` who may take part remotely: they need no seat.
    wished
        Parties who should be there if possible → cost of leaving each out (≥ 1).
    rooms
        Rooms it may use; empty when it needs none (a ward round at the bedside).
    days
        Days allowed; ``None`` allows all.
    kind
        ``joint_round``, ``research_half_day``, ``debriefing``, ``seminar``: for words only.
    """

    id: str
    length: int
    needed: frozenset[str]
    remote: frozenset[str] = frozenset()
    wished: Mapping[str, int] = field(default_factory=dict)
    rooms: frozenset[str] = frozenset()
    days: frozenset[int] | None = None
    kind: str = "joint_round"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an activity begins (slot number) and its room, if it uses one."""

    start: int
    room: str | None = None


@dataclass(frozen=True, slots=True)
class WeeklyProblem:
    """
    A week of ``len(day_of_slot)`` slots.

    ``day_of_slot[i]`` is the day (0 = Monday) of slot ``i``; slots of one day are consecutive
    and contiguous unless ``breaks`` holds the slot that begins after a pause (an activity never
    runs across one). Maximised in this order: number placed; number unchanged against
    ``previous``; least cost (unwanted slots and wished parties left out).
    """

    day_of_slot: tuple[int, ...]
    parties: tuple[Party, ...]
    rooms: tuple[Room, ...]
    activities: tuple[Activity, ...]
    breaks: frozenset[int] = frozenset()
    previous: Mapping[str, Placement] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fix:
    """The smallest change that lets an activity be placed: free these slots of these people."""

    activity: str
    placement: Placement
    frees: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class WeeklyPlan:
    """
    The result of `plan_week`.

    Parameters
    ----------
    placements
        Activity id → where.
    unplaced
        Activities without a slot, in order of id.
    fixes
        Unplaced activity id → smallest fixes, best first (each by itself is enough, the rest of
        the plan as it is); empty when not even that helps.
    left_out
        Activity id → wished parties who cannot be there.
    unchanged, cost
        Second and third objective.
    is_optimal
        Whether all three objectives are proven best, component by component.
    bound_placed
        No plan places more.
    """

    placements: Mapping[str, Placement]
    unplaced: tuple[str, ...]
    fixes: Mapping[str, tuple[Fix, ...]]
    left_out: Mapping[str, tuple[str, ...]]
    unchanged: int
    cost: int
    is_optimal: bool
    bound_placed: int
    cpu_seconds: float = 0.0
