"""Shares, means, evenness and hidden counts against published figures, scipy and brute force."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cotutelle.engines.statistics import gini, mean_interval, suppressed, wilson_interval


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (1, 3), (81, 263), (15, 148), (29, 29)])
def test_wilson_is_that_of_scipy(successes: int, n: int) -> None:
    ours = wilson_interval(successes, n)
    theirs = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert (ours.value, ours.n) == (successes / n, n)


def test_newcombe_1998_table_one() -> None:
    """Newcombe (1998), Statistics in Medicine 17: 81/263 by the score method."""
    ours = wilson_interval(81, 263)
    assert (round(ours.low or 0, 4), round(ours.high or 0, 4)) == (0.2553, 0.3662)


def test_nothing_observed_has_no_interval() -> None:
    assert wilson_interval(0, 0).value is None
    assert mean_interval([]).value is None
    assert (mean_interval([4.0]).value, mean_interval([4.0]).low) == (4.0, None)
    assert gini([]) is None
    assert gini([0, 0]) is None


def test_a_mean_has_the_interval_of_scipy() -> None:
    values = [5.0, 4.0, 4.0, 3.0, 5.0, 2.0]
    ours = mean_interval(values)
    low, high = stats.t.interval(0.95, 5, loc=stats.tmean(values), scale=stats.sem(values))
    assert (ours.low, ours.high) == pytest.approx((low, high))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8).filter(any))
def test_gini_is_the_mean_difference_over_twice_the_mean(values: list[int]) -> None:
    n = len(values)
    difference = sum(abs(a - b) for a, b in product(values, repeat=2)) / n**2
    assert gini(values) == pytest.approx(difference / (2 * sum(values) / n))


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: wilson_interval(3, 2), "successes"),
        (lambda: wilson_interval(1, 2, confidence=1), "confidence"),
        (lambda: mean_interval([1.0], confidence=0), "confidence"),
        (lambda: gini([-1, 2]), "values"),
    ],
)
def test_wrong_arguments_are_named(call: object, argument: str) -> None:
    with pytest.raises(ValueError, match=f"^{argument}:"):
        call()  # type: ignore[operator]


def test_a_small_group_takes_the_next_smallest_along() -> None:
    assert suppressed({"a": 50, "b": 20, "c": 3}) == {"b", "c"}
    assert suppressed({"a": 50, "b": 4, "c": 3}) == {"b", "c"}
    assert suppressed({"a": 50, "b": 2, "c": 1}) == {"a", "b", "c"}
    assert suppressed({"a": 50, "b": 5}) == frozenset()
    assert suppressed({"a": 50, "b": 0}) == frozenset()


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 12), min_size=1))
def test_no_small_count_can_be_worked_out_from_the_total(counts: dict[str, int]) -> None:
    hidden = suppressed(counts)
    assert all(key in hidden for key, count in counts.items() if 0 < count < 5)
    rest = sum(counts[key] for key in hidden)
    everything = hidden == {key for key, count in counts.items() if count}
    assert not hidden or everything or (len(hidden) > 1 and rest >= 5)
