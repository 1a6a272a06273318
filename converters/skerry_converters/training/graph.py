"""The layer list computed by TensorFlow: with the statistics of the batch while training, with measured ones after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from skerry_converters.layers import LEAKY_SLOPE, NETWORK_INPUT, Activation, Convolution, MaxPool, Network
from skerry_converters.training.convolutions import EPSILON
from skerry_converters.training.variables import ConvolutionVariables, NetworkVariables, Value

Precision = Literal["float32", "bfloat16"]
STATISTICS_MOMENTUM = 0.97
"""How much of the measured means and variances stays at each step."""

_Convolve = Callable[[int, Convolution, Value], Value]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingOutput:
    """The raw output of a batch, and the statistics measured on it: a new value for each of their variables."""

    raw: Value
    statistics: list[tuple[Value, Value]]


def infer(network: Network, variables: NetworkVariables, images: Value) -> Value:
    """Return the raw output (batch, rows, columns, channels) of float32 ``images`` (batch, height, width, 3), 0 to 1.

    Computed in float32 with the measured statistics, as every exported file computes.
    """

    def convolve(index: int, layer: Convolution, source: Value) -> Value:
        return _finished(layer, variables[index], _convolved(variables[index], source))

    return _walk(network, images, convolve)


def moments(network: Network, variables: NetworkVariables, images: Value) -> dict[int, tuple[Value, Value]]:
    """Return mean and variance of each normalized convolution's sums, before normalization, as `infer` computes."""
    measured: dict[int, tuple[Value, Value]] = {}

    def convolve(index: int, layer: Convolution, source: Value) -> Value:
        sums = _convolved(variables[index], source)
        if layer.batch_normalize:
            measured[index] = tf.nn.moments(sums, axes=[0, 1, 2])
        return _finished(layer, variables[index], sums)

    _walk(network, images, convolve)
    return measured


def train(network: Network, variables: NetworkVariables, images: Value, precision: Precision) -> TrainingOutput:
    """Return the raw output as `infer` does, normalized by the batch's own statistics.

    ``precision`` is that of all layers but the head.
    """
    statistics: list[tuple[Value, Value]] = []

    def convolve(index: int, layer: Convolution, source: Value) -> Value:
        own = variables[index]
        if own.scale is None:
            # The head's values are what is compared with the truth: they are worth full precision.
            return _finished(layer, own, _convolved(own, tf.cast(source, tf.float32)))
        value = _convolved(own, source)
        # The one fused operator trains two to three times as fast as Keras' layer, which takes it apart on the CPU.
        none = tf.zeros([0])
        value, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=value, scale=own.scale, offset=own.bias, mean=none, variance=none, epsilon=EPSILON, is_training=True
        )
        statistics.extend((one, _moved(one, new)) for one, new in ((own.mean, mean), (own.variance, variance)))
        return _activated(value, layer.activation)

    raw = _walk(network, tf.cast(images, precision), convolve)
    return TrainingOutput(raw=raw, statistics=statistics)


def _finished(layer: Convolution, own: ConvolutionVariables, sums: Value) -> Value:
    """Return a convolution's value from its sums, with the measured statistics."""
    if own.scale is None:
        return _activated(tf.nn.bias_add(sums, own.bias), layer.activation)
    value = tf.nn.batch_normalization(sums, own.mean, own.variance, own.bias, own.scale, EPSILON)
    return _activated(value, layer.activation)


def _moved(measured: Value, new: Value) -> Value:
    return STATISTICS_MOMENTUM * measured + (1 - STATISTICS_MOMENTUM) * new


def _walk(network: Network, images: Value, convolve: _Convolve) -> Value:
    values = {NETWORK_INPUT: images}
    for index in network.live_layers():
        layer = network.layers[index]
        source = values[layer.inputs[0]]
        match layer:
            case Convolution(stride=1, groups=1) if layer.padding == layer.size // 2:
                values[index] = convolve(index, layer, source)
            case MaxPool(size=2, padding=1):
                # Darknet's padding of one cell, to the right and below, is what SAME comes to for windows of two.
                values[index] = tf.nn.max_pool2d(source, 2, layer.stride, "SAME")
            case _:
                raise TypeError(f"no way to train layer {index}, {layer}")
    (output,) = network.outputs
    return values[output]


def _convolved(own: ConvolutionVariables, source: Value) -> Value:
    return tf.nn.conv2d(source, tf.cast(own.kernel, source.dtype), 1, "SAME")


def _activated(value: Value, activation: Activation) -> Value:
    match activation:
        case "linear":
            return value
        case "leaky":
            return tf.nn.leaky_relu(value, LEAKY_SLOPE)
        case _:
            raise TypeError(f"no way to train the activation '{activation}'")
