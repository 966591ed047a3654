"""
A weekly problem as the solvers read it: for each activity, the starts that are possible at all.

Sets of slots are whole numbers used as bit masks: slot ``i`` is bit ``i``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cotutelle.engines.weekly.problem import Activity, Party, Room, WeeklyProblem


@dataclass(frozen=True, slots=True)
class Choice:
    """
    One possible start of one activity.

    Parameters
    ----------
    start, window
        First slot, and all slots as a mask.
    cost
        With all of ``open`` left out.
    sure
        Wished parties whom nothing keeps from coming.
    open
        Wished parties who can come if nothing else wants them then → what is gained (≥ 1).
    keeps
        Whether it is the previous start and the previous room, if any, can be had.
    keep_room
        That room.
    """

    start: int
    window: int
    cost: int
    sure: tuple[str, ...] = ()
    open: tuple[tuple[str, int], ...] = ()
    keeps: bool = False
    keep_room: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """
    An activity with its choices.

    ``slack`` maps each room that seats all who are needed there to the seats left for wished
    parties (``None``: any number). ``tight`` says that some room cannot take all the wished.
    """

    activity: Activity
    choices: tuple[Choice, ...]
    slack: dict[str, int | None]
    tight: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """
    A choice made.

    Parameters
    ----------
    choice
        When.
    attending
        Who of its ``open`` comes.
    kept
        Whether it stays as it was, in ``choice.keep_room`` if it has a room.
    rooms
        Equal rooms of which it gets one; empty when any room that fits will do.
    """

    choice: Choice
    attending: tuple[str, ...] = ()
    kept: bool = False
    rooms: tuple[str, ...] = ()

    @property
    def cost(self) -> int:
        """What this costs."""
        gains = dict(self.choice.open)
        return self.choice.cost - sum(gains[party] for party in self.attending)


@dataclass(slots=True)
class Week:
    """
    A problem with everything looked up once.

    Parameters
    ----------
    starts
        Length → starts whose slots lie in one stretch without a pause.
    busy
        Party id → mask.
    free
        Room id → mask.
    contended
        ``party id`` or ``("room", id)`` → slots that more than one activity could use.
    tasks
        Activities with at least one choice, in order of id.
    """

    problem: WeeklyProblem
    parties: dict[str, Party]
    rooms: dict[str, Room]
    stretch: list[int]
    starts: dict[int, tuple[int, ...]] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)
    free: dict[str, int] = field(default_factory=dict)
    contended: dict[object, int] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)


def mask_of(slots: Iterable[int]) -> int:
    """Return the mask of these slots."""
    mask = 0
    for slot in slots:
        mask |= 1 << slot
    return mask


def window_of(start: int, length: int) -> int:
    """Return the mask of ``length`` slots from ``start``."""
    return ((1 << length) - 1) << start


def slots_of(mask: int) -> list[int]:
    """Return the slots of a mask, in order."""
    slots = []
    while mask:
        low = mask & -mask
        slots.append(low.bit_length() - 1)
        mask ^= low
    return slots


def slack_in(activity: Activity, room: Room) -> int | None:
    """Return the seats left when all who need one are seated: below 0 is too small."""
    if room.seats is None:
        return None
    seated = activity.needed - activity.remote if room.remote else activity.needed
    return room.seats - len(seated)


def fits(slack: int | None, people: int = 0) -> bool:
    """Return whether ``people`` more can sit there."""
    return slack is None or slack >= people


def read_week(problem: WeeklyProblem) -> Week:
    """Return ``problem``, which must be valid, with the choices of each activity."""
    week = Week(
        problem,
        {party.id: party for party in problem.parties},
        {room.id: room for room in problem.rooms},
        _stretches(problem),
    )
    for length in {activity.length for activity in problem.activities}:
        week.starts[length] = tuple(
            start
            for start in range(len(week.stretch) - length + 1)
            if week.stretch[start] == week.stretch[start + length - 1]
        )
    whole = (1 << len(week.stretch)) - 1
    week.busy = {party.id: mask_of(party.busy) for party in problem.parties}
    week.free = {room.id: whole & ~mask_of(room.busy) for room in problem.rooms}
    activities = sorted(problem.activities, key=lambda activity: activity.id)
    slacks: list[dict[str, int | None]] = [
        {
            room: left
            for room in sorted(activity.rooms)
            if fits(left := slack_in(activity, week.rooms[room]))
        }
        for activity in activities
    ]
    windows = _windows(week, activities, slacks)
    _find_contended(week, activities, windows)
    for activity, slack, possible in zip(activities, slacks, windows, strict=True):
        if possible:
            week.tasks.append(_task(week, activity, slack, possible))
    return week


def _stretches(problem: WeeklyProblem) -> list[int]:
    """Return for each slot the number of its stretch: a day, or a part of it between pauses."""
    stretch: list[int] = []
    for slot, day in enumerate(problem.day_of_slot):
        if not slot:
            stretch.append(0)
        else:
            new = day != problem.day_of_slot[slot - 1] or slot in problem.breaks
            stretch.append(stretch[-1] + new)
    return stretch


def _windows(
    week: Week, activities: list[Activity], slacks: list[dict[str, int | None]]
) -> list[list[tuple[int, int]]]:
    """Return for each activity the ``(start, window)`` at which it could be."""
    with_room: dict[tuple[int, tuple[str, ...]], list[tuple[int, int]]] = {}
    found: list[list[tuple[int, int]]] = []
    for activity, slack in zip(activities, slacks, strict=True):
        length = activity.length
        usable = (length, tuple(slack))
        if usable not in with_room:
            every = [(start, window_of(start, length)) for start in week.starts[length]]
            with_room[usable] = [
                (start, window)
                for start, window in every
                if any(week.free[room] & window == window for room in slack)
            ]
            if not slack:
                with_room[usable] = every
        if activity.rooms and not slack:
            found.append([])
            continue
        busy = 0
        for party in activity.needed:
            busy |= week.busy[party]
        found.append(
            [
                (start, window)
                for start, window in with_room[usable]
                if not window & busy
                and (activity.days is None or week.problem.day_of_slot[start] in activity.days)
            ]
        )
    return found


def _find_contended(
    week: Week, activities: list[Activity], windows: list[list[tuple[int, int]]]
) -> None:
    once: dict[object, int] = {}

    def use(key: object, mask: int) -> None:
        before = once.get(key, 0)
        week.contended[key] = week.contended.get(key, 0) | (before & mask)
        once[key] = before | mask

    for activity, possible in zip(activities, windows, strict=True):
        mask = 0
        for _, window in possible:
            mask |= window
        for party in activity.needed:
            use(party, mask)
        for party in activity.wished:
            use(party, mask & ~week.busy[party])
        previous = week.problem.previous.get(activity.id)
        if previous is not None and previous.room is not None:
            use(("room", previous.room), window_of(previous.start, activity.length))


def _task(
    week: Week,
    activity: Activity,
    slack: dict[str, int | None],
    possible: list[tuple[int, int]],
) -> Task:
    tight = any(not fits(seats, len(activity.wished)) for seats in slack.values())
    unwanted = _costs(week, activity.needed)
    wished = {party: _costs(week, [party]) for party in sorted(activity.wished)}
    everybody = sum(activity.wished.values())
    previous = week.problem.previous.get(activity.id)
    choices = []
    for start, window in possible:
        slots = range(start, start + activity.length)
        cost = everybody + sum(unwanted.get(slot, 0) for slot in slots)
        sure, open_ = [], []
        for party, dislikes in wished.items():
            gain = activity.wished[party] - sum(dislikes.get(slot, 0) for slot in slots)
            if gain <= 0 or week.busy[party] & window:
                continue
            if tight or week.contended[party] & window:
                open_.append((party, gain))
            else:
                sure.append(party)
                cost -= gain
        keeps, room = False, None
        if previous is not None and previous.start == start:
            room = previous.room
            keeps = (not activity.rooms and room is None) or (
                room in slack and week.free[room] & window == window
            )
        choices.append(
            Choice(start, window, cost, tuple(sure), tuple(open_), keeps, room if keeps else None)
        )
    return Task(activity, tuple(choices), slack, tight)


def _costs(week: Week, parties: Iterable[str]) -> dict[int, int]:
    costs: dict[int, int] = {}
    for party in parties:
        for slot, cost in week.parties[party].unwanted.items():
            costs[slot] = costs.get(slot, 0) + cost
    return costs
