"""A small network with leaky ReLUs, converted by TensorFlow, and the stand-in for the Edge TPU compiler on the PATH."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

STANDIN = Path(__file__).parent / "standin_edgetpu_compiler.py"


class Images:
    """Seeded noise as inputs of one size."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape

    def __len__(self) -> int:
        return 8

    def __iter__(self) -> Iterator[np.ndarray]:
        random = np.random.default_rng(3)
        return (random.normal(size=self._shape).astype(np.float32) for _ in range(len(self)))


@pytest.fixture(scope="session")
def float_file() -> Callable[[Any], bytes]:
    """Return a function that converts a Keras network to a float `.tflite` file."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    def convert(model: Any) -> bytes:
        function = tf.function(lambda image: model(image, training=False)).get_concrete_function(
            tf.TensorSpec(model.input.shape, tf.float32)
        )
        data: bytes = tf.lite.TFLiteConverter.from_concrete_functions(
            [convert_variables_to_constants_v2(function)], model
        ).convert()
        return data

    return convert


@pytest.fixture(scope="session")
def leaky_network(float_file: Callable[[Any], bytes]) -> bytes:
    """Return a float network of three seeded convolutions with a leaky ReLU after two."""
    import keras

    keras.utils.set_random_seed(7)
    image = keras.Input((16, 16, 3), batch_size=1)
    value = keras.layers.LeakyReLU(negative_slope=0.1)(keras.layers.Conv2D(8, 3, padding="same")(image))
    value = keras.layers.MaxPooling2D()(value)
    value = keras.layers.LeakyReLU(negative_slope=0.2)(keras.layers.Conv2D(12, 3, padding="same")(value))
    return float_file(keras.Model(image, keras.layers.Conv2D(5, 1)(value)))


@pytest.fixture(scope="session")
def images() -> Images:
    """Return pictures for the leaky network."""
    return Images((1, 16, 16, 3))


@pytest.fixture
def quantized(images: Images, tmp_path: Path) -> Callable[[bytes], bytes]:
    """Return a function that makes a float file of one picture int8, calibrated on seeded noise."""
    from skerry_converters.families.tf_quantizer import quantize_file

    def quantize(data: bytes) -> bytes:
        path = tmp_path / "float.tflite"
        path.write_bytes(data)
        return quantize_file(path, "int8", images, where="a test")

    return quantize


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a function that puts the stand-in on the PATH with a way to behave; it gives the file of its arguments."""

    def install(behaviour: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        arguments = tmp_path / "arguments.json"
        program = folder / "edgetpu_compiler"
        program.write_text(
            f'#!/bin/sh\necho $$ >"{tmp_path}/pid"\nexport STANDIN="{behaviour}" STANDIN_ARGUMENTS="{arguments}"\n'
            f'exec "{sys.executable}" "{STANDIN}" "$@"\n'
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return arguments

    return install
