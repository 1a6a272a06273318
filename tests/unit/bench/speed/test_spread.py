"""Quantiles without an outlier cut, and intervals of ratios that hold what they should."""

from __future__ import annotations

import numpy as np
import pytest

from skerry_edge.bench.speed.spread import independent_ratio, interleaved_ratio, spread


def blocks(seed: int, *, centre: float, count: int = 20, drift: bool = False) -> list[list[float]]:
    random = np.random.default_rng(seed)
    level = np.linspace(1, 2, count) if drift else np.ones(count)
    return [list(centre * one * random.normal(1, 0.05, 25)) for one in level]


def test_no_call_is_left_out_of_the_quantiles() -> None:
    figures = spread([*range(1, 100), 5000.0])
    assert (figures.p50, figures.p90, figures.p95, figures.p99, figures.max) == (50, 90, 95, 99, 5000)


def test_one_call_is_every_quantile() -> None:
    figures = spread([3.0])
    assert {figures.p50, figures.p90, figures.p95, figures.p99, figures.max} == {3.0}


def test_no_calls_have_no_quantiles() -> None:
    with pytest.raises(ValueError, match="no values"):
        spread([])


def test_the_interval_of_a_ratio_holds_the_true_one_and_excludes_another() -> None:
    ratio = interleaved_ratio(blocks(1, centre=12.0), blocks(2, centre=10.0))
    assert ratio.low < 1.2 < ratio.high
    assert ratio.low > 1.1
    assert ratio.value == pytest.approx(1.2, rel=0.02)


def test_what_slows_both_sides_alike_does_not_widen_an_interleaved_ratio() -> None:
    over, under = blocks(1, centre=12.0, drift=True), blocks(2, centre=10.0, drift=True)
    paired, apart = interleaved_ratio(over, under), independent_ratio(over, under)
    assert paired.high - paired.low < 0.5 * (apart.high - apart.low)


def test_the_same_blocks_give_the_same_interval_again() -> None:
    sides = blocks(1, centre=12.0), blocks(2, centre=10.0)
    assert interleaved_ratio(*sides) == interleaved_ratio(*sides)


def test_blocks_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="3 blocks cannot be paired with 2"):
        interleaved_ratio([[1.0]] * 3, [[1.0]] * 2)
    with pytest.raises(ValueError, match="no blocks"):
        interleaved_ratio([], [])
