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


def complete(
    week: Week, decisions: Mapping[int, Decision], named: Mapping[int, str | None]
) -> tuple[dict[int, Decision], dict[int, str | None]]:
    """
    Return the plan with what still fits placed, and who still can come invited, for nothing.

    A proven plan has no more to place; a wished party whose dislike weighs as much as the wish
    is let in here.
    """
    table = _Table(week, dict(decisions), dict(named))
    for number, task in enumerate(week.tasks):
        if number not in decisions:
            table.place(number, task)
    for number, task in enumerate(week.tasks):
        if number in table.decisions and task.activity.wished:
            table.invite(number, task)
    return table.decisions, table.named


class _Table:
    """Who is occupied and which room is taken when, as masks."""

    def __init__(
        self, week: Week, decisions: dict[int, Decision], named: dict[int, str | None]
    ) -> None:
        self.week, self.decisions, self.named = week, decisions, named
        self._occupied: dict[str, int] = {}
        self._taken: dict[str, int] = {}
        for number, decision in decisions.items():
            self._take(week.tasks[number], decision, named[number])

    def _take(self, task: Task, decision: Decision, room: str | None) -> None:
        window = decision.choice.window
        for party in [*task.activity.needed, *decision.choice.sure, *decision.attending]:
            self._occupied[party] = self._occupied.get(party, 0) | window
        if room is not None:
            self._taken[room] = self._taken.get(room, 0) | window

    def place(self, number: int, task: Task) -> None:
        """Give an activity the cheapest start at which nothing is in its way."""
        for choice in sorted(task.choices, key=lambda choice: (choice.cost, choice.start)):
            people = [*task.activity.needed, *choice.sure]
            if any(self._occupied.get(party, 0) & choice.window for party in people):
                continue
            decision = Decision(choice)
            room = find_room(self.week, task, decision, self._taken) if task.slack else None
            if task.slack and room is None:
                continue
            self.decisions[number], self.named[number] = decision, room
            self._take(task, decision, room)
            return

    def invite(self, number: int, task: Task) -> None:
        """Let wished parties come who are free, have a seat and do not mind too much."""
        decision, room = self.decisions[number], self.named[number]
        choice = decision.choice
        attending, open_ = list(decision.attending), dict(choice.open)
        slack = None if room is None else task.slack[room]
        for party, wish in sorted(task.activity.wished.items()):
            if party in choice.sure or party in attending:
                continue
            unwanted = self.week.parties[party].unwanted
            slots = range(choice.start, choice.start + task.activity.length)
            gain = wish - sum(unwanted.get(slot, 0) for slot in slots)
            taken = (self._occupied.get(party, 0) | self.week.busy[party]) & choice.window
            if gain >= 0 and not taken and fits(slack, len(choice.sure) + len(attending) + 1):
                attending.append(party)
                open_[party] = gain
        choice = replace(choice, open=tuple(sorted(open_.items())))
        self.decisions[number] = replace(decision, choice=choice, attending=tuple(attending))
        self._take(task, self.decisions[number], room)
