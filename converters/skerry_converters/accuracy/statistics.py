"""What the values inside a float network are like on calibration samples: ranges, peaks, means and histograms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skerry_converters.accuracy.float_graph import FloatArray, FloatGraph, Multiplier, Watch
from skerry_converters.accuracy.ranges import BINS, Histogram


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChannelStatistics:
    """By multiplier: the peak of each output channel after its activation, and the mean of each input channel.

    Both are float32, (filters,) and (input channels,).
    """

    peaks: Mapping[str, FloatArray]
    means: Mapping[str, FloatArray]


def channel_statistics(graph: FloatGraph, watch: Watch, samples: Iterable[FloatArray]) -> ChannelStatistics:
    """Run the network once over the samples and look at every multiplier."""
    multipliers = graph.multipliers
    peaks = {one.name: np.zeros(len(one.weights.kernel)) for one in multipliers}
    sums = {one.name: np.zeros(one.groups * one.weights.kernel.shape[1]) for one in multipliers}
    names = list(dict.fromkeys(tensor for one in multipliers for tensor in (one.input, one.output)))
    count = 0
    for values in watch(graph.path, names, samples):
        count += 1
        of = dict(zip(names, values, strict=True))
        for one in multipliers:
            slope = graph.slopes.get(one.output, 1.0)
            peaks[one.name] = np.maximum(peaks[one.name], _peaks(of[one.output], one, slope))
            sums[one.name] += _by_channel(of[one.input], one).mean(axis=1)
    return ChannelStatistics(
        peaks={name: peak.astype(np.float32) for name, peak in peaks.items()},
        means={name: (total / max(count, 1)).astype(np.float32) for name, total in sums.items()},
    )


def histograms(graph: FloatGraph, watch: Watch, samples: Sequence[FloatArray]) -> dict[str, Histogram]:
    """Run the network twice over the samples and return a histogram of each tensor whose range a quantizer takes.

    A tensor that has one value always is left out: there is no choice of range.
    """
    names = list(graph.slopes)
    lows, highs = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for values in watch(graph.path, names, samples):
        lows = np.minimum(lows, [float(one.min()) for one in values])
        highs = np.maximum(highs, [float(one.max()) for one in values])
    wide = [place for place in range(len(names)) if highs[place] > lows[place]]
    counts = {place: np.zeros(BINS) for place in wide}
    for values in watch(graph.path, [names[place] for place in wide], samples):
        for place, one in zip(wide, values, strict=True):
            counts[place] += _counted(one, lows[place], highs[place])
    return {
        names[place]: Histogram(low=float(lows[place]), high=float(highs[place]), counts=counts[place])
        for place in wide
    }


def _counted(values: FloatArray, low: float, high: float) -> NDArray[np.int64]:
    # numpy.histogram sorts or searches; this is several times as fast.
    parts = ((values.ravel() - np.float32(low)) * np.float32(BINS / (high - low))).astype(np.int32)
    counted: NDArray[np.int64] = np.bincount(np.clip(parts, 0, BINS - 1), minlength=BINS)
    return counted


def _by_channel(values: FloatArray, multiplier: Multiplier) -> FloatArray:
    """Return values as (channels, all else)."""
    moved: FloatArray = np.moveaxis(values, multiplier.channel_axis, 0)
    return moved.reshape(len(moved), -1)


def _peaks(values: FloatArray, multiplier: Multiplier, slope: float) -> NDArray[np.float64]:
    rows = _by_channel(values, multiplier)
    above, below = rows.max(axis=1).astype(np.float64), rows.min(axis=1).astype(np.float64)
    peaks: NDArray[np.float64] = np.maximum(np.maximum(above, 0), -slope * np.minimum(below, 0))
    return peaks
