"""A float graph in memory: convolutions of one pixel, so that numpy can compute it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from skerry_converters.accuracy.float_graph import Link, Multiplier, Weights


def multiplier(name: str, kernel: np.ndarray, bias: np.ndarray, *, reads: str, groups: int = 1, macs: int = 100):
    return Multiplier(
        name=name,
        input=reads,
        output=name,
        weights=Weights(kernel=kernel.astype(np.float32), bias=bias.astype(np.float32)),
        groups=groups,
        channel_axis=1,
        macs=macs,
    )


class ChainGraph:
    """One convolution of one pixel after the other, each followed by an activation of the given slope."""

    def __init__(self, multipliers: Sequence[Multiplier], slope: float = 0.1, path: Path = Path("net.onnx")) -> None:
        self.path = path
        self.multipliers = tuple(multipliers)
        self.links = tuple(Link(first=one.name, second=two.name) for one, two in itertools.pairwise(multipliers))
        self.slopes = {one.name: slope for one in multipliers[:-1]} | {multipliers[-1].name: 1.0}
        self._slope = slope

    def rewritten(self, weights: Mapping[str, Weights], path: Path) -> ChainGraph:
        changed = [
            Multiplier(
                name=one.name,
                input=one.input,
                output=one.output,
                weights=weights.get(one.name, one.weights),
                groups=one.groups,
                channel_axis=one.channel_axis,
                macs=one.macs,
            )
            for one in self.multipliers
        ]
        return ChainGraph(changed, self._slope, path)

    def run(self, sample: np.ndarray) -> dict[str, np.ndarray]:
        """Compute all tensors for an input of (1, channels, height, width)."""
        values = {self.multipliers[0].input: sample.astype(np.float64)}
        for one in self.multipliers:
            value = values[one.input]
            if one.input in self.slopes:
                slope = self.slopes[one.input]
                value = np.where(value > 0, value, slope * value)
            filters, channels, *_ = one.weights.kernel.shape
            grouped = value.reshape(one.groups, channels, -1)
            kernel = one.weights.kernel[:, :, 0, 0].astype(np.float64).reshape(one.groups, -1, channels)
            made = np.einsum("gfc,gcp->gfp", kernel, grouped).reshape(filters, -1)
            values[one.output] = (made + one.weights.bias[:, None]).reshape(1, filters, *value.shape[2:])
        return values

    def watch(
        self, path: Path, tensors: Sequence[str], samples: Iterable[np.ndarray]
    ) -> Iterator[Sequence[np.ndarray]]:
        assert path == self.path
        for sample in samples:
            values = self.run(sample)
            yield [values[name].astype(np.float32) for name in tensors]


@pytest.fixture
def lopsided() -> ChainGraph:
    """A pointwise, a depthwise and a pointwise layer whose channels differ in size by a thousand."""
    random = np.random.default_rng(3)
    sizes = np.array([1000.0, 1.0, 0.03, 30.0])
    first = random.normal(size=(4, 3, 1, 1)) * sizes[:, None, None, None]
    middle = random.normal(size=(4, 1, 1, 1)) + 2
    last = random.normal(size=(2, 4, 1, 1)) / sizes[None, :, None, None]
    return ChainGraph(
        [
            multiplier("first", first, random.normal(size=4) * sizes, reads="x"),
            multiplier("middle", middle, random.normal(size=4) * sizes, reads="first", groups=4, macs=10),
            multiplier("last", last, random.normal(size=2), reads="middle"),
        ]
    )


@pytest.fixture
def samples() -> list[np.ndarray]:
    random = np.random.default_rng(4)
    return [random.normal(size=(1, 3, 5, 5)).astype(np.float32) for _ in range(6)]
