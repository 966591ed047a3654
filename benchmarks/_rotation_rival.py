"""
The rival: one CP-SAT model of everything, with a literal for each block, ward and start.

What somebody who knows CP-SAT well would write first; built once and left to the solver.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from ortools.sat.python import cp_model

from cotutelle.engines.rotation import Block, RotationProblem, Stay, Trainee

Stays = dict[str, tuple[Stay, ...]]
WORKERS = 8


class BlockStartModel:
    """The model of a problem without a previous plan."""

    def __init__(self, problem: RotationProblem) -> None:
        self.problem = problem
        self.model = cp_model.CpModel()
        self.hospital = {ward.id: ward.hospital for ward in problem.wards}
        self.choices: dict[tuple[str, str, str, int], Any] = {}
        self.present: dict[tuple[str, int], list[Any]] = defaultdict(list)
        own = [self._trainee(trainee) for trainee in problem.trainees]
        worst = self.model.new_int_var(-(10**7), 10**7, "worst")
        for score in own:
            self.model.add(worst <= score)
        above = self._wards()
        total = sum(own) + problem.fairness * worst - problem.smooth * sum(above)
        self.model.maximize(total)

    def _trainee(self, trainee: Trainee) -> Any:
        """Add one trainee's rules; return the own score."""
        covering: dict[int, list[Any]] = defaultdict(list)
        inside: dict[tuple[str, int], list[Any]] = defaultdict(list)
        in_hospital: dict[str, list[Any]] = defaultdict(list)
        done: dict[str, Any] = {}
        starts: dict[str, Any] = {}
        worth: list[Any] = []
        last = self.model.new_int_var(0, self.problem.horizon, "last")
        for block in trainee.blocks:
            mine = self._starts(trainee, block)
            literals = list(mine.values())
            done[block.id] = sum(literals)
            starts[block.id] = sum(start * x for (_, start), x in mine.items())
            if block.group:
                self.model.add_at_most_one(literals)
            else:
                self.model.add_exactly_one(literals)
            self.model.add(last >= starts[block.id] + block.months * done[block.id])
            for (ward, start), x in mine.items():
                worth.append((block.score + block.wards[ward]) * x)
                in_hospital[self.hospital[ward]].append(x)
                for period in range(start, start + block.months):
                    covering[period].append(x)
                    inside[self.hospital[ward], period].append(x)
                    self.present[ward, period].append(x)
        for literals in covering.values():
            self.model.add_at_most_one(literals)
        for group, count in trainee.groups.items():
            self.model.add(sum(done[b.id] for b in trainee.blocks if b.group == group) == count)
        if trainee.most_in_hospital is not None:
            for literals in in_hospital.values():
                self.model.add(sum(literals) <= trainee.most_in_hospital)
        self._orders(trainee, done, starts)
        occupied = sum(block.months * done[block.id] for block in trainee.blocks)
        changes = self._changes(inside)
        costs = trainee.idle_cost * (last - occupied) + trainee.change_cost * sum(changes)
        return sum(worth) - costs

    def _starts(self, trainee: Trainee, block: Block) -> dict[tuple[str, int], Any]:
        """A literal for every ward and start that the trainee's own rules allow."""
        latest = self.problem.horizon - 1 if block.latest is None else block.latest
        pins = [pin for pin in trainee.pins if pin.block == block.id]
        found = {}
        for start in range(block.earliest, latest - block.months + 2):
            if trainee.away.intersection(range(start, start + block.months)):
                continue
            for ward in block.wards:
                if trainee.forbidden & {ward, self.hospital[ward]}:
                    continue
                if pins and (pins[0].ward, pins[0].start) != (ward, start):
                    continue
                x = self.model.new_bool_var("")
                found[ward, start] = self.choices[trainee.id, block.id, ward, start] = x
        if pins:
            self.model.add_exactly_one(found.values())
        return found

    def _orders(self, trainee: Trainee, done: dict[str, Any], starts: dict[str, Any]) -> None:
        months = {block.id: block.months for block in trainee.blocks}
        horizon = self.problem.horizon
        for order in trainee.orders:
            before, after = order.before, order.after
            missing = (1 - done[before]) + (1 - done[after])
            self.model.add(starts[before] + months[before] <= starts[after] + 2 * horizon * missing)
            if order.needed:
                self.model.add(done[after] <= done[before])

    def _changes(self, inside: dict[tuple[str, int], list[Any]]) -> list[Any]:
        """The hospital last attended in every period, and a literal for each change of it."""
        used = sorted({hospital for hospital, _ in inside})
        if not used:
            return []
        state = [
            {hospital: self.model.new_bool_var("") for hospital in used}
            for _ in range(self.problem.horizon)
        ]
        changes = []
        for period, at in enumerate(state):
            self.model.add_exactly_one(at.values())
            for hospital in used:
                for x in inside[hospital, period]:
                    self.model.add_implication(x, at[hospital])
        for then, now in pairwise(state):
            changed = self.model.new_bool_var("")
            for hospital in used:
                self.model.add_bool_or(~now[hospital], then[hospital], changed)
            changes.append(changed)
        return changes

    def _wards(self) -> list[Any]:
        above = []
        for ward in self.problem.wards:
            for period in range(self.problem.horizon):
                load = sum(self.present[ward.id, period])
                if ward.upper is not None and self.present[ward.id, period]:
                    self.model.add(load <= ward.upper[period])
                if ward.lower and ward.lower[period]:
                    self.model.add(load >= ward.lower[period])
                if ward.target and self.problem.smooth:
                    excess = self.model.new_int_var(0, len(self.problem.trainees), "")
                    self.model.add(excess >= load - ward.target[period])
                    above.append(excess)
        return above

    def solve(self, cpu_limit: float, met: Callable[[float], None]) -> tuple[str, Stays | None]:
        """Search until the process has used ``cpu_limit`` in all; ``met`` hears of solutions."""
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = WORKERS
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(0.05) and time.process_time() < cpu_limit:
                pass
            solver.stop_search()

        class Heard(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
            def on_solution_callback(self) -> None:
                met(self.objective_value)

        guard = threading.Thread(target=watch)
        guard.start()
        status = solver.solve(self.model, Heard())
        ended.set()
        guard.join()
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return solver.status_name(status), None
        stays: dict[str, list[Stay]] = defaultdict(list)
        for (trainee, block, ward, start), x in self.choices.items():
            if solver.boolean_value(x):
                stays[trainee].append(Stay(block, ward, start))
        plan = {t: tuple(sorted(own, key=lambda s: s.start)) for t, own in stays.items()}
        return solver.status_name(status), plan
