"""What would have to be freed so that an activity finds its slot, all else staying as it is."""

from __future__ import annotations

from collections.abc import Mapping

from cotutelle.engines.weekly._week import Week, fits, read_week, slack_in, slots_of, window_of
from cotutelle.engines.weekly.problem import Activity, Fix, Placement, WeeklyProblem


def find_fixes(
    problem: WeeklyProblem,
    placements: Mapping[str, Placement],
    left_out: Mapping[str, tuple[str, ...]],
) -> dict[str, tuple[Fix, ...]]:
    """
    Return the smallest fixes of each unplaced activity.

    A fix frees movable slots of needed parties in one window, in which nothing else keeps the
    activity away: no other duty, no placed activity of theirs, and a room that seats them is free.

    Parameters
    ----------
    problem
        A valid problem.
    placements, left_out
        The plan.

    Returns
    -------
    dict
        Every unplaced activity → all fixes that free the fewest slots, first those that ask the
        fewest people, then the earliest; each by itself is enough. Empty when nothing helps.

    Notes
    -----
    O(unplaced × slots × (people + rooms)) time.
    """
    week = read_week(problem)
    occupied: dict[str, int] = {}
    taken: dict[str, int] = {}
    for activity in problem.activities:
        placement = placements.get(activity.id)
        if placement is None:
            continue
        window = window_of(placement.start, activity.length)
        here = set(activity.wished) - set(left_out.get(activity.id, ())) | activity.needed
        for party in here:
            occupied[party] = occupied.get(party, 0) | window
        if placement.room is not None:
            taken[placement.room] = taken.get(placement.room, 0) | window
    return {
        activity.id: _fixes(week, activity, occupied, taken)
        for activity in sorted(problem.activities, key=lambda activity: activity.id)
        if activity.id not in placements
    }


def _fixes(
    week: Week, activity: Activity, occupied: Mapping[str, int], taken: Mapping[str, int]
) -> tuple[Fix, ...]:
    found = []
    for start in week.starts[activity.length]:
        day = week.problem.day_of_slot[start]
        if activity.days is not None and day not in activity.days:
            continue
        window = window_of(start, activity.length)
        frees = _frees(week, activity, window, occupied)
        if frees is None:
            continue
        room = _free_room(week, activity, window, taken)
        if activity.rooms and room is None:
            continue
        count = sum(len(slots) for _, slots in frees)
        found.append((count, len(frees), Fix(activity.id, Placement(start, room), frees)))
    fewest = min((count for count, _, _ in found), default=0)
    smallest = [item for item in found if item[0] == fewest]
    return tuple(fix for _, _, fix in sorted(smallest, key=lambda i: (i[1], i[2].placement.start)))


def _frees(
    week: Week, activity: Activity, window: int, occupied: Mapping[str, int]
) -> tuple[tuple[str, tuple[int, ...]], ...] | None:
    frees = []
    for party in sorted(activity.needed):
        if occupied.get(party, 0) & window:
            return None
        slots = slots_of(week.busy[party] & window)
        if not week.parties[party].movable.issuperset(slots):
            return None
        if slots:
            frees.append((party, tuple(slots)))
    return tuple(frees)


def _free_room(week: Week, activity: Activity, window: int, taken: Mapping[str, int]) -> str | None:
    for room in sorted(activity.rooms):
        free = week.free[room] & ~taken.get(room, 0)
        if free & window == window and fits(slack_in(activity, week.rooms[room])):
            return room
    return None
