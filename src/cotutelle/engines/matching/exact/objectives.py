"""What a result is judged by, as goals that are met one after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from ortools.math_opt.python import mathopt

from cotutelle.engines.matching.entities import OfferId, StudentId
from cotutelle.engines.matching.exact.model import Model, Terms, Values
from cotutelle.engines.matching.result import Objective, Priority


@dataclass(frozen=True, slots=True)
class Goal:
    """
    A sum to be made as great (or small) as the goals before it allow.

    Attributes
    ----------
    name
        ``blocking``, ``keep``, ``size``, ``generous`` or ``regret``.
    """

    name: str
    terms: Terms
    maximize: bool

    def value(self, values: Values) -> int:
        """Return the sum for these values."""
        return sum(values[variable] * factor for variable, factor in self.terms)


def goals_of(
    model: Model,
    *,
    objective: Objective,
    order: tuple[Priority, ...],
    keep: Mapping[StudentId, OfferId],
) -> list[Goal]:
    """
    Return the goals, the first to be met first.

    Parameters
    ----------
    model
        Gets the variables that ``regret`` needs.
    objective
        What decides in the end.
    order
        ``blocking`` and ``size``, the more important one first.
    keep
        Placements to hold on to, right after the blocking pairs.
    """
    goals: list[Goal] = []
    for name in order:
        if name == "size":
            goals.append(Goal("size", [(x, 1) for x in model.x], maximize=True))
            continue
        if model.blocking:
            goals.append(Goal("blocking", [(b, 1) for b in model.blocking], maximize=False))
        kept = [
            (x, 1)
            for x, pair in zip(model.x, model.market.pairs, strict=True)
            if keep.get(pair.student) == pair.offer
        ]
        if kept:
            goals.append(Goal("keep", kept, maximize=True))
    if objective == "generous":
        goals.extend(_generous(model))
    elif objective == "regret":
        goals.append(_regret(model))
    return goals


def _generous(model: Model) -> Iterator[Goal]:
    """Fewest at the worst rank, then at the one before, ... (rank 1 follows from the size)."""
    at_rank: dict[int, Terms] = defaultdict(list)
    for x, pair in zip(model.x, model.market.pairs, strict=True):
        at_rank[pair.rank].append((x, 1))
    for rank in sorted(at_rank, reverse=True):
        if rank > 1:
            yield Goal("generous", at_rank[rank], maximize=False)


def _regret(model: Model) -> Goal:
    """The number of ranks that somebody reaches: one variable per rank, true up to the worst."""
    ranks = sorted({pair.rank for pair in model.market.pairs})
    reached: dict[int, mathopt.Variable] = {}
    for rank in ranks:
        late: Terms = [
            (x, 1) for x, pair in zip(model.x, model.market.pairs, strict=True) if pair.rank >= rank
        ]
        reached[rank] = model.add_derived(model.programme.add_binary_variable(), _any_of(late))
        by_student: dict[StudentId, Terms] = defaultdict(list)
        for x, pair in zip(model.x, model.market.pairs, strict=True):
            if pair.rank >= rank:
                by_student[pair.student].append((x, 1))
        for terms in by_student.values():
            model.add_row([*terms, (reached[rank], -1)], upper=0)
    for earlier, later in pairwise(ranks):
        model.add_row([(reached[later], 1), (reached[earlier], -1)], upper=0)
    return Goal("regret", [(variable, 1) for variable in reached.values()], maximize=False)


def _any_of(terms: Terms) -> Callable[[Values], int]:
    return lambda values: int(any(values[variable] for variable, _ in terms))
