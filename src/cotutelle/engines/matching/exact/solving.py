"""The exact algorithm: preprocessing, parts that do not touch each other, goals in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import get_args

from cotutelle.engines.matching.deferred_acceptance import match_students
from cotutelle.engines.matching.entities import OfferId, StudentId
from cotutelle.engines.matching.exact.components import parts
from cotutelle.engines.matching.exact.diagnosis import diagnose
from cotutelle.engines.matching.exact.model import Model, Stability
from cotutelle.engines.matching.exact.objectives import goals_of
from cotutelle.engines.matching.exact.pairs import Market, read_market
from cotutelle.engines.matching.exact.preprocessing import reduce_market
from cotutelle.engines.matching.exact.search import Outcome, meet_goals
from cotutelle.engines.matching.infeasibility import Diagnosis, Infeasible
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.promotion import promote_students
from cotutelle.engines.matching.result import Matching, Objective, Priority

Held = Mapping[StudentId, OfferId]

BLOCKING_FIRST: tuple[Priority, ...] = ("blocking", "size")

#: Share of the time for finding a result without blocking pairs before some are allowed.
_HARD_SHARE = 0.5

#: To say why there is no matching is worth some seconds beyond the limit.
_DIAGNOSIS_SECONDS = 5.0


def solve_exact(
    problem: MatchingProblem,
    *,
    objective: Objective = "size",
    time_limit: float = 60.0,
    order: tuple[Priority, ...] = BLOCKING_FIRST,
    keep: Matching | None = None,
    start: Matching | None = None,
) -> Matching:
    """
    Return a matching that is proven to be the best, or the best found within the time.

    Parameters
    ----------
    problem
        The market. Without minimum quotas and with all weights 1 no pair may block; otherwise
        as few as possible.
    objective
        What decides among the largest: ``size`` nothing, ``generous`` the fewest students at
        the worst rank, then at the one before it, and so on, ``regret`` the smallest worst rank.
    time_limit
        Seconds, > 0.
    order
        What comes first where minimum quotas or weights make pairs block.
    keep
        Placements to hold on to, after the blocking pairs and before the size.
    start
        Where to begin; without one, promotion or deferred acceptance.

    Returns
    -------
    Matching
        ``status`` is ``optimal`` or ``feasible``; ``bound`` is a proven upper bound on the
        number of students placed under the goals before it. Equal optima differ only in ways
        that no goal tells apart; the same market gives the same one as long as the time suffices.

    Raises
    ------
    Infeasible
        When no matching keeps all quotas, pins and bans.
    TimeoutError
        When the time was too short to find any.
    ValueError
        For an unknown objective or order, or a time that is not positive.
    """
    _check_arguments(objective, time_limit, order)
    search = _Search(
        objective, order, {} if keep is None else keep.offer_of, monotonic() + time_limit
    )
    market = read_market(problem)
    if market.unit and not any(place.lower for place in market.places):
        first = _first_matching(problem) if start is None else start.offer_of
        found = search.solve(reduce_market(market), "hard", first)
        if found.incomplete and start is not None:
            found = search.solve(reduce_market(market), "hard", _first_matching(problem))
    else:
        found = search.solve_flexibly(problem, market, start)
    if found.incomplete:
        raise TimeoutError(f"time_limit: {time_limit} s were too short to find any matching")
    pins = market.pinned
    return Matching(
        offer_of=dict(sorted({**found.offer_of, **pins}.items())),
        pinned=frozenset(pins),
        algorithm="exact",
        objective=objective,
        status="optimal" if found.proven else "feasible",
        bound=found.bound + len(pins),
    )


@dataclass(slots=True)
class _Found:
    """Results of parts put together."""

    bound: int = 0
    offer_of: dict[StudentId, OfferId] = field(default_factory=dict)
    proven: bool = True
    incomplete: bool = False
    infeasible: bool = False

    def add(self, model: Model, outcome: Outcome) -> None:
        students = len(model.market.of_student)
        self.bound += students if outcome.size_bound is None else outcome.size_bound
        self.proven = self.proven and outcome.proven
        self.infeasible = self.infeasible or outcome.infeasible
        if outcome.values is None:
            self.incomplete = True
        else:
            self.offer_of.update(model.matching_of(outcome.values))


@dataclass(frozen=True, slots=True)
class _Search:
    objective: Objective
    order: tuple[Priority, ...]
    keep: Held
    deadline: float

    def solve(
        self,
        market: Market,
        stability: Stability,
        start: Held,
        *,
        deadline: float | None = None,
        near: Held | None = None,
    ) -> _Found:
        """Solve all parts of ``market``; stop at the first that has no matching."""
        found = _Found()
        objective = "size" if stability == "none" else self.objective
        keep = near or {} if stability == "none" else self.keep
        for part in parts(market):
            model = Model(part, stability)
            goals = goals_of(model, objective=objective, order=self.order, keep=keep)
            first = model.values_of(start)
            until = self.deadline if deadline is None else deadline
            found.add(model, meet_goals(model, goals, deadline=until, start=first))
            if found.infeasible:
                break
        return found

    def solve_flexibly(
        self, problem: MatchingProblem, market: Market, start: Matching | None
    ) -> _Found:
        """Without blocking pairs where that is possible, else with as few as the order wants."""
        anyhow = self.solve(market, "none", {} if start is None else start.offer_of)
        if anyhow.infeasible:
            left = max(_DIAGNOSIS_SECONDS, self.deadline - monotonic())
            raise Infeasible(diagnose(problem, time_limit=left) or Diagnosis(()))
        if anyhow.incomplete:
            return anyhow
        now = monotonic()
        first = anyhow.offer_of if start is None else start.offer_of
        until = now + (self.deadline - now) * _HARD_SHARE
        stable = self.solve(reduce_market(market), "hard", first, deadline=until)
        unharmed = not stable.incomplete and (
            self.order[0] == "blocking" or len(stable.offer_of) == anyhow.bound
        )
        if unharmed:
            return stable
        if not stable.incomplete and self.order[0] == "blocking":
            first = stable.offer_of
        if start is None and stable.incomplete:
            near = self.solve(market, "none", first, near=_without_minima(problem))
            first = first if near.incomplete else near.offer_of
        found = self.solve(market, "soft", first)
        if found.incomplete:
            found = self.solve(market, "soft", anyhow.offer_of)
        found.bound = min(found.bound, anyhow.bound)
        return found


def _first_matching(problem: MatchingProblem) -> Held:
    """Return a stable matching to begin with, an empty one where weights allow no other."""
    if any(offer.weight > 1 for offer in problem.offers.values()):
        return {}
    if any(group.quota is not None for group in problem.groups.values()):
        return match_students(problem).offer_of
    return promote_students(problem).offer_of


def _without_minima(problem: MatchingProblem) -> Held:
    """Return a stable matching of the market without minimum quotas: few pairs block near it."""
    return _first_matching(
        replace(
            problem,
            offers={key: replace(one, lower_quota=0) for key, one in problem.offers.items()},
            mentors={key: replace(one, lower_quota=0) for key, one in problem.mentors.items()},
            groups={key: replace(one, lower_quota=0) for key, one in problem.groups.items()},
        )
    )


def _check_arguments(objective: Objective, time_limit: float, order: tuple[Priority, ...]) -> None:
    if objective not in get_args(Objective):
        raise ValueError(f"objective: {objective!r} is unknown")
    if sorted(order) != ["blocking", "size"]:
        raise ValueError(f"order: {order!r} must hold 'blocking' and 'size' once each")
    if not time_limit > 0:
        raise ValueError(f"time_limit: {time_limit!r} must be above 0 seconds")
