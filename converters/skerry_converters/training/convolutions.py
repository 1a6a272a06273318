"""A convolution's numbers while it is trained, batch normalization apart, and their way to those of the layer list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from skerry_converters.layers import (
    NETWORK_INPUT,
    Convolution,
    ConvolutionWeights,
    FloatArray,
    Network,
    Region,
    Weights,
)
from skerry_converters.shapes import infer_shapes

EPSILON = 1e-5
"""Added to a variance before its root is taken."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Normalization:
    """Batch normalization's scale, mean and variance, each float32 (filters,); its offset is the convolution's bias."""

    scale: FloatArray
    mean: FloatArray
    variance: FloatArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TrainedConvolution:
    """Float32 ``kernel`` (filters, channels/groups, size, size) and ``bias`` (filters,).

    With a normalization, value = scale * (sum - mean) / sqrt(variance + EPSILON) + bias; without one, sum + bias.
    """

    kernel: FloatArray
    bias: FloatArray
    normalization: Normalization | None


Trained = Mapping[int, TrainedConvolution]
"""The numbers of a network's convolutions by layer index."""


_FRESH = 1
"""Sets the draws of the first weights apart from all others that one seed gives."""
_OBJECTNESS = 4
_RARE_LOGIT = -2.2
"""Of a probability of 0.1: hardly a box holds an object, and a head that begins by saying so need not learn it first.

Much lower, a squared error through the logistic function has no gradient left to learn objects by.
"""


def fresh(network: Network, seed: int) -> dict[int, TrainedConvolution]:
    """Return numbers to begin with: He-normal kernels (arXiv 1502.01852), batch normalization that changes nothing.

    The head begins with small kernels, so with its anchors as boxes, all classes alike and hardly any object (the
    prior of arXiv 1708.02002, section 4.1). ``network`` ends in one region layer.
    """
    random = np.random.default_rng([seed, _FRESH])
    shapes = infer_shapes(network)
    begun = {}
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Convolution):
            source = layer.inputs[0]
            channels = (network.input if source == NETWORK_INPUT else shapes[source]).channels
            begun[index] = _fresh(layer, channels, random)
    (head,) = network.outputs
    (region,) = (one for one in network.heads if isinstance(one, Region))
    begun[head] = _quiet(begun[head], region)
    return begun


def _fresh(layer: Convolution, channels: int, random: np.random.Generator) -> TrainedConvolution:
    shape = (layer.filters, channels // layer.groups, layer.size, layer.size)
    kernel = random.normal(0.0, (2 / np.prod(shape[1:])) ** 0.5, shape)
    zeros, ones = np.zeros(layer.filters, np.float32), np.ones(layer.filters, np.float32)
    return TrainedConvolution(
        kernel=kernel.astype(np.float32),
        bias=zeros,
        normalization=Normalization(scale=ones, mean=zeros, variance=ones) if layer.batch_normalize else None,
    )


def _quiet(head: TrainedConvolution, region: Region) -> TrainedConvolution:
    bias = head.bias.reshape(len(region.anchors), -1).copy()
    bias[:, _OBJECTNESS] = _RARE_LOGIT
    return replace(head, kernel=head.kernel * np.float32(0.1), bias=bias.reshape(-1))


def renormalized(one: TrainedConvolution, mean: FloatArray, variance: FloatArray) -> TrainedConvolution:
    """Return a convolution that computes the same, normalized by ``mean`` and ``variance`` of what it sums up.

    Weights that were folded can be trained on with it: normalized by a batch's own statistics, they compute nearly what
    they did before. Raises ValueError for a convolution without normalization.
    """
    norm = one.normalization
    if norm is None:
        raise ValueError("the convolution is not normalized")
    factor = norm.scale / np.sqrt(norm.variance + EPSILON)
    return replace(
        one,
        bias=one.bias + factor * (mean - norm.mean),
        normalization=Normalization(scale=factor * np.sqrt(variance + EPSILON), mean=mean, variance=variance),
    )


def fold(trained: Trained) -> Weights:
    """Return the weights that give without normalization what ``trained`` gives with it."""
    return {index: _folded(one) for index, one in trained.items()}


def _folded(one: TrainedConvolution) -> ConvolutionWeights:
    norm = one.normalization
    if norm is None:
        return ConvolutionWeights(kernel=one.kernel, bias=one.bias)
    factor = norm.scale.astype(np.float64) / np.sqrt(norm.variance.astype(np.float64) + EPSILON)
    return ConvolutionWeights(
        kernel=(one.kernel * factor[:, np.newaxis, np.newaxis, np.newaxis]).astype(np.float32),
        bias=(one.bias - norm.mean * factor).astype(np.float32),
    )
