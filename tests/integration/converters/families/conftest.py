"""A small Darknet network of every kind of layer, calibration samples, and each target made from it once."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from skerry_converters.darknet.source import load_darknet
from skerry_converters.families.apart import make_apart
from skerry_converters.families.base import Emitted
from skerry_converters.families.registry import TARGETS
from skerry_converters.model import Thresholds
from skerry_converters.sources.base import SourceModel
from skerry_converters.sources.darknet import DarknetSource
from skerry_edge.backends.registry import open_backend
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.vision.normalise import stored

CFG = """\
[net]
width=64
height=64
channels=3
[convolutional]
filters=8
size=3
stride=2
pad=1
activation=leaky
[convolutional]
filters=8
size=3
stride=1
pad=1
groups=8
activation=leaky
[convolutional]
filters=8
size=1
activation=linear
[shortcut]
from=-3
activation=linear
[maxpool]
size=2
stride=2
[convolutional]
filters=16
size=3
stride=2
pad=1
activation=leaky
[convolutional]
filters=21
size=1
activation=linear
[yolo]
mask=0,1,2
anchors=10,14, 23,27, 37,58, 5,7, 9,9, 12,12
classes=2
num=6
[route]
layers=-3
[upsample]
stride=2
[route]
layers=-1,4
[convolutional]
filters=21
size=1
activation=linear
[yolo]
mask=3,4,5
anchors=10,14, 23,27, 37,58, 5,7, 9,9, 12,12
classes=2
num=6
"""
FILTERS = ((8, 27), (8, 9), (8, 8), (16, 72), (21, 16), (21, 24))
"""Filters and inputs of each convolution."""


class SeededSamples:
    """Smooth random pictures; the same at every iteration."""

    def __init__(self, shape: tuple[int, ...], count: int = 12) -> None:
        self._shape = shape
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[np.ndarray]:
        random = np.random.default_rng(7)
        return (random.random(self._shape, dtype=np.float32) for _ in range(self._count))


@dataclasses.dataclass(frozen=True)
class Outputs:
    """What a source and a file made of it give for one input, as real values in the source's layouts."""

    expected: list[np.ndarray]
    found: list[np.ndarray]

    def sqnr_db(self) -> float:
        """The worst ratio of signal to quantization noise over the outputs."""
        pairs = zip(self.expected, self.found, strict=True)
        return min(10 * np.log10((want**2).sum() / max(((got - want) ** 2).sum(), 1e-30)) for want, got in pairs)


def real(values: np.ndarray, tensor: Tensor) -> np.ndarray:
    if tensor.quantization is None:
        return values.astype(np.float32)
    return (values.astype(np.float32) - tensor.quantization.zero_point) * np.float32(tensor.quantization.scale)


@pytest.fixture(scope="session")
def samples() -> Callable[..., SeededSamples]:
    return SeededSamples


@pytest.fixture(scope="session")
def compare() -> Callable[[SourceModel, Emitted], Outputs]:
    """Return a function that runs source and file on one input that was not calibrated with."""

    def compared(source: SourceModel, emitted: Emitted) -> Outputs:
        given, taken = source.facts.inputs[0], emitted.inputs[0]
        image = np.random.default_rng(99).random(given.shape, dtype=np.float32)
        entering = stored(image.astype(np.float64), given)
        expected = [
            real(one, tensor) for one, tensor in zip(source.evaluate((entering,)), source.facts.outputs, strict=True)
        ]
        moved = image.transpose([given.layout.index(axis) for axis in taken.layout]).astype(np.float64)
        name = "litert" if emitted.runnable.suffix == ".tflite" else TARGETS[emitted.target].backend
        backend = open_backend(name, emitted.runnable)
        results = backend.infer((np.ascontiguousarray(stored(moved, taken)),))
        backend.close()
        found = [
            real(one, tensor).transpose([tensor.layout.index(axis) for axis in wanted.layout])
            for one, tensor, wanted in zip(results, emitted.outputs, source.facts.outputs, strict=True)
        ]
        return Outputs(expected=expected, found=found)

    return compared


@pytest.fixture(scope="session")
def darknet(tmp_path_factory: pytest.TempPathFactory) -> DarknetSource:
    folder = tmp_path_factory.mktemp("darknet")
    random = np.random.default_rng(3)
    blocks = [struct.pack("<iiiq", 0, 2, 0, 0)]
    for filters, inputs in FILTERS:
        blocks.append(random.normal(0, 0.1, filters).astype("<f4").tobytes())
        blocks.append(random.normal(0, (2 / inputs) ** 0.5, (filters, inputs)).astype("<f4").tobytes())
    files = {"net.cfg": CFG.encode(), "net.weights": b"".join(blocks), "net.names": b"cat\ndog\n"}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    paths = [folder / name for name in files]
    return DarknetSource(model=load_darknet(*paths, resize=None, thresholds=Thresholds()))


@pytest.fixture(scope="session")
def made(darknet: DarknetSource, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Emitted]:
    """Return a function that makes a target from the Darknet network, once; it skips what cannot be made here."""
    finished: dict[str, Emitted] = {}

    def make(name: str) -> Emitted:
        reason = TARGETS[name].unavailable_reason(darknet.facts)
        if reason:
            pytest.skip(reason)
        if name not in finished:
            calibration = SeededSamples(darknet.facts.inputs[0].shape)
            finished[name] = make_apart(name, darknet, calibration, tmp_path_factory.mktemp(name))
        return finished[name]

    return make


@pytest.fixture(scope="session")
def keras_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small classifier as a `.keras` file."""
    keras = pytest.importorskip("keras", reason="the extra 'convert' is not installed")
    layers = keras.layers
    keras.utils.set_random_seed(5)
    picture = keras.Input((32, 32, 3), name="picture")
    value = layers.Conv2D(8, 3, strides=2, padding="same")(picture)
    value = layers.BatchNormalization()(value)
    value = layers.ReLU()(value)
    value = layers.DepthwiseConv2D(3, padding="same")(value)
    value = layers.LeakyReLU(negative_slope=0.2)(layers.Conv2D(16, 1)(value))
    value = layers.Dense(5)(layers.GlobalAveragePooling2D()(value))
    path = tmp_path_factory.mktemp("keras") / "net.keras"
    keras.Model(picture, value).save(path)
    return path
