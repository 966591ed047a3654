"""
Why no matching keeps all rules of a market, and the smallest changes after which one does.

The reasons are an irreducible infeasible subset of the quotas, pins and bans, found by dividing
and conquering and proved again by leaving out each in turn. What the lists accept is taken as
given there; the repairs may ask one side of a pair to add the other.

Source: Junker (2004), "QUICKXPLAIN: preferred explanations and relaxations for over-constrained
problems", AAAI-04; Chinneck (2008), "Feasibility and infeasibility in optimization", chapters 6
(deletion filter) and 7 (elastic programmes).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from time import monotonic

from cotutelle.engines.matching.exact.feasibility import LOWER, UPPER, Network
from cotutelle.engines.matching.exact.pairs import chain_of
from cotutelle.engines.matching.exact.repairs import find_repairs
from cotutelle.engines.matching.infeasibility import Diagnosis, Rule
from cotutelle.engines.matching.problem import MatchingProblem

#: Share of the time for the reasons; the repairs get the rest.
_REASONS_SHARE = 0.6


def diagnose(problem: MatchingProblem, *, time_limit: float = 10.0) -> Diagnosis | None:
    """
    Say why the market has no matching.

    Parameters
    ----------
    problem
        The market.
    time_limit
        Seconds, > 0. When it is too short, the reasons may hold more than are needed, and
        repairs may be missing.

    Returns
    -------
    Diagnosis or None
        None when a matching exists. Conflicts of interest are named among the reasons, but no
        repair lifts one.

    Raises
    ------
    TimeoutError
        When the time was too short to tell.
    ValueError
        When the time is not positive.
    """
    if not time_limit > 0:
        raise ValueError(f"time_limit: {time_limit!r} must be above 0 seconds")
    start = monotonic()
    network = Network(problem)
    keepable = network.can_keep(network.rules, deadline=start + time_limit)
    if keepable is None:
        raise TimeoutError(f"time_limit: {time_limit} s were too short to tell")
    if keepable:
        return None
    reasons = _reasons(problem, network, start + time_limit * _REASONS_SHARE)
    repairs = find_repairs(problem, deadline=start + time_limit)
    return Diagnosis(tuple(reasons), repairs)


def _reasons(problem: MatchingProblem, network: Network, deadline: float) -> list[Rule]:
    """Return the irreducible subset of the first suspicion that holds, else of all rules."""
    for suspects in (*_suspicions(problem, network), network.rules):
        if suspects is network.rules or network.can_keep(suspects, deadline=deadline) is False:
            found = _conflict(network, [], list(suspects), deadline, changed=False)
            return _proved_again(network, found, deadline)
    return []


def _suspicions(problem: MatchingProblem, network: Network) -> Iterator[Sequence[Rule]]:
    """Yield rules that arithmetic alone shows to be at odds: the common causes, at once."""
    lower = {rule.key: rule for rule in network.rules if rule.kind in LOWER.values()}
    rules = {(rule.kind, rule.key): rule for rule in network.rules}
    takers: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for student, offer in (*network.edges, *((s, p.offer_id) for s, p in problem.pins.items())):
        for level, key in chain_of(problem, offer):
            take = 1 if level == "offer" else problem.offers[offer].weight
            most = takers[level, key]
            most[student] = max(most.get(student, 0), take)
    inside: dict[tuple[str, str], list[Rule]] = defaultdict(list)
    for level, key in network.rows:
        minimum = rules.get((LOWER[level], key))
        if minimum and sum(takers[level, key].values()) < (minimum.value or 0):  # type: ignore[operator]
            yield [minimum]
    for offer in sorted(problem.offers):
        chain = list(chain_of(problem, offer))
        for depth, place in enumerate(chain):
            for level, key in chain[:depth]:
                minimum = rules.get((LOWER[level], key))
                if minimum and minimum not in inside[place]:
                    inside[place].append(minimum)
    for level, key in network.rows:
        cap = rules.get((UPPER[level], key))
        if cap and inside[level, key]:
            yield [*inside[level, key], cap]
    yield list(lower.values())


def _conflict(
    network: Network, background: list[Rule], rules: list[Rule], deadline: float, *, changed: bool
) -> list[Rule]:
    """Return the rules of ``rules`` that are needed, with the background, to be at odds."""
    if changed and network.can_keep(background, deadline=deadline) is False:
        return []
    if len(rules) == 1:
        return rules
    half = len(rules) // 2
    first, second = rules[:half], rules[half:]
    needed = _conflict(network, [*background, *first], second, deadline, changed=True)
    rest = _conflict(network, [*background, *needed], first, deadline, changed=bool(needed))
    return [*rest, *needed]


def _proved_again(network: Network, rules: list[Rule], deadline: float) -> list[Rule]:
    """Leave out whatever is not needed after all (for weights, where proofs take time)."""
    kept = list(rules)
    for rule in rules:
        fewer = [other for other in kept if other != rule]
        if network.can_keep(fewer, deadline=deadline) is False:
            kept = fewer
    return kept
