"""Cross-layer equalisation: channels that lie between two layers brought to one size, the function unchanged.

Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", section 4.1: for a channel
of range r1 before and r2 after, dividing it by sqrt(r1 / r2) in the first layer and multiplying it in the second makes
both sqrt(r1 * r2), which is the best that one scale for a whole tensor can get.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from skerry_converters.accuracy.float_graph import FloatArray, FloatGraph, Link, Multiplier, Weights

ROUNDS = 40
"""Each round passes over all links; chains of them need several until nothing moves."""
SETTLED = 0.01
"""A round in which no factor is further from 1 than this is the last."""
LARGEST_FACTOR = 1e4
_NOTHING = 1e-9

Values = NDArray[np.float64]


def equalise(graph: FloatGraph, peaks: Mapping[str, FloatArray] | None = None) -> dict[str, Weights]:
    """Return new weights for the multipliers that a link joins, by name; empty where there is no link.

    ``peaks`` gives for a multiplier the largest absolute value of each of its channels after its activation,
    float32 (filters,): the first range is then taken from it and not from the weights, as in SmoothQuant (Xiao et al.
    2023) with strength 0.5.
    """
    known = {one.name: one for one in graph.multipliers}
    links = [(known[link.first], known[link.second]) for link in graph.links if _fits(known, link)]
    kernels = {one.name: one.weights.kernel.astype(np.float64) for pair in links for one in pair}
    biases = {name: known[name].weights.bias.astype(np.float64) for name in kernels}
    sizes = {} if peaks is None else {name: peaks[name].astype(np.float64) for name in kernels}
    for _ in range(ROUNDS):
        furthest = 1.0
        for first, second in links:
            before = sizes[first.name] if peaks is not None else _filter_ranges(kernels[first.name])
            factors = _factors(before, _channel_ranges(kernels[second.name], second.groups))
            kernels[first.name] /= factors[:, np.newaxis, np.newaxis, np.newaxis]
            biases[first.name] /= factors
            if peaks is not None:
                sizes[first.name] = sizes[first.name] / factors
            kernels[second.name] = _scaled_channels(kernels[second.name], factors, second.groups)
            furthest = max(furthest, float(np.maximum(factors, 1 / factors).max()))
        if furthest <= 1 + SETTLED:
            break
    return {
        name: Weights(kernel=kernels[name].astype(np.float32), bias=biases[name].astype(np.float32)) for name in kernels
    }


def _fits(known: Mapping[str, Multiplier], link: Link) -> bool:
    """Tell whether both ends are there and have the same channels; a layer without bias can be scaled as well."""
    if link.first not in known or link.second not in known:
        return False
    second = known[link.second]
    channels: int = second.groups * second.weights.kernel.shape[1]
    return len(known[link.first].weights.kernel) == channels


def _filter_ranges(kernel: Values) -> Values:
    ranges: Values = np.abs(kernel).max(axis=(1, 2, 3))
    return ranges


def _channel_ranges(kernel: Values, groups: int) -> Values:
    """Return the range of each input channel over all filters that read it."""
    filters, channels, *_ = kernel.shape
    grouped = np.abs(kernel).reshape(groups, filters // groups, channels, -1)
    ranges: Values = grouped.max(axis=(1, 3)).reshape(-1)
    return ranges


def _factors(before: Values, after: Values) -> Values:
    """Return what each channel is divided by; 1 for one that is dead on either side."""
    alive = (before > _NOTHING) & (after > _NOTHING)
    ratio = np.divide(before, after, out=np.ones_like(before), where=alive)
    factors: Values = np.clip(np.sqrt(ratio), 1 / LARGEST_FACTOR, LARGEST_FACTOR)
    return factors


def _scaled_channels(kernel: Values, factors: Values, groups: int) -> Values:
    filters, channels, height, width = kernel.shape
    grouped = kernel.reshape(groups, filters // groups, channels, height, width)
    scaled: Values = (grouped * factors.reshape(groups, 1, channels, 1, 1)).reshape(kernel.shape)
    return scaled
