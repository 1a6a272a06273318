"""From calls to figures: quantiles of all of them, and the interval of a ratio of two medians."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skerry_edge.bench.intervals import CONFIDENCE
from skerry_edge.bench.speed.result import Spread
from skerry_edge.bench.timing import nearest_rank

RESAMPLES = 1000
SEED = 20260101
"""Any number would do: the intervals are to come out the same again."""
_DIGITS = 4

Blocks = Sequence[Sequence[float]]
"""Milliseconds of calls, block by block."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """A ratio of two medians with its bootstrap interval."""

    value: float
    low: float
    high: float


def spread(values_ms: Sequence[float]) -> Spread:
    """Return the quantiles of all values. Raises ValueError for none."""
    ordered = sorted(values_ms)
    ranks = (nearest_rank(ordered, percent) for percent in (50, 90, 95, 99, 100))
    p50, p90, p95, p99, largest = (round(value, _DIGITS) for value in ranks)
    return Spread(p50=p50, p90=p90, p95=p95, p99=p99, max=largest)


def median_ms(blocks: Blocks) -> float:
    """Return the median of all calls. Raises ValueError for no blocks."""
    return float(np.median(np.concatenate([np.asarray(block) for block in blocks])))


def interleaved_ratio(over: Blocks, under: Blocks, *, confidence: float = CONFIDENCE) -> Ratio:
    """Return the median of ``over`` divided by that of ``under``; block i of both ran one after the other.

    The interval is a percentile bootstrap over pairs of blocks (Efron and Tibshirani 1993, chapter 13): calls within a
    block share what the machine did just then, so a block is the unit. Raises ValueError for blocks that are no pairs.
    """
    if len(over) != len(under):
        raise ValueError(f"{len(over)} blocks cannot be paired with {len(under)}")
    chosen = _choices(len(over), np.random.default_rng(SEED))
    return _ratio(over, under, chosen, chosen, confidence)


def independent_ratio(over: Blocks, under: Blocks, *, confidence: float = CONFIDENCE) -> Ratio:
    """Return the same ratio for blocks of two runs at different times, each resampled by itself.

    The interval knows what changed within each run, not what changed between the two.
    """
    random = np.random.default_rng(SEED)
    return _ratio(over, under, _choices(len(over), random), _choices(len(under), random), confidence)


def _choices(blocks: int, random: np.random.Generator) -> NDArray[np.int64]:
    if not blocks:
        raise ValueError("no blocks to take a median of")
    return random.integers(0, blocks, (RESAMPLES, blocks))


def _ratio(
    over: Blocks, under: Blocks, first: NDArray[np.int64], second: NDArray[np.int64], confidence: float
) -> Ratio:
    ratios = _medians(over, first) / _medians(under, second)
    low, high = np.quantile(ratios, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Ratio(value=median_ms(over) / median_ms(under), low=float(low), high=float(high))


def _medians(blocks: Blocks, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    arrays = [np.asarray(block) for block in blocks]
    return np.array([np.median(np.concatenate([arrays[place] for place in row])) for row in chosen])
