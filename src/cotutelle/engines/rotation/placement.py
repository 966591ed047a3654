"""
Exact placement of a few trainees while all others stay where they are (CP-SAT).

One 0/1 variable for each trainee, block, ward and start that the trainee's own rules allow.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from ortools.sat.python import cp_model

from cotutelle.engines.rotation.problem import Block, RotationProblem, Stay, Trainee, Ward
from cotutelle.engines.rotation.scoring import score_of

Cell = tuple[str, int]
"""Ward id and period."""


@dataclass(frozen=True, slots=True)
class Goal:
    """
    What a placement minimises: ``slack`` × places over or under + ``change`` × changed periods
    − ``score`` × score.

    Parameters
    ----------
    slack
        Cost of a place over or under; ``None`` forbids both.
    change
        Cost of a changed period against ``problem.previous``.
    score
        Weight of the score (0 or 1).
    most_changes
        Bound on the changed periods of the free trainees, or ``None``.
    crowd
        Cells → cost of standing there in that period, for cells outside ``cells``.
    cells
        Only these cells' capacities and minimums count; ``None``: all.
    helped
        Cells whose minimum others may help to reach, at the cost of a change for each place.
    unit
        Enough is proven once cost and bound are in the same multiple of this.
    """

    slack: int | None = None
    change: int = 0
    score: int = 0
    most_changes: int | None = None
    crowd: Mapping[Cell, int] | None = None
    cells: Set[Cell] | None = None
    helped: Set[Cell] = frozenset()
    unit: int = 1


@dataclass(frozen=True, slots=True)
class Placed:
    """Stays of the free trainees, the goal reached, and a proven lower bound on it."""

    stays: Mapping[str, tuple[Stay, ...]]
    cost: int
    bound: float
    is_optimal: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of wall time, seed and threads of one call."""

    seconds: float
    seed: int = 0
    workers: int = 1


def place(
    problem: RotationProblem,
    free: Set[str],
    stays: Mapping[str, Sequence[Stay]],
    goal: Goal,
    limits: Limits,
) -> Placed | float | None:
    """
    Place the trainees ``free`` again, the others being where ``stays`` has them.

    Parameters
    ----------
    problem
        A valid problem.
    free
        Ids of the trainees to place.
    stays
        Where everybody is now; those of ``free`` are the hint.
    goal, limits
        See there.

    Returns
    -------
    The best placement found; ``None`` when it was proven that there is none; or, when nothing
    was found in time, the proven lower bound on the cost.
    """
    model = _Model(problem, free, stays, goal)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(0.01, limits.seconds)
    solver.parameters.num_workers = limits.workers
    solver.parameters.random_seed = limits.seed
    # A full relaxation and no probing: five times faster here, measured.
    solver.parameters.linearization_level = 2
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0
    watch = _Watch(solver, goal.unit)
    status = solver.solve(model.model, watch)
    if status == cp_model.INFEASIBLE:
        return None
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return float(solver.best_objective_bound)
    found = {
        trainee: tuple(
            sorted(
                (stay for stay, var in options.items() if solver.value(var)),
                key=lambda stay: stay.start,
            )
        )
        for trainee, options in model.options.items()
    }
    cost, bound = round(solver.objective_value), solver.best_objective_bound
    proven = status == cp_model.OPTIMAL or watch.is_enough(cost, bound)
    return Placed(found, cost, bound, proven)


class _Watch(cp_model.CpSolverSolutionCallback):
    """Stop a search as soon as enough is proven."""

    def __init__(self, solver: cp_model.CpSolver, unit: int) -> None:
        super().__init__()
        self.unit, self.cost = unit, math.inf
        if unit > 1:
            solver.best_bound_callback = self.on_bound
        self.stop = solver.stop_search

    def is_enough(self, cost: float, bound: float) -> bool:
        return cost < math.inf and cost // self.unit <= (bound + 1e-6) // self.unit

    def on_bound(self, bound: float) -> None:
        if self.is_enough(self.cost, bound):
            self.stop()

    def on_solution_callback(self) -> None:
        self.cost = self.objective_value
        if self.unit > 1 and self.is_enough(self.cost, self.best_objective_bound):
            self.stop_search()


def loads(
    problem: RotationProblem, stays: Mapping[str, Sequence[Stay]], without: Set[str] = frozenset()
) -> Counter[Cell]:
    """Count who is where in ``stays``, leaving out the trainees ``without``."""
    load: Counter[Cell] = Counter()
    for trainee in problem.trainees:
        if trainee.id in without:
            continue
        months = {block.id: block.months for block in trainee.blocks}
        for stay in stays.get(trainee.id, ()):
            for period in range(stay.start, stay.start + months[stay.block]):
                load[stay.ward, period] += 1
    return load


def calendar(trainee: Trainee, stays: Sequence[Stay], horizon: int) -> list[str | None]:
    """Lay out stays: the ward of each period, or ``None``."""
    months = {block.id: block.months for block in trainee.blocks}
    made: list[str | None] = [None] * horizon
    for stay in stays:
        for period in range(stay.start, stay.start + months[stay.block]):
            made[period] = stay.ward
    return made


def allowed_stays(
    trainee: Trainee, wards: Mapping[str, Ward], horizon: int
) -> Iterator[tuple[Block, Stay]]:
    """Yield every single stay that the trainee's own rules allow."""
    pins = {pin.block: pin for pin in trainee.pins}
    for block in trainee.blocks:
        end = horizon if block.latest is None else min(horizon, block.latest + 1)
        starts = [
            start
            for start in range(block.earliest, end - block.months + 1)
            if trainee.away.isdisjoint(range(start, start + block.months))
        ]
        for ward in sorted(block.wards):
            if trainee.forbidden & {ward, wards[ward].hospital}:
                continue
            for start in starts:
                stay = Stay(block.id, ward, start)
                if pins.get(block.id, stay) == stay:
                    yield block, stay


class _Model:
    """The CP-SAT model of `place`; ``options`` keeps each trainee's stays with their variable."""

    def __init__(
        self,
        problem: RotationProblem,
        free: Set[str],
        stays: Mapping[str, Sequence[Stay]],
        goal: Goal,
    ) -> None:
        self.model = cp_model.CpModel()
        self.problem = problem
        self.goal = goal
        self.wards = {ward.id: ward for ward in problem.wards}
        self.options: dict[str, dict[Stay, Any]] = {}
        self.present: dict[Cell, list[Any]] = defaultdict(list)
        self.cost: list[Any] = []
        changes: list[Any] = []
        owns: list[Any] = []
        for trainee in sorted(problem.trainees, key=lambda each: each.id):
            if trainee.id in free:
                person = _Person(self, trainee)
                person.hint(stays.get(trainee.id, ()))
                changes.append(person.changes())
                if goal.score:
                    owns.append(person.own_score())
        if goal.most_changes is not None:
            self.model.add(sum(changes) <= goal.most_changes)
        if goal.change:
            self.cost.append(goal.change * sum(changes))
        load = loads(problem, stays, without=free)
        self._capacities(load)
        if goal.score:
            self._whole_score(owns, load, stays, free)
        self.model.minimize(sum(self.cost))

    def _capacities(self, load: Counter[Cell]) -> None:
        cells = self.goal.cells
        crowd = self.goal.crowd or {}
        for ward in self.wards.values():
            for period in range(self.problem.horizon):
                cell = (ward.id, period)
                here = self.present.get(cell, [])
                if cells is None or cell in cells:
                    self._cell(ward, period, here, load[cell])
                elif here and cell in crowd:
                    self.cost.append(crowd[cell] * sum(here))

    def _cell(self, ward: Ward, period: int, here: list[Any], others: int) -> None:
        slack = self.goal.slack
        if ward.upper is not None:
            room = ward.upper[period] - others
            if len(here) > room:
                if slack is None:
                    self.model.add(sum(here) <= room)
                else:
                    over = self.model.new_int_var(0, len(here) + max(0, -room), "")
                    self.model.add(sum(here) - over <= room)
                    self.cost.append(slack * over)
        least = ward.lower[period] - others if ward.lower else 0
        if least > 0:
            if (ward.id, period) in self.goal.helped:
                slack = self.goal.change
            if slack is None:
                self.model.add(sum(here) >= least)
            else:
                under = self.model.new_int_var(0, least, "")
                self.model.add(sum(here) + under >= least)
                self.cost.append(slack * under)

    def _whole_score(
        self,
        owns: list[Any],
        load: Counter[Cell],
        stays: Mapping[str, Sequence[Stay]],
        free: Set[str],
    ) -> None:
        self.cost.extend(-own for own in owns)
        problem = self.problem
        if problem.fairness:
            scores = score_of(problem, {**stays, **dict.fromkeys(free, ())}).trainees
            worst = self.model.new_int_var(-(10**9), 10**9, "")
            for own in owns:
                self.model.add(worst <= own)
            rest = [score for trainee, score in scores.items() if trainee not in free]
            if rest:
                self.model.add(worst <= min(rest))
            self.cost.append(-problem.fairness * worst)
        for ward in problem.wards if problem.smooth else ():
            for period, target in enumerate(ward.target):
                here = self.present.get((ward.id, period), [])
                room = target - load[ward.id, period]
                if len(here) > max(0, room):
                    above = self.model.new_int_var(0, len(here), "")
                    self.model.add(sum(here) - above <= max(0, room))
                    self.cost.append(problem.smooth * above)


class _Person:
    """One free trainee's variables and own rules."""

    def __init__(self, model: _Model, trainee: Trainee) -> None:
        self.model, self.cp, self.trainee = model, model.model, trainee
        self.horizon = model.problem.horizon
        self.months = {block.id: block.months for block in trainee.blocks}
        self.options: dict[Stay, Any] = {}
        self.by_block: dict[str, list[tuple[Stay, Any]]] = {b.id: [] for b in trainee.blocks}
        self.at: list[list[tuple[Stay, Any]]] = [[] for _ in range(self.horizon)]
        for block, stay in allowed_stays(trainee, model.wards, self.horizon):
            var = self.cp.new_bool_var("")
            self.options[stay] = var
            self.by_block[block.id].append((stay, var))
            for period in range(stay.start, stay.start + block.months):
                self.at[period].append((stay, var))
                model.present[stay.ward, period].append(var)
        model.options[trainee.id] = self.options
        self._amounts()
        self._orders()

    def _vars(self, block: str) -> list[Any]:
        return [var for _, var in self.by_block[block]]

    def _amounts(self) -> None:
        for block in self.trainee.blocks:
            if block.group:
                self.cp.add_at_most_one(self._vars(block.id))
            else:
                self.cp.add_exactly_one(self._vars(block.id))
        for pin in self.trainee.pins:
            self.cp.add(sum(self._vars(pin.block)) == 1)
        for group, count in self.trainee.groups.items():
            among = [b.id for b in self.trainee.blocks if b.group == group]
            self.cp.add(sum(var for block in among for var in self._vars(block)) == count)
        for here in self.at:
            self.cp.add_at_most_one(var for _, var in here)
        most = self.trainee.most_in_hospital
        if most is not None:
            for chosen in self._by_hospital(self.options.items()).values():
                self.cp.add(sum(chosen) <= most)

    def _by_hospital(self, options: Any) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = defaultdict(list)
        for stay, var in options:
            found[self.model.wards[stay.ward].hospital].append(var)
        return found

    def _orders(self) -> None:
        for order in self.trainee.orders:
            before, after = self.by_block[order.before], self.by_block[order.after]
            if order.needed:
                self.cp.add(sum(self._vars(order.after)) <= sum(self._vars(order.before)))
            for period in sorted({stay.start for stay, _ in after}):
                early = [var for stay, var in after if stay.start <= period]
                late = [v for stay, v in before if stay.start + self.months[stay.block] > period]
                self.cp.add_at_most_one([*early, *late])

    def hint(self, stays: Sequence[Stay]) -> None:
        held = set(stays)
        for stay, var in self.options.items():
            self.cp.add_hint(var, stay in held)

    def changes(self) -> Any:
        """Return the number of periods that differ from the previous plan."""
        known = self.model.problem.previous.get(self.trainee.id)
        if known is None:
            return 0
        then = calendar(self.trainee, known, self.horizon)
        base = sum(ward is not None for ward in then)
        terms = [
            (sum(ward is None for ward in span) - sum(ward == stay.ward for ward in span), var)
            for stay, var in self.options.items()
            for span in [then[stay.start : stay.start + self.months[stay.block]]]
        ]
        return base + sum(weight * var for weight, var in terms if weight)

    def own_score(self) -> Any:
        """Return the trainee's score as a linear expression, bounded above where it is reached."""
        blocks = {block.id: block for block in self.trainee.blocks}
        worth = sum(
            (blocks[stay.block].score + blocks[stay.block].wards[stay.ward]) * var
            for stay, var in self.options.items()
        )
        if self.trainee.idle_cost:
            last = self.cp.new_int_var(0, self.horizon, "")
            for block in blocks:
                ends = sum((s.start + self.months[block]) * var for s, var in self.by_block[block])
                self.cp.add(last >= ends)
            busy = sum(self.months[stay.block] * var for stay, var in self.options.items())
            worth -= self.trainee.idle_cost * (last - busy)
        if self.trainee.change_cost:
            worth -= self.trainee.change_cost * sum(self._moves())
        return worth

    def _moves(self) -> list[Any]:
        hospitals = sorted({self.model.wards[stay.ward].hospital for stay in self.options})
        moves: list[Any] = []
        was: dict[str, Any] = {}
        for here in self.at:
            now = {hospital: self.cp.new_bool_var("") for hospital in hospitals}
            self.cp.add_at_most_one(now.values())
            there = {hospital: sum(v) for hospital, v in self._by_hospital(here).items()}
            move = self.cp.new_bool_var("")
            for hospital, last in now.items():
                occupied = there.get(hospital, 0)
                self.cp.add(last >= occupied)
                if was:
                    self.cp.add(last >= was[hospital] - sum(there.values()))
                    elsewhere = sum(was.values()) - was[hospital]
                    self.cp.add(move >= occupied + elsewhere - 1)
            moves.append(move)
            was = now
        return moves
