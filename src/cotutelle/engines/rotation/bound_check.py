"""
Recompute from published prices what no plan can exceed, without the solver's code.

**Derivation.** Write a plan as one schedule ``x_s`` for each trainee ``s``. Its score is
``Σ_s (own_s − keep·changed_s) + fairness·z − Σ_c smooth·max(0, n_c − target_c)``, where ``z`` is
at most every ``own_s`` and ``n_c = Σ_s present_s,c`` is the load of cell ``c`` (a ward in a
period), with ``lower_c ≤ n_c ≤ upper_c``. Take any price ``p_c`` for every equation
``n_c = Σ_s present_s,c`` and any share ``λ_s ≥ 0`` for every ``z ≤ own_s``. Adding
``λ_s·(own_s − z) ≥ 0`` and ``p_c·(n_c − Σ_s present_s,c) = 0`` to the score does not lower it, and
when ``Σ_s λ_s = fairness`` the number ``z`` drops out. What remains falls apart:

``bound(p, λ) = Σ_s max_x [(1 + λ_s)·own_s − keep·changed_s − Σ_c p_c·present_s,c]
+ Σ_c max_{lower_c ≤ n ≤ upper_c} [p_c·n − smooth·max(0, n − target_c)]``

so every price vector proves a bound (weak Lagrangian duality). With a positive price the second
maximum is ``p⁺·upper``, with a negative one ``−p⁻·lower``; between, a price up to ``smooth`` is
what a place above the target costs. Without an upper bound ``n`` is at most the number of
trainees.

The first maximum is taken here by a dynamic programme of this module's own: arrays over all sets
of blocks, period by period. With more blocks than fit, some blocks are followed only as a number
of stays, so that a schedule may do one twice; which, is found by looking at the schedules
(state-space relaxation). The maximum can then only be larger, so what is returned is still a
bound, perhaps a weaker one than the prices could give.

**Source.** Geoffrion, *Lagrangean relaxation for integer programming* (1974); Christofides,
Mingozzi, Toth (1981) and Righini, Salani (2008) for the relaxation of states.
"""

from __future__ import annotations

from math import inf, isfinite

from cotutelle.engines.rotation._bound_schedules import Prices, best_value
from cotutelle.engines.rotation.plan import Evidence
from cotutelle.engines.rotation.problem import RotationProblem

_SHARE_ERROR = 1e-6


def check_bound(problem: RotationProblem, evidence: Evidence, *, codes: int = 1 << 18) -> float:
    """
    Return the score that no plan exceeds, recomputed from ``evidence``.

    Scores are integers, so the floor of the value bounds them as well.

    Parameters
    ----------
    problem
        A valid problem.
    evidence
        Any prices and shares; better ones prove a lower bound.
    codes
        Most states kept for one period and hospital. Up to 17 blocks are treated exactly with
        the default; more are relaxed as the module describes.

    Returns
    -------
    float
        The bound; ``-inf`` where some trainee has no schedule at all.

    Raises
    ------
    ValueError
        Where ``evidence`` names an unknown ward, period or trainee, has a negative share, or
        its shares do not sum to ``problem.fairness``.

    Notes
    -----
    ``O(horizon · options · hospitals · codes)`` for each trainee: seconds where the solver takes
    milliseconds, on purpose.
    """
    _refuse_faulty(problem, evidence)
    shares = _shares(problem, evidence)
    prices = Prices(problem, evidence.cells)
    total = sum(_cell_values(problem, evidence))
    for trainee in problem.trainees:
        scale = 1.0 + shares.get(trainee.id, 0.0)
        total += best_value(problem, trainee, prices, scale, codes)
    return total


def _refuse_faulty(problem: RotationProblem, evidence: Evidence) -> None:
    wards = {ward.id for ward in problem.wards}
    for (ward, period), price in evidence.cells.items():
        if ward not in wards or not 0 <= period < problem.horizon:
            raise ValueError(f"evidence.cells: no such cell ({ward!r}, {period})")
        if not isfinite(price):
            raise ValueError(f"evidence.cells: {price} of ({ward!r}, {period}) is not a number")
    trainees = {trainee.id for trainee in problem.trainees}
    for trainee_id, share in evidence.fairness.items():
        if trainee_id not in trainees:
            raise ValueError(f"evidence.fairness: no such trainee {trainee_id!r}")
        if not 0.0 <= share < inf:
            raise ValueError(f"evidence.fairness: negative share of {trainee_id!r}")
    total = sum(evidence.fairness.values())
    if problem.trainees and abs(total - problem.fairness) > _SHARE_ERROR:
        raise ValueError(f"evidence.fairness: shares sum to {total}, not {problem.fairness}")


def _shares(problem: RotationProblem, evidence: Evidence) -> dict[str, float]:
    """Return the shares scaled to sum to the weight exactly, as the derivation needs."""
    total = sum(evidence.fairness.values())
    if total <= 0.0:
        return {}
    return {name: share * problem.fairness / total for name, share in evidence.fairness.items()}


def _cell_values(problem: RotationProblem, evidence: Evidence) -> list[float]:
    """Return for each cell the most that its load can earn at its price."""
    values = []
    for ward in problem.wards:
        for period in range(problem.horizon):
            price = evidence.cells.get((ward.id, period), 0.0)
            low = ward.lower[period] if ward.lower else 0
            most = len(problem.trainees)
            high = most if ward.upper is None else min(most, ward.upper[period])
            high = max(low, high)
            aim = ward.target[period] if ward.target else high
            values.append(
                max(
                    price * load - problem.smooth * max(0, load - aim)
                    for load in (low, min(max(aim, low), high), high)
                )
            )
    return values
