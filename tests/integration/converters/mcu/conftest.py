"""Real networks for microcontrollers, and a board to hold them against."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from skerry_boards.loader import load_board
from skerry_converters.mcu.board import BoardLimits, board_limits
from skerry_edge.audio.manifest import builtin_manifests


@pytest.fixture(scope="session")
def tflm() -> None:
    """Skip where TensorFlow Lite Micro has no wheel."""
    if importlib.util.find_spec("tflite_micro") is None:
        pytest.skip("the package tflite-micro is not installed (its wheels are for Linux on x86-64)")


@pytest.fixture(scope="session")
def esp32() -> BoardLimits:
    """What the ESP32-S3's smallest module has."""
    return board_limits(load_board("esp32-s3"))


@pytest.fixture(scope="session")
def wake_words() -> dict[str, Path]:
    """The streaming models that `pymicro-wakeword` ships, by name."""
    return {name: manifest.with_suffix(".tflite") for name, manifest in builtin_manifests().items()}
