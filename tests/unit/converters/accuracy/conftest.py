"""Float graphs: one in memory, of convolutions of one pixel, so that numpy can compute it, and TFLite files."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skerry_converters.accuracy.float_graph import Link, Multiplier, Weights
from skerry_edge.contracts.manifest import Tensor


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


@pytest.fixture(scope="session")
def to_tflite(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], Path]:
    """Return a function that writes a Keras model of one picture of 16x16 as a float TFLite file."""
    pytest.importorskip("tensorflow", reason="the extra 'convert' is not installed")
    from skerry_converters.families.tflite_files import function_file  # imports TensorFlow
    from skerry_converters.sources.base import Function
    from skerry_converters.sources.functions import freeze, keras_call  # imports TensorFlow

    def write(model: Any) -> Path:
        inputs = (Tensor(name="picture", shape=(1, 16, 16, 3), layout="NHWC"),)
        function = Function(concrete=freeze(keras_call(model), inputs), owner=model, inputs=inputs, outputs=())
        return function_file(function, tmp_path_factory.mktemp("tflite"), where="a test").path

    return write


@pytest.fixture(scope="session")
def chained(to_tflite: Callable[[Any], Path]) -> Path:
    """One multiplying operator of each kind after the other, with all between them that scales may pass."""
    keras = pytest.importorskip("keras", reason="the extra 'convert' is not installed")
    keras.utils.set_random_seed(3)
    layers = keras.layers
    biased = {"bias_initializer": "random_normal"}
    picture = keras.Input((16, 16, 3), batch_size=1)
    value = layers.Conv2D(8, (3, 5), padding="same", **biased)(picture)
    value = layers.MaxPooling2D(2)(layers.LeakyReLU(negative_slope=0.25)(value))
    value = layers.DepthwiseConv2D((3, 2), depth_multiplier=2, **biased)(layers.UpSampling2D(2)(value))
    value = layers.PReLU(shared_axes=[1, 2], alpha_initializer="random_uniform")(value)
    value = layers.ZeroPadding2D(1)(layers.Conv2D(8, (1, 3), groups=4, activation="relu", **biased)(value))
    value = layers.AveragePooling2D(2)(layers.Conv2DTranspose(6, (3, 4), strides=2, **biased)(value))
    value = layers.Conv2D(4, 1, activation="relu", **biased)(value)
    value = layers.Dense(5, activation="relu", **biased)(layers.GlobalAveragePooling2D()(value))
    return to_tflite(keras.Model(picture, layers.Dense(3)(value)))


@pytest.fixture(scope="session")
def branched(to_tflite: Callable[[Any], Path]) -> Path:
    """Convolutions between which no scale may move: each has another reason."""
    keras = pytest.importorskip("keras", reason="the extra 'convert' is not installed")
    keras.utils.set_random_seed(4)
    layers = keras.layers

    def convolution(value: Any, **more: Any) -> Any:
        return layers.Conv2D(4, 1, bias_initializer="random_normal", **more)(value)

    picture = keras.Input((16, 16, 3), batch_size=1)
    branching = convolution(picture)
    limited = convolution(branching, activation="relu6")
    gated = convolution(branching, activation="sigmoid")
    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(convolution(gated))
    leaving = convolution(layers.Concatenate()([convolution(limited), pooled]))
    return to_tflite(keras.Model(picture, [leaving, convolution(layers.Add()([convolution(leaving), gated]))]))


@pytest.fixture(scope="session")
def pictures() -> list[np.ndarray]:
    """Inputs of the TFLite files."""
    random = np.random.default_rng(5)
    return [random.random((1, 16, 16, 3), dtype=np.float32) for _ in range(4)]
