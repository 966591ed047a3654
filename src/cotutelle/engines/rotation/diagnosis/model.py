"""The rules of a scope as one CP-SAT model in which each rule can be switched on and off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from ortools.sat.python import cp_model

from cotutelle.engines.rotation.diagnosis.scope import Scope, rules_of
from cotutelle.engines.rotation.placement import Cell
from cotutelle.engines.rotation.problem import Block, RotationProblem, Trainee
from cotutelle.engines.rotation.rules import Rule

_Key = tuple[str, tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class _Option:
    """A stay, or all stays in wards that no rule of the scope tells apart."""

    key: _Key
    start: int
    months: int
    var: Any


class RuleModel:
    """
    Which sets of rules can be kept together?

    What is never switched off: a trainee does one thing at a time, a block at most once and in
    its own wards. A rule switched off says nothing: a block need not be done (length), may be
    done after the last period (horizon), and so on.

    Parameters
    ----------
    problem
        A valid problem.
    scope
        The part looked at; trainees outside may come to any ward of theirs, so that minimums
        count only what is missing then.
    fixed
        Build these rules in for good and leave all others out; nothing can be switched then.
    """

    def __init__(
        self, problem: RotationProblem, scope: Scope, fixed: Collection[Rule] | None = None
    ) -> None:
        self.problem, self.scope = problem, scope
        self.model = cp_model.CpModel()
        self.rules = rules_of(problem, scope)
        self.fixed: frozenset[Rule] = frozenset(fixed or ())
        self.on: dict[Rule, Any] = {}
        if fixed is None:
            self.on = {rule: self.model.new_bool_var("") for rule in self.rules}
        else:
            self.rules = [rule for rule in self.rules if rule in self.fixed]
        self.extra: dict[Rule, list[Any]] = {}
        self.wards = {ward.id: ward for ward in problem.wards}
        self.told_apart = {ward for ward, _ in scope.cells | scope.floors}
        self.present: dict[Cell, list[Any]] = defaultdict(list)
        for trainee in problem.trainees:
            if trainee.id in scope.blocks:
                _Person(self, trainee)
        self._places()

    def solve(self, active: Collection[Rule], seconds: float) -> bool | None:
        """Tell whether the rules ``active`` can be kept together (``None``: not known in time)."""
        chosen = set(active)
        for rule, var in self.on.items():
            value = int(rule in chosen)
            self.fix(var, value, value)
        return self.fits(seconds)

    def fits(self, seconds: float, *, presolve: bool = True) -> bool | None:
        """Tell whether the model as it is has a solution, by a fresh solve."""
        status = self.run(seconds, presolve=presolve)[0]
        if status == cp_model.INFEASIBLE:
            return False
        return True if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None

    def fix(self, var: Any, low: int, high: int) -> None:
        """Bound a variable."""
        domain = self.model.proto.variables[var.index].domain
        domain.clear()
        domain.extend([low, high])

    def run(self, seconds: float, *, presolve: bool = True) -> tuple[Any, cp_model.CpSolver]:
        """Solve the model as it is."""
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = max(0.05, seconds)
        solver.parameters.num_workers = 1
        solver.parameters.cp_model_presolve = presolve
        solver.parameters.linearization_level = 1 if presolve else 2
        return solver.solve(self.model), solver

    def _places(self) -> None:
        for rule in self.rules:
            if rule.kind not in ("capacity", "minimum"):
                continue
            (ward,), (period, _) = rule.subjects, rule.periods or (0, 0)
            here = self.present.get((ward, period), [])
            amount = rule.amount or 0
            if rule.kind == "capacity":
                self.bounded(rule, sum(here), amount, len(here))
            else:
                wanted = max(0, amount - self._others(ward))
                self.bounded(rule, -sum(here), -wanted, wanted)

    def _others(self, ward: str) -> int:
        """Count who might come from outside, all rules of theirs aside."""
        return sum(
            any(
                ward in block.wards and block.id not in self.scope.blocks.get(trainee.id, ())
                for block in trainee.blocks
            )
            for trainee in self.problem.trainees
        )

    def bounded(self, rule: Rule, load: Any, most: int, room: int) -> None:
        """Demand ``load`` ≤ ``most``, and when the rule is off at most ``room`` more."""
        if rule in self.fixed:
            self.model.add(load <= most)
            return
        extra = self.model.new_int_var(0, max(0, room), "")
        self.model.add(load <= most + extra)
        self.model.add(extra == 0).only_enforce_if(self.on[rule])
        self.extra.setdefault(rule, []).append(extra)

    def enforce(self, constraint: Any, rule: Rule) -> None:
        """Let a constraint hold while ``rule`` is on."""
        if rule not in self.fixed:
            constraint.only_enforce_if(self.on[rule])


class _Person:
    """One trainee's options, and which rules each of them breaks."""

    def __init__(self, model: RuleModel, trainee: Trainee) -> None:
        self.model, self.cp, self.trainee = model, model.model, trainee
        self.horizon = model.problem.horizon
        self.mine: dict[tuple[str, tuple[str, ...]], list[Rule]] = defaultdict(list)
        for rule in model.rules:
            if rule.trainees == (trainee.id,):
                self.mine[rule.kind, rule.subjects].append(rule)
        self.leave = {rule.periods[0]: rule for rule in self.mine["away", ()] if rule.periods}
        self.pins = {pin.block: pin for pin in trainee.pins}
        self.blocks = {b.id: b for b in trainee.blocks if b.id in model.scope.blocks[trainee.id]}
        self.options = {block.id: self._options(block) for block in self.blocks.values()}
        self._one_at_a_time()
        self._amounts()
        self._orders()
        self._hospitals()

    def _keys(self, block: Block) -> Iterator[tuple[_Key, str]]:
        """Yield one ward of each sort that rules tell apart."""
        seen: set[_Key] = set()
        for ward in sorted(block.wards):
            hospital = self.model.wards[ward].hospital
            named = ward in self.model.told_apart or (
                block.id in self.pins and self.pins[block.id].ward == ward
            )
            broken = tuple(sorted(self.trainee.forbidden & {ward, hospital}))
            counted = hospital if self.trainee.most_in_hospital is not None else ""
            key = (ward if named else "", broken, counted)
            if key not in seen:
                seen.add(key)
                yield key, ward

    def _options(self, block: Block) -> list[_Option]:
        made: list[_Option] = []
        for key, ward in self._keys(block):
            for start in [*range(self.horizon - block.months + 1), self.horizon]:
                broken = list(self._broken(block, key, start))
                if not self.model.fixed.isdisjoint(broken):
                    continue
                var = self.cp.new_bool_var("")
                made.append(_Option(key, start, block.months, var))
                for rule in broken:
                    if rule in self.model.on:
                        self.cp.add_implication(var, ~self.model.on[rule])
                if start < self.horizon and ward in self.model.told_apart:
                    for period in range(start, start + block.months):
                        self.model.present[ward, period].append(var)
        return made

    def _broken(self, block: Block, key: _Key, start: int) -> Iterator[Rule]:
        for place in key[1]:
            yield from self.mine["forbidden", (place,)]
        for window in self.mine["window", (block.id,)]:
            if start < block.earliest or (
                block.latest is not None and start + block.months - 1 > block.latest
            ):
                yield window
        if start == self.horizon:
            yield Rule("horizon")
            return
        for period in range(start, start + block.months):
            if period in self.leave:
                yield self.leave[period]

    def _vars(self, block: str) -> list[Any]:
        return [option.var for option in self.options[block]]

    def _one_at_a_time(self) -> None:
        at: dict[int, list[Any]] = defaultdict(list)
        for options in self.options.values():
            self.cp.add_at_most_one(option.var for option in options)
            for option in options:
                if option.start < self.horizon:
                    for period in range(option.start, option.start + option.months):
                        at[period].append(option.var)
        for here in at.values():
            self.cp.add_at_most_one(here)

    def _amounts(self) -> None:
        for (kind, subjects), rules in self.mine.items():
            if not rules:
                continue
            if kind == "length":
                self.model.enforce(self.cp.add(sum(self._vars(subjects[0])) >= 1), rules[0])
            elif kind == "elective":
                among = [b.id for b in self.blocks.values() if b.group == subjects[0]]
                done = sum(var for block in among for var in self._vars(block))
                self.model.enforce(self.cp.add(done == rules[0].amount), rules[0])
            elif kind == "pin":
                pin = self.pins[subjects[0]]
                held = [
                    option.var
                    for option in self.options[pin.block]
                    if option.start == pin.start and option.key[0] == pin.ward
                ]
                self.model.enforce(self.cp.add(sum(held) >= 1), rules[0])

    def _orders(self) -> None:
        for order in self.trainee.orders:
            rules = self.mine.get(("order", (order.before, order.after)))
            if not rules:
                continue
            before, after = self.options[order.before], self.options[order.after]
            if order.needed:
                done = sum(self._vars(order.after)) <= sum(self._vars(order.before))
                self.model.enforce(self.cp.add(done), rules[0])
            for period in sorted({option.start for option in after} - {self.horizon}):
                early = [each.var for each in after if each.start <= period]
                late = [each.var for each in before if each.start + each.months > period]
                self.model.enforce(self.cp.add(sum([*early, *late]) <= 1), rules[0])

    def _hospitals(self) -> None:
        for rule in self.mine.get(("hospital_count", ()), ()):
            inside: dict[str, list[Any]] = defaultdict(list)
            for options in self.options.values():
                for option in options:
                    inside[option.key[2]].append(option.var)
            for chosen in inside.values():
                self.model.bounded(rule, sum(chosen), rule.amount or 0, len(self.options))


def trainees_in(rules: Iterable[Rule]) -> Set[str]:
    """Return who is named."""
    return {trainee for rule in rules for trainee in rule.trainees}


def narrowed(problem: RotationProblem, scope: Scope, rules: Collection[Rule]) -> Scope:
    """Leave out of a scope everybody and every cell that ``rules`` do not name."""
    named = trainees_in(rules)
    floors = {(r.subjects[0], r.periods[0]) for r in rules if r.kind == "minimum" and r.periods}
    cells = {(r.subjects[0], r.periods[0]) for r in rules if r.kind == "capacity" and r.periods}
    blocks: Mapping[str, Set[str]] = {
        trainee: looked_at for trainee, looked_at in scope.blocks.items() if trainee in named
    }
    if floors:
        blocks = scope.blocks
    return Scope(blocks, frozenset(cells), frozenset(floors))
