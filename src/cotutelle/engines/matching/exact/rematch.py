"""Match again after a change, moving as few students as can be."""

from __future__ import annotations

from cotutelle.engines.matching.exact.solving import solve_exact
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.result import Matching


def rematch(problem: MatchingProblem, previous: Matching, *, time_limit: float = 60.0) -> Matching:
    """
    Return a matching in which as many students as possible keep what they hold.

    Parameters
    ----------
    problem
        The market after the change: a student less, a quota, a pin.
    previous
        The result before it; students and offers that are gone are passed over.
    time_limit
        Seconds, > 0.

    Returns
    -------
    Matching
        With the fewest blocking pairs (none, unless minimum quotas or weights ask for them),
        among these with the most placements kept, among these the largest.

    Raises
    ------
    Infeasible, TimeoutError, ValueError
        As `solve_exact`.
    """
    return solve_exact(problem, time_limit=time_limit, keep=previous)
