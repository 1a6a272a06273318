"""The range of a tensor for 8 bits: by least squared error after its activation, or without the furthest values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 2048
LEVELS = 256
PERCENTILE = 99.99
"""The share of values that a percentile range holds, in per cent; what it leaves out is shared by both ends."""
_CUTS = 40

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Histogram:
    """How often values fell into each of BINS equal parts of ``low``..``high``; ``counts`` is float64 (BINS,)."""

    low: float
    high: float
    counts: Values

    @property
    def centres(self) -> Values:
        """The middle of each part, float64 (BINS,)."""
        middle: Values = self.low + (np.arange(len(self.counts)) + 0.5) * (self.high - self.low) / len(self.counts)
        return middle


def least_error_range(histogram: Histogram, slope: float) -> tuple[float, float]:
    """Return the range whose 256 levels give the least squared error once the activation has read the tensor.

    ``slope`` is the activation's below zero: an error there counts ``slope`` times. What falls between two levels has
    the error of a uniform distribution, what lies outside is clipped.
    """
    centres = histogram.centres
    meant = _activated(centres, slope)
    weight = np.where(centres > 0, 1.0, slope**2)
    best = (np.inf, histogram.low, histogram.high)
    for low in _cuts(min(histogram.low, 0.0), unread=slope == 0):
        for high in _cuts(max(histogram.high, 0.0), unread=False):
            step = (high - low) / (LEVELS - 1)
            if step <= 0:
                continue
            inside = (centres >= low) & (centres <= high)
            clipped = np.square(_activated(np.clip(centres, low, high), slope) - meant)
            error = float((histogram.counts * np.where(inside, weight * step**2 / 12, clipped)).sum())
            if error < best[0]:
                best = (error, low, high)
    return best[1], best[2]


def percentile_range(histogram: Histogram, percentile: float = PERCENTILE) -> tuple[float, float]:
    """Return the narrowest range that leaves out half of the rest at each end; it always holds 0."""
    shares = np.cumsum(histogram.counts) / histogram.counts.sum()
    rest = (100.0 - percentile) / 200.0
    edges = np.linspace(histogram.low, histogram.high, len(histogram.counts) + 1)
    low = edges[int(np.searchsorted(shares, rest, side="right"))]
    high = edges[int(np.searchsorted(shares, 1.0 - rest, side="left")) + 1]
    return min(float(low), 0.0), max(float(high), 0.0)


def _activated(values: Values, slope: float) -> Values:
    read: Values = np.where(values > 0, values, slope * values)
    return read


def _cuts(end: float, *, unread: bool) -> list[float]:
    """Return ends to try from the furthest value inwards; 0 itself where nothing beyond is read."""
    if end == 0:
        return [0.0]
    return [end * (1 - cut / _CUTS) for cut in range(_CUTS)] + ([0.0] if unread else [])
