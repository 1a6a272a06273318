"""The network of a wake word: features in as its tensor wants them, and the right kind of network or none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skerry_edge.audio.network import StreamingNetwork
from skerry_edge.backends.base import Array, ModelFileError, TensorInfo


class Recorder:
    """A backend that keeps what it is given and answers the same each time."""

    def __init__(self, dtype: str = "int8", scale: float = 0.1, zero_point: int = -128) -> None:
        self.inputs = (
            TensorInfo(name="in", shape=(1, 3, 40), dtype=np.dtype(dtype), scale=scale, zero_point=zero_point),
        )
        self.outputs = (TensorInfo(name="out", shape=(1, 1), dtype=np.dtype("uint8"), scale=1 / 256, zero_point=0),)
        self.given: list[Array] = []

    def infer(self, tensors: tuple[Array, ...]) -> tuple[Array, ...]:
        self.given += tensors
        return (np.array([[64]], np.uint8),)

    def close(self) -> None:
        """Nothing is held."""


def test_features_are_quantized_as_the_model_says() -> None:
    backend = Recorder()
    network = StreamingNetwork(backend, "here")
    features = np.linspace(0.0, 25.5, 120).reshape(3, 40)
    assert network.probability(network.quantization.apply(features)) == 0.25
    expected = np.round(features / 0.1 - 128)
    np.testing.assert_array_equal(backend.given[0][0], expected.astype(np.int8))


@pytest.mark.parametrize(("dtype", "zero_point", "top"), [("int8", -128, 127), ("uint8", 0, 255)])
def test_a_feature_beyond_the_range_is_clipped_and_does_not_wrap_to_the_bottom(
    dtype: str, zero_point: int, top: int
) -> None:
    backend = Recorder(dtype=dtype, zero_point=zero_point)
    quantized = StreamingNetwork(backend, "here").quantization.apply(np.full((3, 40), 26.0))
    assert set(quantized.ravel()) == {top}


@pytest.mark.parametrize(
    "change",
    [
        {"shape": (1, 3, 41)},
        {"shape": (2, 3, 40)},
        {"shape": (1, 0, 40)},
        {"shape": (1, 120)},
        {"dtype": np.dtype("float32")},
        {"dtype": np.dtype("int16")},
        {"scale": 0.0},
    ],
    ids=repr,
)
def test_a_network_with_other_tensors_is_refused(change: dict[str, Any]) -> None:
    backend = Recorder()
    given = {"name": "in", "shape": (1, 3, 40), "dtype": np.dtype("int8"), "scale": 0.1, **change}
    backend.inputs = (TensorInfo(**given),)
    with pytest.raises(ModelFileError):
        StreamingNetwork(backend, "here")
