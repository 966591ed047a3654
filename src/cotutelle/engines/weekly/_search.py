"""Branch and bound for a component of a few activities whose rooms cannot run short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from cotutelle.engines.weekly._week import Decision, Task, Week, slots_of

MOST_NODES = 5_000
"""Nodes after which CP-SAT takes over: it costs some milliseconds whatever the size."""

MOST_OPEN = 4
"""Most wished parties of one choice whose subsets are tried."""


@dataclass(frozen=True, slots=True)
class _Option:
    worth: int
    cells: int
    decision: Decision


class _GaveUp(Exception):
    pass


def search(week: Week, tasks: Sequence[int]) -> dict[int, Decision] | None:
    """
    Return the best decisions for ``tasks``, or ``None`` when that takes too long.

    The three objectives are one number: placed × big² + unchanged × big − cost.
    """
    if any(len(c.open) > MOST_OPEN for n in tasks for c in week.tasks[n].choices):
        return None
    big = 1 + sum(max(c.cost for c in week.tasks[n].choices) + 1 for n in tasks)
    cells: dict[tuple[object, int], int] = {}
    options = {
        number: sorted(
            _options(week, week.tasks[number], big, cells), key=lambda o: (-o.worth, o.cells)
        )
        for number in tasks
    }
    order = sorted(tasks, key=lambda number: (len(options[number]), number))
    try:
        chosen = _Tree([options[number] for number in order]).best
    except _GaveUp:
        return None
    return {
        number: option.decision
        for number, option in zip(order, chosen, strict=True)
        if option is not None
    }


def _options(
    week: Week, task: Task, big: int, cells: dict[tuple[object, int], int]
) -> Iterator[_Option]:
    def bits(key: object, window: int) -> int:
        mask = 0
        for slot in slots_of(window & week.contended.get(key, 0)):
            mask |= 1 << cells.setdefault((key, slot), len(cells))
        return mask

    for choice in task.choices:
        needed = 0
        for party in task.activity.needed:
            needed |= bits(party, choice.window)
        parties = [party for party, _ in choice.open]
        room = bits(("room", choice.keep_room), choice.window) if choice.keep_room else 0
        for count in range(len(parties) + 1):
            for attending in combinations(parties, count):
                used = needed
                for party in attending:
                    used |= bits(party, choice.window)
                decision = Decision(choice, attending, choice.keeps)
                worth = big * big - decision.cost
                yield _Option(worth + big * choice.keeps, used | room, decision)
                if room:
                    yield _Option(worth, used, Decision(choice, attending))


class _Tree:
    def __init__(self, options: list[list[_Option]]) -> None:
        self._options = options
        self._most = [0] * (len(options) + 1)
        for depth in reversed(range(len(options))):
            self._most[depth] = self._most[depth + 1] + options[depth][0].worth
        self._nodes = 0
        self._worth = -1
        self._chosen: list[_Option | None] = []
        self.best: list[_Option | None] = []
        self._descend(0, 0, 0)

    def _descend(self, depth: int, used: int, worth: int) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise _GaveUp
        if depth == len(self._options):
            self._worth, self.best = worth, list(self._chosen)
            return
        for option in self._options[depth]:
            if worth + option.worth + self._most[depth + 1] <= self._worth:
                break
            if not option.cells & used:
                self._chosen.append(option)
                self._descend(depth + 1, used | option.cells, worth + option.worth)
                self._chosen.pop()
        if worth + self._most[depth + 1] > self._worth:
            self._chosen.append(None)
            self._descend(depth + 1, used, worth)
            self._chosen.pop()
