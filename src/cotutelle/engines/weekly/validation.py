"""Everything that can be wrong with a weekly problem, found in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cotutelle.engines.weekly.problem import Activity, Party, Room, WeeklyProblem

MAX_SLOTS = 1_000
"""Most slots of a week."""

MAX_COST = 1_000_000
"""Largest cost of an unwanted slot or of a wished party left out."""


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One mistake.

    Parameters
    ----------
    path
        Where: ``activities['round 3'].needed``.
    code
        What, for programs.
    message
        The same in a sentence that names the place.
    """

    path: str
    code: str
    message: str


class InvalidProblem(ValueError):
    """A problem that makes no sense; ``faults`` names every mistake."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(fault.message for fault in self.faults))


def validate_problem(problem: WeeklyProblem) -> None:
    """
    Refuse a problem that makes no sense.

    A valid problem may hold activities that fit nowhere: they come back unplaced, with fixes.
    ``previous`` is a record of the past: what it says of activities or rooms that are gone is
    no mistake and counts for nothing.

    Raises
    ------
    InvalidProblem
        With every mistake at once.

    Notes
    -----
    O(size of the problem) time.
    """
    faults = tuple(find_faults(problem))
    if faults:
        raise InvalidProblem(faults)


def find_faults(problem: WeeklyProblem) -> Iterator[Fault]:
    """Yield every mistake of ``problem``, each once."""
    slots = len(problem.day_of_slot)
    yield from _days(problem)
    yield from _ids("parties", [party.id for party in problem.parties])
    yield from _ids("rooms", [room.id for room in problem.rooms])
    yield from _ids("activities", [activity.id for activity in problem.activities])
    for party in problem.parties:
        yield from _party(party, slots)
    for room in problem.rooms:
        yield from _room(room, slots)
    parties = {party.id for party in problem.parties}
    rooms = {room.id for room in problem.rooms}
    for activity in problem.activities:
        yield from _activity(activity, slots, parties, rooms)
    for id_, placement in problem.previous.items():
        yield from _number(f"previous[{id_!r}].start", placement.start, 0)


def _fault(path: str, code: str, message: str) -> Fault:
    return Fault(path, code, f"{path}: {message}")


def _number(path: str, value: Any, least: int, most: int = MAX_COST) -> Iterator[Fault]:
    if type(value) is not int:
        yield _fault(path, "not_a_number", f"{value!r} is not a whole number")
    elif not least <= value <= most:
        yield _fault(path, "out_of_range", f"{value} is not from {least} to {most}")


def _slots(path: str, slots: Iterable[int], count: int) -> Iterator[Fault]:
    for slot in sorted(slots):
        yield from _number(path, slot, 0, count - 1)


def _ids(path: str, ids: list[str]) -> Iterator[Fault]:
    for id_, count in Counter(ids).items():
        if not isinstance(id_, str) or not id_:
            yield _fault(path, "bad_id", f"{id_!r} is not an id")
        if count > 1:
            yield _fault(path, "duplicate", f"{id_!r} stands {count} times")


def _days(problem: WeeklyProblem) -> Iterator[Fault]:
    days = problem.day_of_slot
    if not 1 <= len(days) <= MAX_SLOTS:
        message = f"{len(days)} slots are not from 1 to {MAX_SLOTS}"
        yield _fault("day_of_slot", "out_of_range", message)
    faults = [fault for day in days for fault in _number("day_of_slot", day, 0, MAX_SLOTS)]
    yield from faults
    if not faults and list(days) != sorted(days):
        yield _fault("day_of_slot", "not_in_order", "the slots of one day are not together")
    yield from _slots("breaks", problem.breaks, len(days))


def _party(party: Party, slots: int) -> Iterator[Fault]:
    path = f"parties[{party.id!r}]"
    yield from _slots(f"{path}.busy", party.busy, slots)
    if not party.movable <= party.busy:
        message = f"slots {sorted(party.movable - party.busy)} are not busy"
        yield _fault(f"{path}.movable", "not_busy", message)
    yield from _slots(f"{path}.unwanted", party.unwanted, slots)
    for slot, cost in party.unwanted.items():
        yield from _number(f"{path}.unwanted[{slot}]", cost, 1)


def _room(room: Room, slots: int) -> Iterator[Fault]:
    path = f"rooms[{room.id!r}]"
    yield from _slots(f"{path}.busy", room.busy, slots)
    if room.seats is not None:
        yield from _number(f"{path}.seats", room.seats, 0)


def _activity(
    activity: Activity, slots: int, parties: set[str], rooms: set[str]
) -> Iterator[Fault]:
    path = f"activities[{activity.id!r}]"
    yield from _number(f"{path}.length", activity.length, 1, max(1, slots))
    known = {"needed": parties, "wished": parties, "rooms": rooms}
    for name, valid in known.items():
        for id_ in sorted(set(getattr(activity, name)) - valid):
            yield _fault(f"{path}.{name}", "unknown", f"{id_!r} does not exist")
    for id_ in sorted(activity.remote - activity.needed):
        yield _fault(f"{path}.remote", "not_needed", f"{id_!r} is not needed")
    for id_ in sorted(activity.wished.keys() & activity.needed):
        yield _fault(f"{path}.wished", "also_needed", f"{id_!r} is needed already")
    for id_, cost in activity.wished.items():
        yield from _number(f"{path}.wished[{id_!r}]", cost, 1)
    for day in sorted(activity.days or ()):
        yield from _number(f"{path}.days", day, 0, MAX_SLOTS)
