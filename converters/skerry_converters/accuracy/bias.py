"""Bias correction: what rounding the weights adds to a layer's output on average, taken off its bias.

Nagel et al. 2019, section 4.2, with the means of real inputs. It is done on the float file before quantization, so
that it serves every runtime alike.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from skerry_converters.accuracy.float_graph import FloatArray, FloatGraph, Multiplier, Weights

LARGEST_WEIGHT = 127
"""Weights are int8, symmetric, with a scale for each filter, in all three runtimes."""


def corrected(graph: FloatGraph, means: Mapping[str, FloatArray]) -> dict[str, Weights]:
    """Return new weights for the multipliers that have a bias, by name; kernels stay as they are.

    ``means`` gives the mean of each input channel of a multiplier over calibration samples, float32 (channels,).
    """
    return {
        one.name: Weights(kernel=one.weights.kernel, bias=(one.weights.bias - shift(one, means[one.name])))
        for one in graph.multipliers
        if one.has_bias
    }


def shift(multiplier: Multiplier, mean: FloatArray) -> FloatArray:
    """Return what rounding the kernel adds to each output channel for an input of this mean, float32 (filters,)."""
    kernel = multiplier.weights.kernel.astype(np.float64)
    filters, channels, *_ = kernel.shape
    error = (rounded(kernel) - kernel).sum(axis=(2, 3)).reshape(multiplier.groups, -1, channels)
    added = np.einsum("gfc,gc->gf", error, mean.astype(np.float64).reshape(multiplier.groups, channels))
    moved: FloatArray = added.reshape(filters).astype(np.float32)
    return moved


def rounded(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a kernel as int8 with a scale for each filter holds it."""
    peak = np.abs(kernel).max(axis=(1, 2, 3), keepdims=True)
    scale = np.where(peak > 0, peak, 1.0) / LARGEST_WEIGHT
    values: NDArray[np.float64] = np.rint(kernel / scale) * scale
    return values
