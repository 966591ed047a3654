"""Shares and means with confidence intervals, evenness, and hiding small counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, mean, stdev

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """
    A figure with what it rests on.

    Attributes
    ----------
    value
        The estimate; None without any observation.
    low, high
        Bounds of the confidence interval; None where there is none.
    n
        Number of observations.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


def wilson_interval(successes: int, n: int, *, confidence: float = CONFIDENCE) -> Estimate:
    """
    Return a share with its Wilson score interval, all 0 to 1.

    Parameters
    ----------
    successes, n
        How many of how many, 0 <= successes <= n.
    confidence
        Coverage, between 0 and 1.

    Raises
    ------
    ValueError
        ``successes`` lies outside 0 to ``n``, or ``confidence`` outside 0 to 1.

    Source
    ------
    Wilson (1927), JASA 22(158), 209-212; without continuity correction. Brown, Cai, DasGupta
    (2001), Statistical Science 16(2), recommend it also for small n.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes: {successes} does not lie between 0 and {n}")
    z = _quantile(confidence)
    if n == 0:
        return Estimate(None, None, None, 0)
    share = successes / n
    centre = share + z * z / (2 * n)
    spread = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else (centre - spread) / scale
    high = 1.0 if successes == n else (centre + spread) / scale
    return Estimate(share, low, high, n)


def mean_interval(values: Sequence[float], *, confidence: float = CONFIDENCE) -> Estimate:
    """
    Return a mean with Student's t interval; none for fewer than two values.

    Raises
    ------
    ValueError
        ``confidence`` lies outside 0 to 1.

    Source
    ------
    Student (1908), Biometrika 6(1); quantiles by scipy.
    """
    _quantile(confidence)
    n = len(values)
    if n == 0:
        return Estimate(None, None, None, 0)
    middle = mean(values)
    if n == 1:
        return Estimate(middle, None, None, 1)
    from scipy.stats import t  # noqa: PLC0415  slow to load

    half = float(t.ppf((1 + confidence) / 2, n - 1)) * stdev(values) / sqrt(n)
    return Estimate(middle, middle - half, middle + half, n)


def gini(values: Sequence[float]) -> float | None:
    """
    Return how unevenly ``values`` are spread: 0 all equal, towards 1 all with one.

    Returns
    -------
    float or None
        None without values or where all are 0.

    Raises
    ------
    ValueError
        A value is negative.

    Source
    ------
    Sen (1973), *On Economic Inequality*: mean absolute difference over twice the mean.
    """
    if any(value < 0 for value in values):
        raise ValueError("values: a negative one has no place in a Gini coefficient")
    total, n = sum(values), len(values)
    if not total:
        return None
    ranked = sum(place * value for place, value in enumerate(sorted(values), 1))
    return 2 * ranked / (n * total) - (n + 1) / n


def suppressed(counts: Mapping[str, int], *, least: int = 5) -> frozenset[str]:
    """
    Return the groups to hide where the sum of all groups is known.

    Groups with 1 to ``least`` - 1 members are hidden, and then the smallest others, until what is
    hidden together cannot be told apart: at least two groups, ``least`` members or more. Empty
    groups show nothing and stay.

    Parameters
    ----------
    counts
        Group -> members, >= 0.
    least
        Smallest count that is shown, >= 1.

    Source
    ------
    Primary and complementary cell suppression: Hundepool et al. (2012), *Statistical Disclosure
    Control*, ch. 4.
    """
    hidden = {key for key, count in counts.items() if 0 < count < least}
    if not hidden:
        return frozenset()
    others = sorted((count, key) for key, count in counts.items() if count >= least)
    while others and (len(hidden) == 1 or sum(counts[key] for key in hidden) < least):
        hidden.add(others.pop(0)[1])
    return frozenset(hidden)


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence} does not lie between 0 and 1")
    return NormalDist().inv_cdf((1 + confidence) / 2)
