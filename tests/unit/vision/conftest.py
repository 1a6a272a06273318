"""Pictures and videos made on the spot."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture
def picture() -> np.ndarray:
    """A soft pattern that every codec keeps roughly, 60x40, so that formats can be compared."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 5)


@pytest.fixture
def write_video(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a video whose frames are plain greys, 10 levels brighter each."""

    def write(name: str, frames: int, fourcc: str = "MJPG", rate_hz: float = 10.0) -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*fourcc), rate_hz, (64, 48))
        assert writer.isOpened()
        for index in range(frames):
            writer.write(np.full((48, 64, 3), index * 10 % 256, np.uint8))
        writer.release()
        return path

    return write
