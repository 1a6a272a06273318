"""A network that plain int8 ruins: Yolo-Fastest with its channels' scales pulled apart, the function unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from skerry_converters.layers import Convolution, ConvolutionWeights, Dropout, FloatArray, MaxPool, Network, Weights
from skerry_converters.sources.darknet import DarknetSource

SEED = 2019
STRETCH = 2.0
"""Channels are scaled by up to two to the power of this, up and down: sixteenfold between the furthest."""


def lopsided(source: DarknetSource) -> DarknetSource:
    """Return a network of the same outputs in which each channel between two convolutions has another size.

    What training does to large depthwise networks, done on purpose: one scale for a tensor no longer fits its channels.
    """
    model, random = source.model, np.random.default_rng(SEED)
    kernels = {index: one.kernel.copy() for index, one in model.weights.items()}
    biases = {index: one.bias.copy() for index, one in model.weights.items()}
    for first, second in _pairs(model.network):
        filters, groups = len(kernels[first]), _convolution(model.network, second).groups
        factors = np.exp2(random.uniform(-STRETCH, STRETCH, filters)).astype(np.float32)
        kernels[first] *= factors[:, np.newaxis, np.newaxis, np.newaxis]
        biases[first] *= factors
        kernels[second] = _divided(kernels[second], factors, groups)
    weights: Weights = {
        index: ConvolutionWeights(kernel=kernel, bias=biases[index]) for index, kernel in kernels.items()
    }
    return DarknetSource(model=replace(model, weights=weights))


def _divided(kernel: FloatArray, factors: FloatArray, groups: int) -> FloatArray:
    filters, channels, height, width = kernel.shape
    grouped = kernel.reshape(groups, filters // groups, channels, height, width)
    divided: FloatArray = (grouped / factors.reshape(groups, 1, channels, 1, 1)).reshape(kernel.shape)
    return divided


def _pairs(network: Network) -> Iterator[tuple[int, int]]:
    """Yield the convolutions between which nothing else reads: a factor in the one can be undone in the other."""
    live = network.live_layers()
    readers = {index: [one for one in live if index in network.layers[one].inputs] for index in live}
    for first in live:
        layer = network.layers[first]
        if not isinstance(layer, Convolution) or layer.activation not in ("linear", "leaky", "relu"):
            continue
        after = first
        while after not in network.outputs and len(readers[after]) == 1:
            (after,) = readers[after]
            if not isinstance(network.layers[after], MaxPool | Dropout):
                break
        if after != first and isinstance(network.layers[after], Convolution):
            yield first, after


def _convolution(network: Network, index: int) -> Convolution:
    layer = network.layers[index]
    assert isinstance(layer, Convolution)  # noqa: S101  # for the type checker: `_pairs` yields no other
    return layer
