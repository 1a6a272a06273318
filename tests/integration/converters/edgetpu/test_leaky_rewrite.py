"""Leaky ReLU in other operators: the same bits in float, and a full-int8 file that the Edge TPU takes whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skerry_converters.edgetpu.leaky import leaky_as_maximum, leaky_as_prelu
from skerry_converters.edgetpu.predict import explain
from skerry_converters.families.registry import TARGETS
from skerry_converters.sources.opening import open_source
from skerry_converters.tflite_file.reader import parse_tflite, read_tflite
from skerry_edge.backends.base import Array, BackendOptions
from skerry_edge.backends.registry import open_backend

REWRITES = {"PRELU": leaky_as_prelu, "MAXIMUM": leaky_as_maximum}


@pytest.fixture
def run(tmp_path: Path) -> Callable[[bytes, Array], Array]:
    """Return a function that runs a file on one array of real numbers."""

    def computed(data: bytes, values: Array) -> Array:
        path = tmp_path / "run.tflite"
        path.write_bytes(data)
        backend = open_backend("litert", path, BackendOptions(plain_kernels=True))
        given, made = backend.inputs[0], backend.outputs[0]
        if given.scale:
            values = np.clip(np.rint(values / given.scale + given.zero_point), -128, 127).astype(np.int8)
        (output,) = backend.infer((values,))
        backend.close()
        return (output.astype(np.float32) - made.zero_point) * made.scale if made.scale else output

    return computed


def kinds(data: bytes) -> list[str]:
    return [one.name for one in parse_tflite(data, where="a test").main.operators]


@pytest.mark.parametrize("rewrite", REWRITES)
def test_in_float_every_bit_is_the_same(leaky_network: bytes, run: Callable[..., Array], rewrite: str) -> None:
    rewritten = REWRITES[rewrite](leaky_network, where="a test")
    assert kinds(leaky_network).count("LEAKY_RELU") == kinds(rewritten).count(rewrite) == 2
    assert "LEAKY_RELU" not in kinds(rewritten)
    for image in np.random.default_rng(1).normal(scale=3, size=(6, 1, 16, 16, 3)).astype(np.float32):
        np.testing.assert_array_equal(run(rewritten, image), run(leaky_network, image))


@pytest.mark.parametrize("rewrite", REWRITES)
def test_in_int8_every_operator_is_mapped(
    leaky_network: bytes, quantized: Callable[[bytes], bytes], run: Callable[..., Array], tmp_path: Path, rewrite: str
) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(quantized(REWRITES[rewrite](leaky_network, where="a test")))
    found = explain(path)
    assert [one.name for one in found.operators if not one.mapped] == []
    assert rewrite in {one.name for one in found.operators}
    image = np.random.default_rng(3).normal(size=(1, 16, 16, 3)).astype(np.float32)
    want = run(leaky_network, image)
    noise = run(path.read_bytes(), image) - want
    assert 10 * np.log10(np.square(want).sum() / np.square(noise).sum()) > 20


def test_without_the_rewrite_most_of_the_network_stays_on_the_cpu(
    leaky_network: bytes, quantized: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(quantized(leaky_network))
    found = explain(path)
    assert [one.mapped for one in found.operators] == [True, False, False, False, False, False]
    assert found.mapped_macs_share < 0.5


@pytest.mark.parametrize("rewrite", REWRITES)
def test_vectors_are_rewritten_as_well(float_file: Callable[[Any], bytes], run: Callable[..., Array], rewrite: str):
    import keras

    vector = keras.Input((6,), batch_size=1)
    data = float_file(keras.Model(vector, keras.layers.LeakyReLU(negative_slope=0.3)(keras.layers.Dense(4)(vector))))
    values = np.random.default_rng(2).normal(size=(1, 6)).astype(np.float32)
    rewritten = REWRITES[rewrite](data, where="a test")
    assert rewrite in kinds(rewritten)
    np.testing.assert_array_equal(run(rewritten, values), run(data, values))


def test_a_slope_beyond_one_cannot_be_a_maximum(float_file: Callable[[Any], bytes]) -> None:
    import keras

    image = keras.Input((8, 8, 3), batch_size=1)
    data = float_file(keras.Model(image, keras.layers.LeakyReLU(negative_slope=1.5)(image)))
    assert leaky_as_maximum(data, where="a test") is data
    assert kinds(leaky_as_prelu(data, where="a test")) == ["PRELU"]


@pytest.mark.parametrize(("behaviour", "kept"), [("as it should", "PRELU"), ("without PRELU", "MAXIMUM")])
def test_a_compiler_without_prelu_gets_a_maximum(
    leaky_network: bytes, images: Any, standin: Callable[[str], Path], tmp_path: Path, behaviour: str, kept: str
) -> None:
    standin(behaviour)
    network, out = tmp_path / "net.tflite", tmp_path / "out"
    network.write_bytes(leaky_network)
    out.mkdir()
    emitted = TARGETS["edgetpu-int8"].make(open_source(network), images, out)
    found = kinds(emitted.runnable.read_bytes())
    assert found.count(kept) == 2
    assert not {"LEAKY_RELU", "PRELU", "MAXIMUM"} - {kept} & set(found)
    assert read_tflite(emitted.files[0]).main.operators[0].custom_code == "edgetpu-custom-op"
    assert emitted.notes == (f"{len(found)} of {len(found)} operators are mapped",)
