"""The layer list: a network's structure, free of any file format, with its weights held apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Activation = Literal["linear", "leaky", "relu", "relu6", "logistic"]
ACTIVATIONS: tuple[Activation, ...] = ("linear", "leaky", "relu", "relu6", "logistic")
LEAKY_SLOPE = 0.1
"""Darknet's leaky ReLU below zero (`leaky_activate`)."""
NETWORK_INPUT = -1
"""The index that stands for the network's input in a layer's ``inputs``."""


class Shape(NamedTuple):
    """A tensor of one picture: channels, height, width."""

    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        """Return the shape as Darknet prints it: width x height x channels."""
        return f"{self.width}x{self.height}x{self.channels}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One layer: ``inputs`` are the indices of the layers that it reads, ``where`` its place in the source."""

    inputs: tuple[int, ...]
    where: str = field(default="", compare=False)

    @property
    def kind(self) -> str:
        """The layer's name in messages and in the names of emitted nodes."""
        return type(self).__name__.lower()


@dataclass(frozen=True, kw_only=True, slots=True)
class Convolution(Layer):
    """A square convolution with ``padding`` zeros on all sides, then bias, then activation.

    ``batch_normalize`` says that it was trained with batch normalization, which its weights here hold folded.
    """

    filters: int
    size: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    batch_normalize: bool = False
    activation: Activation = "linear"


@dataclass(frozen=True, kw_only=True, slots=True)
class MaxPool(Layer):
    """A square max-pool over ``padding`` extra cells in all, ``padding // 2`` of them left and on top."""

    size: int
    stride: int
    padding: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Route(Layer):
    """Its inputs joined along the channels; of each input only slice ``group`` of ``groups`` equal ones."""

    groups: int = 1
    group: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortcut(Layer):
    """The sum of two inputs of one shape, then activation."""

    activation: Activation = "linear"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reorg(Layer):
    """Space moved into channels in the order of Darknet's `reorg_cpu`, which no framework's own operator has.

    Input c*h*w is read as (c/s², h, s, w, s); output is (s, s, c/s², h, w) read as (c*s², h/s, w/s).
    """

    stride: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Upsample(Layer):
    """Each cell repeated ``stride`` times in both directions (nearest neighbour)."""

    stride: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Dropout(Layer):
    """Nothing, outside training."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Region(Layer):
    """A head of YOLOv2 over num*(5+classes) channels; anchors in grid cells."""

    classes: int
    anchors: tuple[tuple[float, float], ...]
    softmax: bool

    @property
    def channels(self) -> int:
        """The channels that its input must have."""
        return len(self.anchors) * (5 + self.classes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Yolo(Layer):
    """A head of YOLOv3 and later for one scale, with the anchors of its mask in input pixels."""

    classes: int
    anchors_px: tuple[tuple[float, float], ...]
    scale_x_y: float = 1.0

    @property
    def channels(self) -> int:
        """The channels that its input must have."""
        return len(self.anchors_px) * (5 + self.classes)


Head = Region | Yolo


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """A layer list over one input; ``where`` names its source in messages."""

    input: Shape
    layers: tuple[Layer, ...]
    where: str = field(default="", compare=False)

    @property
    def heads(self) -> tuple[Head, ...]:
        """The detection layers in order; what they read are the network's outputs."""
        return tuple(layer for layer in self.layers if isinstance(layer, Region | Yolo))

    @property
    def outputs(self) -> tuple[int, ...]:
        """The indices of the layers whose values are the network's raw outputs, one a head."""
        return tuple(head.inputs[0] for head in self.heads)

    def live_layers(self) -> tuple[int, ...]:
        """Return the indices of the layers that the outputs depend on, in order."""
        live: set[int] = set()
        waiting = list(self.outputs)
        while waiting:
            index = waiting.pop()
            if index != NETWORK_INPUT and index not in live:
                live.add(index)
                waiting += self.layers[index].inputs
        return tuple(sorted(live))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ConvolutionWeights:
    """A convolution's float32 numbers: ``kernel`` (filters, channels/groups, size, size) and ``bias`` (filters)."""

    kernel: FloatArray
    bias: FloatArray


Weights = Mapping[int, ConvolutionWeights]
"""The weights of a network's convolutions by layer index."""
