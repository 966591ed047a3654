"""The part of a problem in which a conflict is looked for, and its rules one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from cotutelle.engines.rotation.placement import Cell
from cotutelle.engines.rotation.problem import RotationProblem, Trainee
from cotutelle.engines.rotation.rules import Rule


@dataclass(frozen=True, slots=True)
class Scope:
    """
    Trainees with some of their blocks, and the cells whose places count.

    Leaving out blocks, trainees and cells only leaves out rules: a conflict inside is a conflict
    of the whole problem.

    Parameters
    ----------
    blocks
        Trainee id → ids of the blocks looked at.
    cells, floors
        Ward and period of the capacities and of the minimums looked at.
    """

    blocks: Mapping[str, Set[str]]
    cells: Set[Cell] = field(default_factory=frozenset)
    floors: Set[Cell] = field(default_factory=frozenset)

    def __or__(self, other: Scope) -> Scope:
        blocks = {
            trainee: frozenset(self.blocks.get(trainee, ()))
            | other.blocks.get(trainee, frozenset())
            for trainee in {*self.blocks, *other.blocks}
        }
        return Scope(blocks, self.cells | other.cells, self.floors | other.floors)


def whole_trainees(problem: RotationProblem, trainees: Iterable[str]) -> Scope:
    """Look at these trainees' own rules alone."""
    chosen = set(trainees)
    return Scope(
        {
            trainee.id: frozenset(block.id for block in trainee.blocks)
            for trainee in problem.trainees
            if trainee.id in chosen
        }
    )


def around_wards(problem: RotationProblem, cells: Set[Cell], *, whole: bool) -> Scope:
    """
    Look at the wards of ``cells``: who has blocks there, in all their months.

    Parameters
    ----------
    problem
        A valid problem.
    cells
        Where too many or too few were.
    whole
        Whether all blocks of those trainees are looked at, or only those that may be done there.
    """
    names = {ward for ward, _ in cells}
    blocks: dict[str, frozenset[str]] = {}
    for trainee in problem.trainees:
        touching = frozenset(block.id for block in trainee.blocks if names & set(block.wards))
        if touching:
            every = frozenset(block.id for block in trainee.blocks)
            blocks[trainee.id] = every if whole else touching
    return places_of(problem, names, blocks)


def places_of(problem: RotationProblem, names: Set[str], blocks: Mapping[str, Set[str]]) -> Scope:
    """Look at ``blocks`` and at every month of the wards ``names``."""
    months = range(problem.horizon)
    wards = [ward for ward in problem.wards if ward.id in names]
    return Scope(
        blocks,
        frozenset((w.id, p) for w in wards if w.upper is not None for p in months),
        frozenset((w.id, p) for w in wards if w.lower for p in months if w.lower[p]),
    )


def size_of(problem: RotationProblem, scope: Scope) -> int:
    """Return how many starts the blocks of a scope have, all rules aside."""
    return problem.horizon * sum(len(blocks) for blocks in scope.blocks.values())


def rules_of(problem: RotationProblem, scope: Scope) -> list[Rule]:
    """List the rules inside, each as small as can be: one trainee, one month, one place."""
    found: list[Rule] = [Rule("horizon")]
    wards = {ward.id: ward for ward in problem.wards}
    for ward, period in sorted(scope.cells):
        upper = wards[ward].upper
        if upper is not None:
            found.append(Rule("capacity", (ward,), (), (period, period), upper[period]))
    for ward, period in sorted(scope.floors):
        amount = wards[ward].lower[period]
        found.append(Rule("minimum", (ward,), (), (period, period), amount))
    for trainee in sorted(problem.trainees, key=lambda each: each.id):
        if trainee.id in scope.blocks:
            found += _own_rules(problem, trainee, scope.blocks[trainee.id])
    return found


def _own_rules(problem: RotationProblem, trainee: Trainee, looked_at: Set[str]) -> list[Rule]:
    me = (trainee.id,)
    found: list[Rule] = []
    groups = set()
    for block in trainee.blocks:
        if block.id not in looked_at:
            continue
        if block.group:
            groups.add(block.group)
        else:
            found.append(Rule("length", (block.id,), me, None, block.months))
        end = problem.horizon - 1 if block.latest is None else block.latest
        if block.earliest or block.latest is not None:
            found.append(Rule("window", (block.id,), me, (block.earliest, end)))
    whole = {
        group
        for group in groups
        if all(block.id in looked_at for block in trainee.blocks if block.group == group)
    }
    found += [Rule("elective", (g,), me, None, trainee.groups[g]) for g in sorted(whole)]
    for order in trainee.orders:
        if order.before in looked_at and order.after in looked_at:
            found.append(Rule("order", (order.before, order.after), me))
    found += [Rule("away", (), me, (period, period)) for period in sorted(trainee.away)]
    found += [Rule("forbidden", (place,), me) for place in sorted(trainee.forbidden)]
    months = {block.id: block.months for block in trainee.blocks}
    for pin in trainee.pins:
        if pin.block in looked_at:
            span = (pin.start, pin.start + months[pin.block] - 1)
            found.append(Rule("pin", (pin.block,), me, span, pin.start))
    if trainee.most_in_hospital is not None:
        found.append(Rule("hospital_count", (), me, None, trainee.most_in_hospital))
    return found


def merged(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Say small rules as few: months that follow each other, trainees of whom the same is said."""
    by_month: dict[Rule, list[int]] = defaultdict(list)
    by_person: dict[Rule, set[str]] = defaultdict(set)
    for rule in rules:
        if rule.kind in ("capacity", "minimum", "away"):
            first, last = rule.periods or (0, 0)
            by_month[replace(rule, periods=None)] += range(first, last + 1)
        else:
            by_person[replace(rule, trainees=())].update(rule.trainees)
    found = [
        replace(rule, trainees=tuple(sorted(trainees))) for rule, trainees in by_person.items()
    ]
    for rule, periods in by_month.items():
        found += [replace(rule, periods=run) for run in _runs(sorted(periods))]
    return tuple(sorted(found, key=_place))


def _place(rule: Rule) -> tuple[str, tuple[str, ...], tuple[str, ...], tuple[int, int]]:
    return rule.kind, rule.subjects, rule.trainees, rule.periods or (-1, -1)


def _runs(periods: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for period in periods:
        if found and period == found[-1][1] + 1:
            found[-1] = (found[-1][0], period)
        else:
            found.append((period, period))
    return found
