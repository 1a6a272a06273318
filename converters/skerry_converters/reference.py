"""A plain numpy executor of the layer list: what every emitted file is measured against."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skerry_converters.layers import (
    LEAKY_SLOPE,
    NETWORK_INPUT,
    Activation,
    Convolution,
    ConvolutionWeights,
    Dropout,
    FloatArray,
    Layer,
    MaxPool,
    Network,
    Reorg,
    Route,
    Shortcut,
    Upsample,
    Weights,
)

Values = NDArray[np.float64]
COLUMN_VALUES = 1 << 23
"""How many values of a convolution's windows are laid out at a time: 64 MiB, whatever the network's size."""


def run_reference(network: Network, weights: Weights, image: FloatArray) -> tuple[FloatArray, ...]:
    """Return the raw outputs, one float32 (channels, height, width) a head, for ``image`` of the input's shape.

    Computed in float64, so that its own rounding stays out of what is measured against it; what leaves a float's range
    becomes infinite or no number. The network must have passed `infer_shapes`. Raises ValueError where ``image`` has
    another shape.
    """
    if image.shape != tuple(network.input):
        raise ValueError(f"the image has shape {image.shape}, the network takes {tuple(network.input)}")
    values: dict[int, Values] = {NETWORK_INPUT: image.astype(np.float64)}
    live = network.live_layers()
    last_use = {source: index for index in live for source in network.layers[index].inputs}
    with np.errstate(over="ignore", invalid="ignore"):
        for index in live:
            layer = network.layers[index]
            values[index] = _run(index, layer, [values[one] for one in layer.inputs], weights)
            for source in {one for one in layer.inputs if last_use[one] == index and one not in network.outputs}:
                del values[source]
        return tuple(values[index].astype(np.float32) for index in network.outputs)


def _run(index: int, layer: Layer, sources: list[Values], weights: Weights) -> Values:
    match layer:
        case Convolution():
            value = _convolution(layer, sources[0], weights[index])
        case MaxPool():
            value = _max_pool(layer, sources[0])
        case Route():
            value = np.concatenate([_group(layer, one) for one in sources])
        case Shortcut():
            value = _activate(sources[0] + sources[1], layer.activation)
        case Reorg():
            value = _reorg(layer, sources[0])
        case Upsample():
            value = sources[0].repeat(layer.stride, axis=1).repeat(layer.stride, axis=2)
        case Dropout():
            value = sources[0]
        case _:
            raise TypeError(f"no rule to compute {type(layer).__name__}")
    return value


def _convolution(layer: Convolution, source: Values, weights: ConvolutionWeights) -> Values:
    pad = layer.padding
    windows = _windows(np.pad(source, ((0, 0), (pad, pad), (pad, pad))), layer.size, layer.stride)
    channels, height, width = windows.shape[:3]
    kernels = weights.kernel.astype(np.float64).reshape(layer.groups, layer.filters // layer.groups, -1)
    summed = np.empty((layer.filters, height, width))
    rows = max(1, COLUMN_VALUES // (channels * layer.size**2 * width))
    for top in range(0, height, rows):
        part = windows[:, top : top + rows]
        columns = part.transpose(0, 3, 4, 1, 2).reshape(layer.groups, kernels.shape[2], -1)
        summed[:, top : top + rows] = np.matmul(kernels, columns).reshape(layer.filters, -1, width)
    return _activate(summed + weights.bias.astype(np.float64)[:, None, None], layer.activation)


def _windows(padded: Values, size: int, stride: int) -> NDArray[Any]:
    """Return a view (channels, out height, out width, size, size) on every window."""
    every = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
    return every[:, ::stride, ::stride]


def _max_pool(layer: MaxPool, source: Values) -> Values:
    before = layer.padding // 2
    sides = (before, layer.padding - before)
    padded = np.pad(source, ((0, 0), sides, sides), constant_values=-np.inf)
    pooled: Values = _windows(padded, layer.size, layer.stride).max(axis=(3, 4))
    return pooled


def _group(layer: Route, source: Values) -> Values:
    count = source.shape[0] // layer.groups
    return source[layer.group * count : (layer.group + 1) * count]


def _reorg(layer: Reorg, source: Values) -> Values:
    channels, height, width = source.shape
    stride = layer.stride
    cells = source.reshape(channels // (stride * stride), height, stride, width, stride)
    merged: Values = cells.transpose(2, 4, 0, 1, 3).reshape(-1, height // stride, width // stride)
    return merged


def _activate(value: Values, activation: Activation) -> Values:
    match activation:
        case "linear":
            activated = value
        case "leaky":
            activated = np.where(value > 0, value, LEAKY_SLOPE * value)
        case "relu":
            activated = np.maximum(value, 0.0)
        case "relu6":
            activated = np.clip(value, 0.0, 6.0)
        case "logistic":
            # Written with exp(-|x|) so that it cannot overflow.
            folded = np.exp(-np.abs(value))
            activated = np.where(value >= 0, 1.0, folded) / (1.0 + folded)
    return activated
