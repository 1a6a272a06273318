"""A float network file as the methods here see it: multiplying operators, and where a channel's scale may move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Weights:
    """A multiplying operator's numbers, float32.

    ``kernel`` is (filters, channels of one group, height, width) whatever the file's own order; a matrix product has
    height and width 1. ``bias`` is (filters,), zeros where the file has none.
    """

    kernel: FloatArray
    bias: FloatArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Multiplier:
    """A convolution or matrix product with constant weights.

    ``name`` is what the runtime's quantizer knows it by; ``input`` and ``output`` are the tensors that it reads and
    makes, before any activation. A depthwise convolution has as many ``groups`` as channels. ``channel_axis`` is where
    input and output have their channels: 1 or -1. ``macs`` are the multiply-accumulates of one run. ``has_bias`` says
    that a bias can be written, ``may_stay_float`` that the quantizer can leave it in float among integers.
    """

    name: str
    input: str
    output: str
    weights: Weights
    groups: int
    channel_axis: int
    macs: int
    has_bias: bool = True
    may_stay_float: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Two multipliers between which the scale of a channel may move without any change of the outputs.

    The filters of ``first`` are the input channels of ``second``, nothing else reads what lies between, and it treats
    each channel alone and positive factors as factors: ReLU, leaky ReLU, PReLU, max-pool, nearest-neighbour resize.
    """

    first: str
    second: str


class FloatGraph(Protocol):
    """A float network file."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def multipliers(self) -> Sequence[Multiplier]:
        """The multiplying operators with constant weights, in the file's order."""
        ...

    @property
    def links(self) -> Sequence[Link]:
        """Where scales may move."""
        ...

    @property
    def slopes(self) -> Mapping[str, float]:
        """The tensors whose ranges a quantizer takes, each with the slope below 0 of the one activation that reads it.

        1.0 where no activation reads the tensor, or something else reads it too; 0.0 for ReLU, 0.1 for Darknet's leaky.
        """
        ...

    def rewritten(self, weights: Mapping[str, Weights], path: Path) -> FloatGraph:
        """Write the network with other numbers for some multipliers, by name, to ``path`` and return it."""
        ...


class Watch(Protocol):
    """Runs a float file and gives the values of tensors inside it."""

    def __call__(
        self, path: Path, tensors: Sequence[str], samples: Iterable[FloatArray]
    ) -> Iterator[Sequence[FloatArray]]:
        """Yield, for each sample in turn, the values of ``tensors``; one sample's values are in memory at a time."""
        ...
