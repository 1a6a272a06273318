"""Ranges of 8-bit tensors."""

from __future__ import annotations

import numpy as np
import pytest

from skerry_converters.accuracy.ranges import Histogram, least_error_range, percentile_range


def histogram(values: np.ndarray) -> Histogram:
    low, high = float(values.min()), float(values.max())
    return Histogram(low=low, high=high, counts=np.histogram(values, 2048, (low, high))[0].astype(np.float64))


def squared_error(values: np.ndarray, ends: tuple[float, float], slope: float) -> float:
    low, high = ends
    step = (high - low) / 255
    zero = np.rint(-low / step)
    stored = (np.clip(np.rint(values / step) + zero, 0, 255) - zero) * step
    read = [np.where(one > 0, one, slope * one) for one in (values, stored)]
    return float(np.square(read[0] - read[1]).mean())


@pytest.fixture
def values() -> np.ndarray:
    """Mostly small values, a few far away: what ruins a range from the least to the greatest."""
    random = np.random.default_rng(7)
    return np.concatenate([random.normal(size=100_000), [20.0, -30.0]])


@pytest.mark.parametrize("slope", [1.0, 0.1, 0.0])
def test_the_least_error_range_beats_the_whole_range_where_a_few_values_lie_far_away(values, slope):
    whole = squared_error(values, (values.min(), values.max()), slope)
    assert squared_error(values, least_error_range(histogram(values), slope), slope) < 0.85 * whole


def test_behind_a_leaky_activation_values_below_zero_get_fewer_levels(values):
    linear, leaky = (least_error_range(histogram(values), slope)[0] for slope in (1.0, 0.1))
    assert leaky > linear


def test_behind_a_rectifier_values_below_zero_get_none(values):
    low, high = least_error_range(histogram(values), 0.0)
    assert low == 0
    assert high > 3


def test_without_far_values_nothing_is_cut_off():
    values = np.random.default_rng(1).uniform(-1, 1, 100_000)
    assert least_error_range(histogram(values), 1.0) == pytest.approx((values.min(), values.max()))


def test_zero_can_always_be_told_exactly():
    values = np.random.default_rng(1).uniform(3, 4, 1000)
    assert least_error_range(histogram(values), 1.0)[0] == 0
    assert percentile_range(histogram(-values))[1] == 0


def test_a_percentile_range_leaves_out_that_share(values):
    low, high = percentile_range(histogram(values), 99.0)
    outside = np.count_nonzero((values < low) | (values > high)) / len(values)
    assert outside == pytest.approx(0.01, abs=0.004)
    assert -4 < low < -2 < 2 < high < 4
