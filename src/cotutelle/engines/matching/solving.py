"""
One door to every way of matching.

The exact model needs OR-tools, which takes half a second and 100 MB to load: it is imported
when it is called for, never before.
"""

from __future__ import annotations

from cotutelle.engines.matching.deferred_acceptance import match_students
from cotutelle.engines.matching.infeasibility import Diagnosis
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.promotion import promote_students
from cotutelle.engines.matching.result import Algorithm, Matching, Objective, Priority

#: The order in which the exact model keeps what minimum quotas pull apart.
BLOCKING_FIRST: tuple[Priority, ...] = ("blocking", "size")


def match(
    problem: MatchingProblem,
    *,
    algorithm: Algorithm = "deferred-acceptance",
    objective: Objective = "size",
    time_limit: float = 60.0,
    order: tuple[Priority, ...] = BLOCKING_FIRST,
) -> Matching:
    """
    Solve the market by ``algorithm``.

    Parameters
    ----------
    problem
        The market.
    algorithm
        ``deferred-acceptance``: `match_students`; ``promotion``: `promote_students`; ``exact``:
        `solve_exact`.
    objective, time_limit, order
        Of the exact algorithm, the time in seconds.

    Raises
    ------
    ValueError
        For an unknown algorithm or objective, an objective other than ``size`` where the
        algorithm knows none, and what the algorithm itself refuses: `LowerQuotaMissed`,
        `Infeasible`.
    """
    if algorithm not in ("deferred-acceptance", "promotion", "exact"):
        raise ValueError(f"algorithm: {algorithm!r} is unknown")
    if objective not in ("size", "generous", "regret"):
        raise ValueError(f"objective: {objective!r} is unknown")
    if algorithm == "exact":
        return solve_exact(problem, objective=objective, time_limit=time_limit, order=order)
    if objective != "size":
        raise ValueError(f"objective: {algorithm} knows none but 'size'; use exact")
    if algorithm == "deferred-acceptance":
        return match_students(problem)
    return promote_students(problem)


def solve_exact(
    problem: MatchingProblem,
    *,
    objective: Objective = "size",
    time_limit: float = 60.0,
    order: tuple[Priority, ...] = BLOCKING_FIRST,
    keep: Matching | None = None,
    start: Matching | None = None,
) -> Matching:
    """Solve the market exactly; see `cotutelle.engines.matching.exact.solve_exact`."""
    from cotutelle.engines.matching import exact  # noqa: PLC0415

    return exact.solve_exact(
        problem, objective=objective, time_limit=time_limit, order=order, keep=keep, start=start
    )


def diagnose(problem: MatchingProblem, *, time_limit: float = 10.0) -> Diagnosis | None:
    """Say why the market has no result; see `cotutelle.engines.matching.exact.diagnose`."""
    from cotutelle.engines.matching import exact  # noqa: PLC0415

    return exact.diagnose(problem, time_limit=time_limit)


def rematch(problem: MatchingProblem, previous: Matching, *, time_limit: float = 60.0) -> Matching:
    """Solve a changed market again; see `cotutelle.engines.matching.exact.rematch`."""
    from cotutelle.engines.matching import exact  # noqa: PLC0415

    return exact.rematch(problem, previous, time_limit=time_limit)
