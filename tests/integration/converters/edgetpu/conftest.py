"""A small network with leaky ReLUs, converted by TensorFlow, and the stand-in for the Edge TPU compiler on the PATH."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SLOPE = 0.1
STANDIN = Path(__file__).parent / "standin_edgetpu_compiler.py"
Activate = Callable[[Any, str], Any]


@pytest.fixture(scope="session")
def leaky_network() -> Callable[[Activate], Any]:
    """Return a function that builds a Keras network of three seeded convolutions with an activation after two."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    def build(activate: Activate) -> Any:
        keras.utils.set_random_seed(7)
        image = keras.Input((16, 16, 3), batch_size=1)
        value = activate(keras.layers.Conv2D(8, 3, padding="same")(image), "first")
        value = keras.layers.MaxPooling2D()(value)
        value = activate(keras.layers.Conv2D(12, 3, padding="same")(value), "second")
        return keras.Model(image, keras.layers.Conv2D(5, 1)(value))

    return build


@pytest.fixture(scope="session")
def quantized() -> Callable[[Any], bytes]:
    """Return a function that converts a Keras network to a full-int8 `.tflite` file, calibrated on seeded noise."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    def convert(model: Any) -> bytes:
        function = tf.function(lambda image: model(image, training=False)).get_concrete_function(
            tf.TensorSpec(model.input.shape, tf.float32)
        )
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [convert_variables_to_constants_v2(function)], model
        )
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        samples = np.random.default_rng(3).normal(size=(8, *model.input.shape)).astype(np.float32)
        converter.representative_dataset = lambda: ([one] for one in samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        data: bytes = converter.convert()
        return data

    return convert


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
