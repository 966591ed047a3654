"""From starts to rooms with names, and what can still be done for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cotutelle.engines.weekly._week import Decision, Task, Week, fits


def name_rooms(
    week: Week, decisions: Mapping[int, Decision]
) -> tuple[dict[int, str | None], frozenset[int]]:
    """
    Give every decided task its room.

    Parameters
    ----------
    week
        The week.
    decisions
        By task; no more at once in equal rooms than there are.

    Returns
    -------
    tuple
        Task → room (``None``: needs none), and the tasks that had to leave the room they were
        to keep. Those exist only where tasks of unequal length or start met in equal rooms:
        who stays in a named room may leave gaps of which none is long enough.
    """
    moved: frozenset[int] = frozenset()
    while True:
        named, stuck = _give_out(week, decisions, moved)
        if not stuck:
            return named, moved
        more = {n for n, d in decisions.items() if d.kept and d.rooms and d.rooms in stuck}
        if more <= moved:
            raise RuntimeError(f"decisions: more at once than there are rooms in {sorted(stuck)}")
        moved |= more


def _give_out(
    week: Week, decisions: Mapping[int, Decision], moved: frozenset[int]
) -> tuple[dict[int, str | None], set[tuple[str, ...]]]:
    named: dict[int, str | None] = {}
    taken: dict[str, int] = {}
    waiting, stuck = [], set()
    for number, decision in sorted(decisions.items()):
        if not week.tasks[number].slack:
            named[number] = None
        elif decision.kept and number not in moved:
            room = decision.choice.keep_room
            assert room is not None  # noqa: S101
            named[number] = room
            taken[room] = taken.get(room, 0) | decision.choice.window
        else:
            waiting.append((decision.choice.start, number, decision))
    for _, number, decision in sorted(waiting, key=lambda item: item[:2]):
        found = find_room(week, week.tasks[number], decision, taken)
        if found is None:
            stuck.add(decision.rooms)
            continue
        named[number] = found
        taken[found] = taken.get(found, 0) | decision.choice.window
    return named, stuck


def find_room(week: Week, task: Task, decision: Decision, taken: Mapping[str, int]) -> str | None:
    """Return the free room that leaves the smallest gap behind, then the fewest seats empty."""
    window = decision.choice.window
    coming = len(decision.choice.sure) + len(decision.attending)
    best: tuple[int, int, str] | None = None
    for room in decision.rooms or task.slack:
        free = week.free[room] & ~taken.get(room, 0)
        slack = task.slack[room]
        if free & window != window or not fits(slack, coming):
            continue
        end = window.bit_length()
        after = free >> end
        gap = ((after ^ (after + 1)).bit_length() - 1) if decision.rooms else 0
        rank = (gap, 1_000_000 if slack is None else slack, room)
        if best is None or rank < best:
            best = rank
    return None if best is None else best[2]


def complete(week: Week, decisions: dict[int, Decision], named: dict[int, str | None]) -> None:
    """
    Place what still fits and invite who still can come, for nothing; changes both in place.

    A proven plan has no more to place; a wished party whose dislike weighs as much as the wish
    is let in here.
    """
    taken: dict[str, int] = {}
    occupied: dict[str, int] = {}
    for number, decision in decisions.items():
        _occupy(week.tasks[number], decision, occupied)
        room = named[number]
        if room is not None:
            taken[room] = taken.get(room, 0) | decision.choice.window
    for number in range(len(week.tasks)):
        if number not in decisions:
            _place(week, number, occupied, taken, decisions, named)
    for number, task in enumerate(week.tasks):
        if number in decisions and task.activity.wished:
            decision = _invite(week, task, decisions[number], occupied, named[number])
            decisions[number] = decision
            _occupy(task, decision, occupied)


def _occupy(task: Task, decision: Decision, occupied: dict[str, int]) -> None:
    for party in [*task.activity.needed, *decision.choice.sure, *decision.attending]:
        occupied[party] = occupied.get(party, 0) | decision.choice.window


def _place(
    week: Week,
    number: int,
    occupied: dict[str, int],
    taken: dict[str, int],
    decisions: dict[int, Decision],
    named: dict[int, str | None],
) -> None:
    task = week.tasks[number]
    for choice in sorted(task.choices, key=lambda choice: (choice.cost, choice.start)):
        people = [*task.activity.needed, *choice.sure]
        if any(occupied.get(party, 0) & choice.window for party in people):
            continue
        decision = Decision(choice)
        room = find_room(week, task, decision, taken) if task.slack else None
        if task.slack and room is None:
            continue
        decisions[number], named[number] = decision, room
        _occupy(task, decision, occupied)
        if room is not None:
            taken[room] = taken.get(room, 0) | choice.window
        return


def _invite(
    week: Week, task: Task, decision: Decision, occupied: Mapping[str, int], room: str | None
) -> Decision:
    choice = decision.choice
    attending, open_ = list(decision.attending), dict(choice.open)
    slack = None if room is None else task.slack[room]
    for party, wish in sorted(task.activity.wished.items()):
        if party in choice.sure or party in attending:
            continue
        unwanted = week.parties[party].unwanted
        slots = range(choice.start, choice.start + task.activity.length)
        gain = wish - sum(unwanted.get(slot, 0) for slot in slots)
        taken = (occupied.get(party, 0) | week.busy[party]) & choice.window
        if gain >= 0 and not taken and fits(slack, len(choice.sure) + len(attending) + 1):
            attending.append(party)
            open_[party] = gain
    return replace(
        decision,
        choice=replace(choice, open=tuple(sorted(open_.items()))),
        attending=tuple(attending),
    )
