"""Exact intervals against published tables and their own definition."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.bench.intervals import binomial_bounds, poisson_bounds


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.30850), (3, 10, 0.06674, 0.65245), (10, 10, 0.69150, 1.0), (41, 42, 0.87434, 0.99940)],
)
def test_shares_have_the_bounds_of_clopper_and_pearson(successes: int, trials: int, low: float, high: float) -> None:
    bounds = binomial_bounds(successes, trials)
    assert (bounds.low, bounds.high) == pytest.approx((low, high), abs=1e-5)


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.68888), (1, 0.02532, 5.57164), (5, 1.62349, 11.66833), (100, 81.364, 121.627)]
)
def test_counts_have_the_bounds_of_garwood(count: int, low: float, high: float) -> None:
    bounds = poisson_bounds(count)
    assert (bounds.low, bounds.high) == pytest.approx((low, high), abs=1e-3)


def test_large_counts_come_close_to_the_normal_interval() -> None:
    bounds = poisson_bounds(20_000)
    assert (bounds.low, bounds.high) == pytest.approx((19_724, 20_279), abs=1)
    share = binomial_bounds(50_000, 100_000)
    assert share.high - share.low == pytest.approx(2 * 1.96 * math.sqrt(0.25 / 100_000), rel=0.01)


@given(st.integers(1, 60), st.data())
def test_at_each_bound_as_extreme_a_count_has_the_tail_s_probability(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(1, trials))
    low = binomial_bounds(successes, trials).low
    tail = sum(math.comb(trials, k) * low**k * (1 - low) ** (trials - k) for k in range(successes, trials + 1))
    assert tail == pytest.approx(0.025, rel=1e-6)


def test_a_wider_confidence_is_a_wider_interval() -> None:
    narrow, wide = poisson_bounds(7, confidence=0.9), poisson_bounds(7, confidence=0.99)
    assert wide.low < narrow.low < 7 < narrow.high < wide.high


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (3, 2), (-1, 5)])
def test_impossible_shares_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        binomial_bounds(successes, trials)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        poisson_bounds(-1)
