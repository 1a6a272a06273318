"""Leaky ReLU in other operators: the same bits in float, and a full-int8 file that the Edge TPU takes whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skerry_converters.edgetpu.predict import explain
from skerry_edge.backends.base import BackendOptions
from skerry_edge.backends.registry import open_backend
from skerry_edge.foundation.errors import ConfigError

SLOPE = 0.1


def _leaky(value: Any, name: str) -> Any:
    import keras

    return keras.layers.LeakyReLU(negative_slope=SLOPE, name=name)(value)


def _prelu(value: Any, name: str) -> Any:
    from skerry_converters.edgetpu.leaky import leaky_as_prelu

    return leaky_as_prelu(value, SLOPE, name)


def _maximum(value: Any, name: str) -> Any:
    from skerry_converters.edgetpu.leaky import leaky_as_maximum

    return leaky_as_maximum(value, SLOPE, name)


REWRITES = {"PRELU": _prelu, "MAXIMUM": _maximum}


@pytest.mark.parametrize("rewrite", REWRITES)
def test_in_float_every_bit_is_the_same(leaky_network: Callable[..., Any], rewrite: str) -> None:
    images = np.random.default_rng(1).normal(scale=3, size=(6, 1, 16, 16, 3)).astype(np.float32)
    plain, rewritten = leaky_network(_leaky), leaky_network(REWRITES[rewrite])

    for image in images:
        np.testing.assert_array_equal(rewritten(image).numpy(), plain(image).numpy())


@pytest.mark.parametrize("rewrite", REWRITES)
def test_in_int8_every_operator_is_mapped(
    leaky_network: Callable[..., Any], quantized: Callable[[Any], bytes], tmp_path: Path, rewrite: str
) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(quantized(leaky_network(REWRITES[rewrite])))

    found = explain(path)

    assert [one.name for one in found.operators if not one.mapped] == []
    assert rewrite in {one.name for one in found.operators}
    assert "LEAKY_RELU" not in {one.name for one in found.operators}


def test_without_the_rewrite_most_of_the_network_stays_on_the_cpu(
    leaky_network: Callable[..., Any], quantized: Callable[[Any], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(quantized(leaky_network(_leaky)))

    found = explain(path)

    assert [one.mapped for one in found.operators] == [True, False, False, False, False, False]
    assert found.mapped_macs_share < 0.5


@pytest.mark.parametrize("rewrite", REWRITES)
def test_the_int8_file_computes_what_the_float_network_computes(
    leaky_network: Callable[..., Any], quantized: Callable[[Any], bytes], tmp_path: Path, rewrite: str
) -> None:
    model = leaky_network(REWRITES[rewrite])
    path = tmp_path / "net.tflite"
    path.write_bytes(quantized(model))
    backend = open_backend("litert", path, BackendOptions(threads=1))
    given, made = backend.inputs[0], backend.outputs[0]
    image = np.random.default_rng(3).normal(size=(1, 16, 16, 3)).astype(np.float32)
    stored = np.clip(np.rint(image / given.scale + given.zero_point), -128, 127).astype(np.int8)

    (output,) = backend.infer((stored,))
    backend.close()

    real = (output.astype(np.float32) - made.zero_point) * made.scale
    want = model(image).numpy()
    noise_db = 10 * np.log10(np.square(want).sum() / np.square(real - want).sum())
    assert noise_db > 20


def test_a_slope_beyond_one_cannot_be_a_maximum() -> None:
    import keras

    from skerry_converters.edgetpu.leaky import leaky_as_maximum

    with pytest.raises(ConfigError, match=r"slope 1\.5"):
        leaky_as_maximum(keras.Input((8, 8, 3)), 1.5, "x")


def test_a_vector_cannot_have_a_prelu_for_the_edge_tpu() -> None:
    import keras

    from skerry_converters.edgetpu.leaky import leaky_as_prelu

    with pytest.raises(ConfigError, match="four dimensions"):
        leaky_as_prelu(keras.Input((8,)), 0.1, "x")
