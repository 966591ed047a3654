"""The smallest changes to rules that people may waive, after which there is a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from ortools.sat.python import cp_model

from cotutelle.engines.rotation.checking import check_plan
from cotutelle.engines.rotation.diagnosis.closeness import CloseEnough, in_the_way, without_plan
from cotutelle.engines.rotation.diagnosis.model import RuleModel
from cotutelle.engines.rotation.diagnosis.scope import Scope, merged, whole_trainees
from cotutelle.engines.rotation.mending import mend
from cotutelle.engines.rotation.placement import Cell
from cotutelle.engines.rotation.plan import Plan
from cotutelle.engines.rotation.problem import RotationProblem, Stay
from cotutelle.engines.rotation.rules import Kind, Repair, Rule, Waiver, waive
from cotutelle.engines.rotation.solving import plan_rotations

MOST = 3
_PRICE: Mapping[Waiver, int] = {"officer": 10, "department": 11, "trainee": 12}
_ANYBODY: frozenset[Waiver] = frozenset(_PRICE)
_COUNTED: Set[Kind] = {"capacity", "minimum", "hospital_count"}
_ENDLESS = 10**9
_ROUNDS = 6
_QUICK_SHARE = 0.5
"""Share of the time for a plan of the repaired problem in which it may be made anew at first."""

_MENDING_SHARE = 0.3
"""Share of the time that is left while small circles around the change are not given up."""


def find_repairs(
    problem: RotationProblem,
    scope: Scope,
    closest: Plan | None,
    left: Callable[[], float],
) -> tuple[Repair, ...]:
    """
    Look for the two or three smallest repairs.

    The smallest change is found for each of those who may waive something alone, then for all of
    them together, then without what was found so far: in the part of the problem looked at. The
    whole problem is really planned with each; where that fails, what stands in the way joins the
    part looked at.

    Parameters
    ----------
    problem
        A valid problem without a plan.
    scope
        Where the conflicts are.
    closest
        The plan that comes closest, or ``None``.
    left
        Seconds left.

    Returns
    -------
    Repairs that work, by whom has to be asked (officer, department, trainee), then by size; none
    where only rules that nobody may waive are in the way, or none was found in time.
    """
    search = _Search(problem, scope, closest.stays if closest else {}, left)
    ways: list[frozenset[Waiver]] = [*(frozenset([who]) for who in _PRICE), _ANYBODY, _ANYBODY]
    for index, asked in enumerate(ways):
        if len(search.found) >= MOST or left() <= 0:
            break
        held = search.held if index == len(ways) - 1 else frozenset()
        search.repair(asked, held, left() / (len(ways) - index))
    found = list(search.found.values())
    plain = _places_as_overdrawn(problem, closest) if closest else None
    if plain and all(repair.who != plain.who or repair.size > plain.size for repair in found):
        found.append(plain)
    return tuple(sorted(found, key=_rank)[:MOST])


def _places_as_overdrawn(problem: RotationProblem, closest: Plan) -> Repair | None:
    """Grant exactly what the closest plan overdraws: it is itself the proof that this works."""
    kinds: tuple[tuple[Kind, Mapping[Cell, int]], ...] = (
        ("capacity", closest.over),
        ("minimum", closest.under),
    )
    waived = [
        Rule(kind, (ward,), (), (period, period), by)
        for kind, cells in kinds
        for (ward, period), by in cells.items()
    ]
    changes = merged(waived)
    if not changes or check_plan(waive(problem, changes), closest.stays):
        return None
    return Repair(changes, sum(map(_size, waived)), closest.stays)


def _rank(repair: Repair) -> tuple[int, int, tuple[Rule, ...]]:
    order = list(_PRICE)
    return max(order.index(who) for who in repair.who), repair.size, repair.changes


class _Search:
    """Repairs found so far, and the part of the problem looked at."""

    def __init__(
        self,
        problem: RotationProblem,
        scope: Scope,
        start: Mapping[str, tuple[Stay, ...]],
        left: Callable[[], float],
    ) -> None:
        self.problem, self.scope, self.start, self.left = problem, scope, start, left
        self.found: dict[tuple[Rule, ...], Repair] = {}
        self.held: frozenset[Rule] = frozenset()
        self.least = _ENDLESS

    def repair(self, asked: Set[Waiver], held: Set[Rule], seconds: float) -> None:
        """Look for the smallest repair by ``asked`` that leaves the rules ``held`` alone."""
        until = self.left() - seconds
        for _ in range(_ROUNDS):
            if self.left() <= until:
                return
            model = RuleModel(self.problem, self.scope)
            most = self.least - 1 if asked == _ANYBODY and not held else None
            waived = _cheapest(model, asked, held, most, self.left() - until)
            changes = merged(waived or ())
            if not waived or changes in self.found:
                return
            stays = self._planned(waive(self.problem, changes), until)
            if stays is not None:
                self.held |= {rule for rule in model.rules if _same(rule, waived)}
                self.found[changes] = Repair(changes, sum(map(_size, waived)), stays)
                self.least = min(self.least, sum(map(_cost, waived)))
                return

    def _planned(
        self, repaired: RotationProblem, until: float
    ) -> Mapping[str, tuple[Stay, ...]] | None:
        """Really plan the repaired problem, or look at more of it next time."""
        hopeless = without_plan(repaired)
        if hopeless:
            self.scope |= whole_trainees(repaired, hopeless)
            return None
        seconds = self.left() - until
        stays = self._planned_anew(repaired, CloseEnough(is_hopeless=True), seconds * _QUICK_SHARE)
        if check_plan(repaired, stays):
            mending = until + seconds * _MENDING_SHARE
            stays = mend(
                repaired,
                self.start,
                seed=0,
                workers=1,
                going=lambda _: max(0.0, self.left() - mending),
                only_feasible=True,
            )
        if check_plan(repaired, stays) and self.left() > until:
            stays = self._planned_anew(repaired, CloseEnough(), self.left() - until)
        if not check_plan(repaired, stays):
            return stays
        self.scope = in_the_way(repaired, stays, self.scope)
        return None

    def _planned_anew(
        self, repaired: RotationProblem, enough: CloseEnough, seconds: float
    ) -> Mapping[str, tuple[Stay, ...]]:
        return plan_rotations(
            repaired, time_limit=max(0.1, seconds), report=lambda progress: not enough(progress)
        ).stays


def _same(rule: Rule, waived: Iterable[Rule]) -> bool:
    return any(
        (rule.kind, rule.subjects, rule.trainees, rule.periods)
        == (each.kind, each.subjects, each.trainees, each.periods)
        for each in waived
    )


def _size(change: Rule) -> int:
    return (change.amount or 0) if change.kind in _COUNTED else 1


def _cost(change: Rule) -> int:
    return _PRICE[change.waiver] * _size(change)


def _cheapest(
    model: RuleModel, asked: Set[Waiver], held: Set[Rule], most: int | None, seconds: float
) -> list[Rule] | None:
    """
    Return the least that ``asked`` have to waive.

    ``None`` where that does not suffice, or costs more than ``most``.
    """
    cost: list[Any] = []
    for rule, on in model.on.items():
        if rule.waiver not in asked or rule in held:
            model.fix(on, 1, 1)
            continue
        model.fix(on, 0, 1)
        price = _PRICE[rule.waiver]
        if rule.kind in _COUNTED:
            cost += [price * extra for extra in model.extra.get(rule, ())]
        else:
            cost.append(price * (1 - on))
    if most is not None:
        model.model.add(sum(cost) <= most)
    model.model.minimize(sum(cost))
    status, solver = model.run(seconds)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return list(_waived(model, solver))


def _waived(model: RuleModel, solver: cp_model.CpSolver) -> Iterable[Rule]:
    for rule, on in model.on.items():
        if solver.value(on):
            continue
        if rule.kind in _COUNTED:
            by = max((solver.value(extra) for extra in model.extra.get(rule, ())), default=0)
            if by:
                yield Rule(rule.kind, rule.subjects, rule.trainees, rule.periods, by)
        else:
            yield Rule(rule.kind, rule.subjects, rule.trainees, rule.periods)
