"""
The model of one component, solved by CP-SAT: placed, then unchanged, then cost.

Source: Perron and Didier, CP-SAT (OR-tools).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from ortools.sat.python import cp_model

from cotutelle.engines.weekly._mip import Mip, Reached
from cotutelle.engines.weekly._pools import Kind, Kinds, Pool
from cotutelle.engines.weekly._week import Choice, Decision, Week

LARGE = 2_000
"""Variables from which on HiGHS is used."""

Stop = Callable[[], bool]
"""Called at every better plan; returning ``False`` stops the solver, which keeps the plan."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Decisions by task, whether all three objectives are proven, and no more can be placed."""

    decisions: Mapping[int, Decision]
    is_proven: bool
    bound_placed: int


class Model:
    """
    The tasks of one component and the pools that bind them.

    Parameters
    ----------
    week
        The week.
    tasks
        Numbers of the tasks.
    pools
        Pools that bind; all their tasks are among ``tasks``.
    by_name
        Whether rooms of the previous plan are kept apart by name (exact, larger) or counted
        with those like them (the naming of rooms may then fail to keep some).
    """

    def __init__(
        self, week: Week, tasks: Sequence[int], pools: Sequence[Pool], *, by_name: bool
    ) -> None:
        self.week = week
        self.tasks = tasks
        self.model = cp_model.CpModel()
        self.placed: dict[tuple[int, int], Any] = {}
        self.comes: dict[tuple[int, int, str], Any] = {}
        self.keeps: dict[int, Any] = {}
        self.uses: dict[tuple[int, tuple[Any, ...]], list[tuple[Kind, list[Any]]]] = {}
        self.group_of: dict[int, tuple[Any, ...]] = {}
        self.pinned: dict[int, Kind] = {}
        self._once: dict[object, list[Any]] = defaultdict(list)
        self._load: dict[tuple[Kind, int], list[Any]] = defaultdict(list)
        for number in tasks:
            self._add_task(number)
        for pool in pools:
            kinds = Kinds(week, pool, by_name=by_name)
            for group, members in pool.groups.items():
                self._add_group(group, members, kinds)
        for literals in self._once.values():
            if len(literals) > 1:
                self.model.add_at_most_one(literals)
        for (kind, _), load in self._load.items():
            self.model.add(cp_model.LinearExpr.sum(load) <= len(kind.rooms))

    def _add_task(self, number: int) -> None:
        task = self.week.tasks[number]
        contended = self.week.contended
        literals = []
        for index, choice in enumerate(task.choices):
            here = self.model.new_bool_var("")
            self.placed[number, index] = here
            literals.append(here)
            for party in task.activity.needed:
                self._mark(party, choice.window & contended[party], here)
            for party, _ in choice.open:
                comes = self.model.new_bool_var("")
                self.model.add_implication(comes, here)
                self.comes[number, index, party] = comes
                self._mark(party, choice.window & contended[party], comes)
            if choice.keeps:
                self._add_keeping(number, choice, here)
        self.model.add_at_most_one(literals)

    def _add_keeping(self, number: int, choice: Choice, here: Any) -> None:
        self.keeps[number] = here
        if choice.keep_room is not None:
            kept = self.model.new_bool_var("")
            self.model.add_implication(kept, here)
            self.keeps[number] = kept
            key = ("room", choice.keep_room)
            self._mark(key, choice.window & self.week.contended[key], kept)

    def _mark(self, key: object, mask: int, literal: Any) -> None:
        slot = 0
        while mask:
            if mask & 1:
                self._once[key, slot].append(literal)
            mask >>= 1
            slot += 1

    def _add_group(self, group: tuple[Any, ...], members: Sequence[int], kinds: Kinds) -> None:
        """Share the activities that begin together out among the kinds of room."""
        rooms, length, own = group
        at: dict[tuple[int, int], list[Any]] = defaultdict(list)
        kept_at: dict[tuple[int, int], list[tuple[int, str, Any]]] = defaultdict(list)
        for number in members:
            self.group_of[number] = group
            for index, choice in enumerate(self.week.tasks[number].choices):
                at[choice.start, choice.window].append(self.placed[number, index])
                if choice.keep_room is not None:
                    kept = (number, choice.keep_room, self.keeps[number])
                    kept_at[choice.start, choice.window].append(kept)
        for (start, window), literals in at.items():
            usable = kinds.at(rooms, window)
            keeping = kept_at[start, window]
            shares: list[tuple[Kind, list[Any]]]
            if len(usable) == 1 and not keeping:
                shares = [(usable[0], literals)]
            else:
                shares = [
                    (kind, [self.model.new_int_var(0, min(len(literals), len(kind.rooms)), "")])
                    for kind in usable
                ]
                given = [share for _, [share] in shares] + [kept for _, _, kept in keeping]
                self.model.add(cp_model.LinearExpr.sum(given) == cp_model.LinearExpr.sum(literals))
            self.uses[start, group] = shares
            pinned = []
            for number, room, kept in keeping:
                self.pinned[number] = kinds.at((room,), window)[0]
                pinned.append((self.pinned[number], [kept]))
            for kind, variables in [*shares, *pinned]:
                for slot in range(start, start + length):
                    self._load[kind, slot].extend(variables)
            if own is not None:
                self._add_seats(own, start, [*shares, *pinned])

    def _add_seats(self, number: int, start: int, shares: list[tuple[Kind, list[Any]]]) -> None:
        """Let no more wished parties come than the room has seats left."""
        task = self.week.tasks[number]
        everybody = len(task.activity.wished)
        seats: list[Any] = []
        for kind, variables in shares:
            slack = task.slack[kind.rooms[0]]
            free = everybody if slack is None else min(slack, everybody)
            seats.extend(free * variable for variable in variables)
        index = next(i for i, choice in enumerate(task.choices) if choice.start == start)
        coming = [self.comes[number, index, party] for party, _ in task.choices[index].open]
        if coming:
            self.model.add(sum(coming) <= sum(seats))

    def hint(self, decisions: Mapping[int, Decision]) -> None:
        """Begin the search near these decisions."""
        for (number, index), literal in self.placed.items():
            chosen = number in decisions and (
                decisions[number].choice is self.week.tasks[number].choices[index]
            )
            self.model.add_hint(literal, chosen)

    def solve(self, *, deadline: float, seed: int, stop: Stop) -> Outcome:
        """
        Return the best plan found until ``deadline`` (of `time.monotonic`).

        Each objective in its turn is solved with those before held at what they reached.
        """
        run = _Run(self.model, deadline, seed, stop)
        run.reach([(1, literal) for literal in self.placed.values()], len(self.tasks), share=0.4)
        bound = run.bound
        if self.keeps:
            run.reach([(1, kept) for kept in self.keeps.values()], len(self.keeps), share=0.4)
        if worth := self._worth():
            run.reach(worth, 0, share=1.0)
        return Outcome(self._decisions(run.values), run.is_proven, bound)

    def _worth(self) -> list[tuple[int, Any]]:
        """Return the terms of minus the cost."""
        terms = []
        for (number, index), literal in self.placed.items():
            choice = self.week.tasks[number].choices[index]
            if choice.cost:
                terms.append((-choice.cost, literal))
            for party, gain in choice.open:
                terms.append((gain, self.comes[number, index, party]))
        return terms

    def _decisions(self, values: Sequence[int] | None) -> dict[int, Decision]:
        if values is None:
            return {}
        left = {
            key: [kind for kind, own in shares for v in own for _ in range(values[v.index])]
            for key, shares in self.uses.items()
        }
        decisions = {}
        for (number, index), literal in self.placed.items():
            if not values[literal.index]:
                continue
            choice = self.week.tasks[number].choices[index]
            coming = {party: self.comes[number, index, party] for party, _ in choice.open}
            attending = tuple(party for party, comes in coming.items() if values[comes.index])
            kept = choice.keeps and bool(values[self.keeps[number].index])
            rooms: tuple[str, ...] = ()
            if number in self.group_of:
                if kept:
                    rooms = self.pinned[number].rooms
                else:
                    rooms = left[choice.start, self.group_of[number]].pop().rooms
            decisions[number] = Decision(choice, attending, kept, rooms)
        return decisions


class _Run:
    """
    One objective after the other, each begun from the best plan so far.

    HiGHS places and keeps in large models, CP-SAT does the rest: measured, each is several
    times faster there (`benchmarks/weekly.py`).
    """

    def __init__(self, model: Any, deadline: float, seed: int, stop: Stop) -> None:
        self.model, self.deadline, self.seed, self.stop = model, deadline, seed, stop
        self.mip = Mip(model.proto) if len(model.proto.variables) >= LARGE else None
        self.values: tuple[int, ...] | None = None
        self.is_proven = True
        self.bound = 0
        self.stopped = False

    def reach(self, terms: Sequence[tuple[int, Any]], most: int, share: float) -> None:
        """Maximise the sum of ``terms``, at most ``most``, in a share of the time left."""
        self.bound = most
        seconds = (self.deadline - monotonic()) * share
        if self.stopped or seconds <= 0:
            self.is_proven = False
            return
        found = None
        if self.mip is not None and share < 1:
            plain = [(factor, variable.index) for factor, variable in terms]
            found = self.mip.maximise(plain, seconds, self.values)
            if found is not None:
                self.mip.hold(plain, found.objective)
        else:
            found = self._search(terms, seconds)
        if found is None:
            self.is_proven = False
            return
        self.values = found.values
        self.bound = min(most, int(min(found.bound, most) + 1e-6))
        self.is_proven = self.is_proven and found.is_proven
        self.model.add(_sum(terms) >= found.objective)
        self.stopped = self.stopped or not self.stop()

    def _search(self, terms: Sequence[tuple[int, Any]], seconds: float) -> Reached | None:
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = self.seed
        solver.parameters.linearization_level = 2
        solver.parameters.max_time_in_seconds = seconds
        self.model.maximize(_sum(terms))
        if self.values is not None:
            self.model.clear_hints()
            for index, value in enumerate(self.values):
                self.model.add_hint(self.model.get_int_var_from_proto_index(index), value)
        status = solver.solve(self.model, _Watch(self))
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        return Reached(
            tuple(solver.response_proto.solution),
            round(solver.objective_value),
            status == cp_model.OPTIMAL,
            solver.best_objective_bound,
        )


def _sum(terms: Sequence[tuple[int, Any]]) -> Any:
    factors = [factor for factor, _ in terms]
    return cp_model.LinearExpr.weighted_sum([variable for _, variable in terms], factors)


class _Watch(cp_model.CpSolverSolutionCallback):
    def __init__(self, run: _Run) -> None:
        super().__init__()
        self._run = run

    def on_solution_callback(self) -> None:
        if not self._run.stop():
            self._run.stopped = True
            self.stop_search()
