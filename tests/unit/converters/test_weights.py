"""A weights file must hold exactly the floats that the cfg needs; batch norm is folded as Darknet applies it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skerry_converters.darknet.build import DarknetNetwork
from skerry_converters.darknet.weights import read_weights
from skerry_converters.layers import Weights
from skerry_converters.shapes import infer_shapes
from skerry_edge.foundation.errors import DataError, ReachError

Build = Callable[[str], DarknetNetwork]
Read = Callable[[bytes], Weights]
HEADER = struct.pack("<iiiq", 0, 2, 0, 32013312)
OLD_HEADER = struct.pack("<iiii", 0, 1, 0, 32013312)
NEEDED = 2 * 4 + 2 * 27 + 6 + 6 * 2


@pytest.fixture
def read(build: Build, tmp_path: Path) -> Read:
    """Return a function that reads a weights file's bytes for a network with one batch-normalised convolution."""
    network = build(
        "[convolutional]\nbatch_normalize=1\nfilters=2\nsize=3\n[convolutional]\nfilters=6\n"
        "[region]\nanchors=1,1\nclasses=1\n"
    ).network

    def weights(content: bytes) -> Weights:
        path = tmp_path / "tiny.weights"
        path.write_bytes(content)
        return read_weights(path, network, infer_shapes(network))[1]

    return weights


def floats(count: int = NEEDED) -> np.ndarray:
    return np.random.default_rng(7).uniform(0.5, 1.5, count).astype("<f4")


@pytest.mark.parametrize("header", [HEADER, OLD_HEADER, struct.pack("<iiii", 2000, 1, 0, 0)])
def test_both_headers_lead_to_the_same_numbers(read: Read, header: bytes) -> None:
    weights = read(header + floats().tobytes())
    assert np.array_equal(weights[1].kernel, floats()[-12:].reshape(6, 2, 1, 1))
    assert np.array_equal(weights[1].bias, floats()[-18:-12])


def test_batch_norm_is_folded_with_the_epsilon_beside_the_deviation(read: Read) -> None:
    numbers = floats()
    # A variance this small tells sqrt(variance) + 1e-6 from sqrt(variance + 1e-6).
    numbers[6:8] = 1e-8
    bias, scale, mean, variance = numbers[:8].astype(np.float64).reshape(4, 2)
    factor = scale / (np.sqrt(variance) + 1e-6)
    folded = read(HEADER + numbers.tobytes())[0]
    assert np.allclose(folded.bias, bias - mean * factor, rtol=1e-6)
    assert np.allclose(folded.kernel, numbers[8:62].reshape(2, 3, 3, 3) * factor.reshape(2, 1, 1, 1), rtol=1e-6)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["no Darknet weights file", "0 bytes"]),
        (b"\0" * 11, ["no Darknet weights file"]),
        (HEADER, ["is truncated", f"needs {NEEDED} floats", "found 0 floats"]),
        (HEADER[:14], ["is truncated", "found 0 floats"]),
        (HEADER + floats(NEEDED - 1).tobytes(), ["is truncated", f"{NEEDED - 1} floats"]),
        (HEADER + floats().tobytes()[:-1], ["is truncated", f"{NEEDED - 1} floats and 3 bytes"]),
        (HEADER + floats(NEEDED + 1).tobytes(), ["is longer", f"needs {NEEDED} floats", f"{NEEDED + 1} floats"]),
        (HEADER + floats().tobytes() + b"\0", ["is longer", f"{NEEDED} floats and 1 bytes"]),
    ],
)
def test_a_file_of_another_size_is_refused_with_both_counts(read: Read, content: bytes, words: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        read(content)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("place", [0, 10, NEEDED - 1])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_with_their_layer(read: Read, place: int, value: float) -> None:
    numbers = floats()
    numbers[place] = value
    with pytest.raises(DataError, match=f"layer {int(place > 62)} hold values that are not finite"):
        read(HEADER + numbers.tobytes())


def test_a_negative_variance_is_refused(read: Read) -> None:
    numbers = floats()
    numbers[7] = -0.5
    with pytest.raises(DataError, match="layer 0 has a negative batch-norm variance"):
        read(HEADER + numbers.tobytes())


def test_folding_that_overflows_is_refused(read: Read) -> None:
    numbers = floats()
    numbers[2:4], numbers[6:8] = 3e38, 0.0
    with pytest.raises(DataError, match="folding batch norm of layer 0 overflows"):
        read(HEADER + numbers.tobytes())


def test_a_weights_file_that_is_not_there_is_a_reach_error(build: Build, tmp_path: Path) -> None:
    network = build("[convolutional]\nfilters=6\n[region]\nanchors=1,1\nclasses=1\n").network
    with pytest.raises(ReachError, match="No such file"):
        read_weights(tmp_path / "none.weights", network, infer_shapes(network))
