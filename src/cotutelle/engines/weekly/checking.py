"""
The independent check of a week: every rule, every figure and every fix.

Nothing here is shared with the planner. The week is laid out slot by slot, and everything is
counted there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from cotutelle.engines.weekly.problem import (
    Activity,
    Fix,
    Party,
    Placement,
    Room,
    WeeklyPlan,
    WeeklyProblem,
)


@dataclass(frozen=True, slots=True)
class Violation:
    """
    One rule that a plan breaks.

    Parameters
    ----------
    code
        ``unknown_activity``, ``unplaced_list``, ``outside_week``, ``across_pause``,
        ``not_allowed_day``, ``busy``, ``twice_at_once``, ``no_room``, ``not_allowed_room``,
        ``room_busy``, ``room_twice``, ``seats``, ``left_out``, ``wrong_figure`` or ``bad_fix``.
    activity, subject, slot
        Which activity, which party or room, when; ``None`` where the rule knows none.
    message
        A sentence for people who read files.
    """

    code: str
    activity: str | None
    subject: str | None
    slot: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Objectives:
    """The three objectives of a plan, counted anew."""

    placed: int
    unchanged: int
    cost: int


def check_week(problem: WeeklyProblem, plan: WeeklyPlan) -> tuple[Violation, ...]:
    """
    Return everything that is wrong with ``plan``; an empty tuple says nothing is.

    Parameters
    ----------
    problem
        A valid problem.
    plan
        Any plan, from anywhere.

    Returns
    -------
    tuple
        By activity in order of id, then clashes, figures and fixes.

    Notes
    -----
    That a plan is best is not checked, save that no fix is smaller than those given.
    O(placed × people + unplaced × slots × (people + rooms)) time.
    """
    activities = {activity.id: activity for activity in problem.activities}
    found = [
        Violation("unknown_activity", id_, None, None, f"{id_}: no such activity")
        for id_ in sorted({*plan.placements, *plan.left_out, *plan.fixes} - activities.keys())
    ]
    if tuple(plan.unplaced) != tuple(sorted(activities.keys() - plan.placements.keys())):
        message = "the activities without a placement are not those listed as unplaced"
        found.append(Violation("unplaced_list", None, None, None, message))
    table = _Table(problem, plan.left_out)
    for id_ in sorted(activities.keys() & plan.placements.keys()):
        found.extend(table.enter(activities[id_], plan.placements[id_]))
    if not found:
        found.extend(_figures(problem, plan))
        found.extend(_fixes(problem, plan, table))
    return tuple(found)


def recompute_objectives(problem: WeeklyProblem, plan: WeeklyPlan) -> Objectives:
    """
    Return the three objectives of a plan without violations, counted slot by slot.

    Parameters
    ----------
    problem
        A valid problem.
    plan
        Its ``placements`` and ``left_out`` are read, nothing else.
    """
    unwanted = {party.id: party.unwanted for party in problem.parties}
    unchanged = cost = 0
    for activity in problem.activities:
        placement = plan.placements.get(activity.id)
        if placement is None:
            continue
        unchanged += problem.previous.get(activity.id) == placement
        absent = plan.left_out.get(activity.id, ())
        cost += sum(activity.wished[party] for party in absent)
        for party in _present(activity, absent):
            for slot in _slots(activity, placement):
                cost += unwanted[party].get(slot, 0)
    return Objectives(len(plan.placements), unchanged, cost)


def _present(activity: Activity, absent: Collection[str]) -> list[str]:
    return sorted([*activity.needed, *(p for p in activity.wished if p not in absent)])


def _slots(activity: Activity, placement: Placement) -> range:
    return range(placement.start, placement.start + activity.length)


class _Table:
    """Who and what is taken by which activity, slot by slot."""

    def __init__(self, problem: WeeklyProblem, left_out: Mapping[str, Collection[str]]) -> None:
        self.problem = problem
        self.left_out = left_out
        self.parties = {party.id: party for party in problem.parties}
        self.rooms = {room.id: room for room in problem.rooms}
        self.taken: dict[tuple[str, str, int], str] = {}

    def enter(self, activity: Activity, placement: Placement) -> Iterator[Violation]:
        """Yield what is wrong with this placement, and take what it takes."""
        absent = self.left_out.get(activity.id, ())
        if not set(absent) <= set(activity.wished):
            yield _broken("left_out", activity, "who was never wished cannot be left out")
        people = [self.parties[party] for party in _present(activity, absent)]
        yield from self.violations(activity, placement, people, {})
        for slot in _slots(activity, placement):
            for party in people:
                self.taken["party", party.id, slot] = activity.id
            if placement.room is not None:
                self.taken["room", placement.room, slot] = activity.id

    def violations(
        self,
        activity: Activity,
        placement: Placement,
        people: Collection[Party],
        freed: Mapping[str, Collection[int]],
    ) -> Iterator[Violation]:
        """Yield what forbids ``activity`` there, with ``freed`` slots no longer busy."""
        days = self.problem.day_of_slot
        slots = _slots(activity, placement)
        if slots[0] < 0 or slots[-1] >= len(days):
            yield _broken("outside_week", activity, f"slot {slots[-1]} is outside the week")
            return
        for before, after in pairwise(slots):
            if days[before] != days[after] or after in self.problem.breaks:
                yield _broken("across_pause", activity, "it runs across a pause", None, after)
        if activity.days is not None and days[slots[0]] not in activity.days:
            message = f"day {days[slots[0]]} is not allowed"
            yield _broken("not_allowed_day", activity, message, None, slots[0])
        for party in people:
            for slot in slots:
                if slot in party.busy and slot not in freed.get(party.id, ()):
                    message = f"{party.id} is busy in slot {slot}"
                    yield _broken("busy", activity, message, party.id, slot)
                other = self.taken.get(("party", party.id, slot))
                if other is not None:
                    message = f"{party.id} is at {other} in slot {slot}"
                    yield _broken("twice_at_once", activity, message, party.id, slot)
        yield from self._room(activity, placement, [party.id for party in people])

    def _room(
        self, activity: Activity, placement: Placement, people: Collection[str]
    ) -> Iterator[Violation]:
        if placement.room is None:
            if activity.rooms:
                yield _broken("no_room", activity, "it needs a room and has none")
            return
        if placement.room not in activity.rooms:
            message = f"it may not use room {placement.room}"
            yield _broken("not_allowed_room", activity, message, placement.room)
            return
        room = self.rooms[placement.room]
        for slot in _slots(activity, placement):
            if slot in room.busy:
                message = f"room {room.id} is taken in slot {slot}"
                yield _broken("room_busy", activity, message, room.id, slot)
            other = self.taken.get(("room", room.id, slot))
            if other is not None:
                message = f"room {room.id} holds {other} in slot {slot}"
                yield _broken("room_twice", activity, message, room.id, slot)
        yield from _seats(activity, room, people)


def _seats(activity: Activity, room: Room, people: Collection[str]) -> Iterator[Violation]:
    seated = [party for party in people if not (room.remote and party in activity.remote)]
    if room.seats is not None and len(seated) > room.seats:
        message = f"room {room.id} has {room.seats} seats for {len(seated)} people"
        yield _broken("seats", activity, message, room.id)


def _broken(
    code: str,
    activity: Activity,
    message: str,
    subject: str | None = None,
    slot: int | None = None,
) -> Violation:
    return Violation(code, activity.id, subject, slot, f"{activity.id}: {message}")


def _figures(problem: WeeklyProblem, plan: WeeklyPlan) -> Iterator[Violation]:
    true = recompute_objectives(problem, plan)
    for name, said, counted in (
        ("unchanged", plan.unchanged, true.unchanged),
        ("cost", plan.cost, true.cost),
        ("bound_placed", plan.bound_placed, max(plan.bound_placed, true.placed)),
        ("is_optimal", plan.is_optimal, plan.is_optimal and plan.bound_placed == true.placed),
    ):
        if said != counted:
            message = f"{name} is said to be {said} and is {counted}"
            yield Violation("wrong_figure", None, name, None, message)


def _fixes(problem: WeeklyProblem, plan: WeeklyPlan, table: _Table) -> Iterator[Violation]:
    """Compare the fixes with all that free the fewest slots."""
    for activity in sorted(problem.activities, key=lambda activity: activity.id):
        given = plan.fixes.get(activity.id, ())
        if activity.id in plan.placements:
            if given:
                yield _broken("bad_fix", activity, "it is placed and needs no fix")
            continue
        sizes = _sizes(activity, table)
        fewest = min((size[0] for size in sizes.values()), default=0)
        expected = {start: size for start, size in sizes.items() if size[0] == fewest}
        if [fix.placement.start for fix in given] != sorted(
            expected, key=lambda start: (*expected[start], start)
        ):
            yield _broken("bad_fix", activity, "these are not the smallest fixes, best first")
        for fix in given:
            yield from _fix(activity, fix, table, expected)


def _sizes(activity: Activity, table: _Table) -> dict[int, tuple[int, int]]:
    """Return each start that a fix can reach → slots to free, people to ask."""
    people = [table.parties[party] for party in sorted(activity.needed)]
    movable = {party.id: party.movable for party in people}
    sizes = {}
    rooms: list[str | None] = [*sorted(activity.rooms)] or [None]
    for start in range(len(table.problem.day_of_slot) - activity.length + 1):
        slots = set(range(start, start + activity.length))
        if any(
            not list(table.violations(activity, Placement(start, room), people, movable))
            for room in rooms
        ):
            asked = [len(party.busy & slots) for party in people if party.busy & slots]
            sizes[start] = (sum(asked), len(asked))
    return sizes


def _fix(
    activity: Activity, fix: Fix, table: _Table, sizes: Mapping[int, tuple[int, int]]
) -> Iterator[Violation]:
    people = [table.parties[party] for party in sorted(activity.needed)]
    freed: dict[str, set[int]] = defaultdict(set)
    for asked, which in fix.frees:
        freed[asked].update(which)
    wrong = list(table.violations(activity, fix.placement, people, freed))
    for party, slots in freed.items():
        known = table.parties.get(party)
        if known is None or not slots <= known.movable:
            wrong.append(_broken("bad_fix", activity, f"{party} cannot be asked for this", party))
    size = (sum(map(len, freed.values())), len(freed))
    if fix.activity != activity.id or size != sizes.get(fix.placement.start):
        wrong.append(_broken("bad_fix", activity, "it frees more than it must"))
    for violation in wrong:
        yield _broken("bad_fix", activity, f"a fix does not help: {violation.message}")
