"""Whether TensorFlow Lite Micro computes what LiteRT computes, in the last bits of the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skerry_converters.tflite_file.model import Subgraph, Tensor
from skerry_edge.backends.base import Array
from skerry_edge.foundation.errors import ConfigError

LIMIT_LSB = 2
"""The most that any output may differ, in steps of its own quantization."""
INTEGER_TYPES = ("INT8", "UINT8", "INT16")
"""The types that a network for microcontrollers has at its inputs and outputs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parity:
    """How far the two are apart over ``runs``: the largest difference, and the share of values that differ at all.

    ``varied`` is False where every run gave the same outputs, which proves little.
    """

    runs: int
    largest_lsb: int
    differing_share: float
    varied: bool

    @property
    def holds(self) -> bool:
        """Whether no value differs by more than the limit."""
        return self.largest_lsb <= LIMIT_LSB


def seeded_inputs(graph: Subgraph, runs: int, seed: int) -> tuple[Array, ...]:
    """Return inputs for a graph, each with one row a run: noise around the zero point, from quiet to full range.

    The same seed gives the same values.
    """
    generator = np.random.default_rng(seed)
    return tuple(_noise(graph.tensors[index], runs, generator) for index in graph.inputs)


def checked_inputs(graph: Subgraph, inputs: Sequence[Array], *, where: str) -> tuple[Array, ...]:
    """Return ``inputs`` where each has one row a run of what the graph takes. Raises ConfigError where not."""
    wanted = [(graph.tensors[index].type.lower(), graph.tensors[index].shape) for index in graph.inputs]
    given = [(str(one.dtype), one.shape[1:]) for one in inputs]
    if given != wanted or len({len(one) for one in inputs}) != 1 or not len(inputs[0]):
        found = f"{[(str(one.dtype), one.shape) for one in inputs]}, one row a run of {wanted} is needed"
        raise ConfigError("the inputs to compare on do not fit the network", where=where, found=found)
    return tuple(inputs)


def compare(found: Sequence[Array], expected: Sequence[Array]) -> Parity:
    """Compare outputs, each with one row a run. Raises ValueError where their shapes differ."""
    if [one.shape for one in found] != [one.shape for one in expected]:
        raise ValueError(f"shapes {[one.shape for one in found]} and {[one.shape for one in expected]}")
    apart = [np.abs(one.astype(np.int64) - want.astype(np.int64)) for one, want in zip(found, expected, strict=True)]
    values = sum(one.size for one in apart)
    return Parity(
        runs=len(expected[0]),
        largest_lsb=max(int(one.max(initial=0)) for one in apart),
        differing_share=sum(int(np.count_nonzero(one)) for one in apart) / max(1, values),
        varied=any(bool((one != one[:1]).any()) for one in expected),
    )


def _noise(tensor: Tensor, runs: int, generator: np.random.Generator) -> Array:
    bounds = np.iinfo(np.dtype(tensor.type.lower()))
    zero = tensor.quantization.zero_points[0] if tensor.quantization and tensor.quantization.zero_points else 0
    noise: Array = np.empty((runs, *tensor.shape), bounds.dtype)
    for run in range(runs):
        loudness = (run + 1) / runs * (bounds.max - bounds.min)
        row = zero + generator.uniform(-loudness, loudness, tensor.shape)
        noise[run] = np.clip(np.rint(row), bounds.min, bounds.max)
    return noise
