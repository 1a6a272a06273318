"""Sound that tests make themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

Pcm = NDArray[np.int16]


@pytest.fixture
def noise() -> Pcm:
    """Two seconds of quiet noise, always the same."""
    return np.random.default_rng(7).integers(-2000, 2000, 32_000).astype(np.int16)


@pytest.fixture
def tone() -> Callable[[int], NDArray[np.float32]]:
    """Return a function that gives one second of a 440 Hz tone at half scale at a sample rate."""

    def make(rate_hz: int) -> NDArray[np.float32]:
        return (0.5 * np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz)).astype(np.float32)

    return make


@pytest.fixture
def clip(project_root: Path) -> Path:
    """The demo's recording: a sentence, then "Alexa"."""
    return project_root / "server" / "skerry_server" / "demo" / "data" / "alexa.wav"
