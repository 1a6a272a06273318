"""The layer list as a Keras model: float32, NHWC, the raw values before each head as outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from skerry_converters.layers import (
    LEAKY_SLOPE,
    NETWORK_INPUT,
    Activation,
    Convolution,
    Dropout,
    FloatArray,
    MaxPool,
    Network,
    Reorg,
    Route,
    Shape,
    Shortcut,
    Upsample,
    Weights,
)
from skerry_edge.foundation.errors import ConfigError

INPUT = "image"
Value = Any
"""A Keras tensor or model; Keras ships no types."""


def build_keras(network: Network, shapes: Sequence[Shape], weights: Weights) -> Value:
    """Return a `keras.Model` with one output a head, in order, for input (batch, height, width, channels)."""
    # `~/.keras/keras.json` may say otherwise.
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    image = keras.Input(shape=_channels_last(network.input), name=INPUT)
    builder = _Builder(network, shapes, weights)
    values = {NETWORK_INPUT: image}
    for index in network.live_layers():
        values[index] = builder.apply(index, [values[one] for one in network.layers[index].inputs])
    outputs = [
        keras.layers.Activation("linear", name=f"head_{number}")(values[index])
        for number, index in enumerate(network.outputs)
    ]
    return keras.Model(image, outputs, name="network")


def _channels_last(shape: Shape) -> tuple[int, int, int]:
    return shape.height, shape.width, shape.channels


class _Builder:
    """Applies one layer after the other; Keras layers are named for the layer's index, so names never vary."""

    def __init__(self, network: Network, shapes: Sequence[Shape], weights: Weights) -> None:
        self._network = network
        self._shapes = shapes
        self._weights = weights

    def apply(self, index: int, sources: list[Value]) -> Value:
        """Return the value of a layer for the values that it reads."""
        layer = self._network.layers[index]
        name = f"layer_{index}_{layer.kind}"
        match layer:
            case Convolution():
                value = self._convolution(name, index, layer, sources[0])
            case MaxPool():
                value = self._max_pool(name, index, layer, sources[0])
            case Route():
                value = _route(name, layer, sources)
            case Shortcut():
                value = _activate(name, layer.activation, keras.layers.Add(name=name)(sources))
            case Reorg():
                value = _reorg(name, layer, self._shape(layer.inputs[0]), sources[0])
            case Upsample():
                _, height, width = self._shapes[index]
                value = _NearestUpsampling(height, width, name=name)(sources[0])
            case Dropout():
                value = sources[0]
            case _:
                raise TypeError(f"no Keras layer for {type(layer).__name__}")
        return value

    def _shape(self, index: int) -> Shape:
        return self._network.input if index == NETWORK_INPUT else self._shapes[index]

    def _convolution(self, name: str, index: int, layer: Convolution, source: Value) -> Value:
        shape = self._shape(layer.inputs[0])
        sides = (layer.padding, layer.padding)
        same = all(_same_padding(size, layer.size, layer.stride) == sides for size in (shape.height, shape.width))
        if not same and layer.padding:
            source = keras.layers.ZeroPadding2D(layer.padding, name=f"{name}_pad")(source)
        weights = self._weights[index]
        # A kernel that reads one channel each is a depthwise convolution, which every runtime does far faster.
        depthwise = layer.groups > 1 and layer.groups == shape.channels
        options = {"strides": layer.stride, "padding": "same" if same else "valid", "name": name}
        if depthwise:
            multiplier = layer.filters // layer.groups
            convolution = keras.layers.DepthwiseConv2D(layer.size, depth_multiplier=multiplier, **options)
            kernel = _depthwise_kernel(weights.kernel, multiplier)
        else:
            convolution = keras.layers.Conv2D(layer.filters, layer.size, groups=layer.groups, **options)
            kernel = weights.kernel.transpose(2, 3, 1, 0)
        value = convolution(source)
        convolution.set_weights([kernel, weights.bias])
        return _activate(name, layer.activation, value)

    def _max_pool(self, name: str, index: int, layer: MaxPool, source: Value) -> Value:
        given, wanted = self._shape(layer.inputs[0])[1:], self._shapes[index][1:]
        sides = [_pool_padding(size, out, layer) for size, out in zip(given, wanted, strict=True)]
        same = all(
            _same_padding(size, layer.size, layer.stride) == side and out == -(-size // layer.stride)
            for size, out, side in zip(given, wanted, sides, strict=True)
        )
        if not same and any(map(any, sides)):
            if any(max(side) > size for side, size in zip(sides, given, strict=True)):
                raise ConfigError(
                    f"layer {index} maxpool: its windows are too large for its input to be written for TFLite",
                    where=layer.where,
                    found=f"size {layer.size} on {self._shape(layer.inputs[0])}",
                    todo="convert to ONNX only",
                )
            source = _MirrorPadding(sides, name=f"{name}_pad")(source)
        return keras.layers.MaxPooling2D(layer.size, layer.stride, "same" if same else "valid", name=name)(source)


def _same_padding(size: int, window: int, stride: int) -> tuple[int, int]:
    """Return what TensorFlow's `SAME` pads before and after, along one axis."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def _pool_padding(size: int, out: int, layer: MaxPool) -> tuple[int, int]:
    """Return the cells before and after that pooling windows really cover, along one axis."""
    before = layer.padding // 2
    return before, max(0, (out - 1) * layer.stride + layer.size - before - size)


class _MirrorPadding(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Pads rows and columns with their mirror image, edge included.

    A window reaches at most half its size over an edge, so it holds the mirrored cells themselves as well and its
    maximum is as with minus infinity, which would ruin the value range of a quantized network.
    """

    def __init__(self, sides: list[tuple[int, int]], *, name: str) -> None:
        super().__init__(name=name)
        self._sides = sides

    def call(self, inputs: Value) -> Value:
        """Return the padded value."""
        return keras.ops.pad(inputs, [(0, 0), *self._sides, (0, 0)], mode="symmetric")


class _NearestUpsampling(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Resizes to a whole multiple, as one operator; Keras' own layer would become a chain of reshapes and tiles."""

    def __init__(self, height: int, width: int, *, name: str) -> None:
        super().__init__(name=name)
        self._size = (height, width)

    def call(self, inputs: Value) -> Value:
        """Return the enlarged value."""
        return keras.ops.image.resize(inputs, self._size, interpolation="nearest")


class _Reorder(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Reshape, transpose, reshape, with the batch axis kept as it is."""

    def __init__(self, split: tuple[int, ...], order: tuple[int, ...], merged: tuple[int, ...], *, name: str) -> None:
        super().__init__(name=name)
        self._split, self._order, self._merged = split, order, merged

    def call(self, inputs: Value) -> Value:
        """Return the reordered value."""
        cells = keras.ops.reshape(inputs, (-1, *self._split))
        turned = keras.ops.transpose(cells, (0, *(axis + 1 for axis in self._order)))
        return keras.ops.reshape(turned, (-1, *self._merged))


def _reorg(name: str, layer: Reorg, shape: Shape, source: Value) -> Value:
    channels, height, width = shape
    stride = layer.stride
    planar = keras.layers.Permute((3, 1, 2), name=f"{name}_planar")(source)
    merged = (channels * stride**2, height // stride, width // stride)
    split = (channels // stride**2, height, stride, width, stride)
    turned = _Reorder(split, (2, 4, 0, 1, 3), merged, name=f"{name}_turned")(planar)
    return keras.layers.Permute((2, 3, 1), name=name)(turned)


def _route(name: str, layer: Route, sources: list[Value]) -> Value:
    if layer.groups > 1:
        sources = [_group(layer, one) for one in sources]
    return sources[0] if len(sources) == 1 else keras.layers.Concatenate(axis=-1, name=name)(sources)


def _group(layer: Route, source: Value) -> Value:
    count = source.shape[-1] // layer.groups
    return source[..., layer.group * count : (layer.group + 1) * count]


def _depthwise_kernel(kernel: FloatArray, multiplier: int) -> FloatArray:
    """Turn (filters, 1, size, size) into Keras' (size, size, channels, multiplier)."""
    filters, _, size, _ = kernel.shape
    turned: FloatArray = kernel.reshape(filters // multiplier, multiplier, size, size).transpose(2, 3, 0, 1)
    return turned


def _activate(name: str, activation: Activation, value: Value) -> Value:
    output = f"{name}_{activation}"
    match activation:
        case "linear":
            return value
        case "leaky":
            return keras.layers.LeakyReLU(negative_slope=LEAKY_SLOPE, name=output)(value)
        case "relu":
            return keras.layers.ReLU(name=output)(value)
        case "relu6":
            return keras.layers.ReLU(max_value=6.0, name=output)(value)
        case "logistic":
            return keras.layers.Activation("sigmoid", name=output)(value)
