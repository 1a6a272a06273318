"""The shape of every layer's output, or a clear word on which layer does not fit and where it stands."""

from __future__ import annotations

from skerry_converters.layers import (
    NETWORK_INPUT,
    Convolution,
    Dropout,
    Layer,
    MaxPool,
    Network,
    Region,
    Reorg,
    Route,
    Shape,
    Shortcut,
    Upsample,
    Yolo,
)
from skerry_edge.foundation.errors import ConfigError

MAX_VALUES = 1 << 27
"""The most values that one layer may give: 512 MiB as float32, far above any network for a small device."""


def infer_shapes(network: Network) -> tuple[Shape, ...]:
    """Return each layer's output shape; a head has the shape that it reads.

    Raises ConfigError naming layer, sizes and place where the layers do not fit each other.
    """
    shapes: list[Shape] = []
    for index, layer in enumerate(network.layers):
        sources = [_source(network, shapes, index, layer, one) for one in layer.inputs]
        shape = _shape(index, layer, sources)
        if min(shape) < 1:
            raise _misfit(index, layer, f"nothing is left of an input of {sources[0]}")
        if shape.channels * shape.height * shape.width > MAX_VALUES:
            raise _misfit(index, layer, f"an output of {shape} is larger than {MAX_VALUES} values")
        shapes.append(shape)
    if not network.heads:
        raise ConfigError(
            "the network has no detection layer", where=network.where, todo="end it with a region or yolo layer"
        )
    return tuple(shapes)


def _source(network: Network, shapes: list[Shape], index: int, layer: Layer, source: int) -> Shape:
    if source == NETWORK_INPUT:
        return network.input
    if not 0 <= source < index:
        raise _misfit(index, layer, f"it reads layer {source}, which does not come before it")
    if isinstance(network.layers[source], Region | Yolo):
        raise _misfit(index, layer, f"it reads layer {source}, a detection layer, which has no output for others")
    return shapes[source]


def _shape(index: int, layer: Layer, sources: list[Shape]) -> Shape:
    match layer:
        case Convolution():
            shape = _convolution(index, layer, sources[0])
        case MaxPool():
            shape = _max_pool(index, layer, sources[0])
        case Route():
            shape = _route(index, layer, sources)
        case Shortcut():
            shape = _shortcut(index, layer, sources)
        case Reorg():
            shape = _reorg(index, layer, sources[0])
        case Upsample():
            shape = Shape(sources[0].channels, sources[0].height * layer.stride, sources[0].width * layer.stride)
        case Dropout():
            shape = sources[0]
        case Region() | Yolo():
            shape = _head(index, layer, sources[0])
        case _:
            raise TypeError(f"no shape rule for {type(layer).__name__}")
    return shape


def _convolution(index: int, layer: Convolution, source: Shape) -> Shape:
    for what, count in (("input channels", source.channels), ("filters", layer.filters)):
        if count % layer.groups:
            raise _misfit(index, layer, f"{count} {what} do not divide into {layer.groups} groups")

    def along(size: int) -> int:
        return (size + 2 * layer.padding - layer.size) // layer.stride + 1

    return Shape(layer.filters, along(source.height), along(source.width))


def _max_pool(index: int, layer: MaxPool, source: Shape) -> Shape:
    if layer.padding >= layer.size:
        raise _misfit(index, layer, f"a padding of {layer.padding} leaves windows of size {layer.size} without input")

    def along(size: int) -> int:
        return (size + layer.padding - layer.size) // layer.stride + 1

    return Shape(source.channels, along(source.height), along(source.width))


def _route(index: int, layer: Route, sources: list[Shape]) -> Shape:
    first = sources[0]
    for other in sources[1:]:
        if (other.height, other.width) != (first.height, first.width):
            raise _misfit(
                index, layer, f"sizes {first.width}x{first.height} and {other.width}x{other.height} do not fit"
            )
    for source in sources:
        if source.channels % layer.groups:
            raise _misfit(index, layer, f"{source.channels} channels do not divide into {layer.groups} groups")
    return Shape(sum(source.channels for source in sources) // layer.groups, first.height, first.width)


def _shortcut(index: int, layer: Shortcut, sources: list[Shape]) -> Shape:
    if sources[0] != sources[1]:
        raise _misfit(index, layer, f"shapes {sources[0]} and {sources[1]} differ and cannot be added")
    return sources[0]


def _reorg(index: int, layer: Reorg, source: Shape) -> Shape:
    stride = layer.stride
    if source.height % stride or source.width % stride or source.channels % (stride * stride):
        raise _misfit(index, layer, f"{source} does not divide by stride {stride} (channels: by {stride * stride})")
    return Shape(source.channels * stride * stride, source.height // stride, source.width // stride)


def _head(index: int, layer: Region | Yolo, source: Shape) -> Shape:
    if source.channels != layer.channels:
        anchors = layer.channels // (5 + layer.classes)
        raise _misfit(
            index,
            layer,
            f"{anchors} anchors and {layer.classes} classes need {layer.channels} channels, "
            f"the layer before gives {source.channels}",
        )
    return source


def _misfit(index: int, layer: Layer, found: str) -> ConfigError:
    return ConfigError(f"layer {index} {layer.kind}: {found}", where=layer.where or None)
