"""Calibration data written to disk: photographs made from a seed, a video, arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.opening import open_calibration
from skerry_edge.contracts.manifest import ImageInput, Tensor

WIDTH, HEIGHT = 24, 16


@pytest.fixture
def image() -> ImageInput:
    """How the network's pictures are preprocessed: 24x16, RGB, 0..1."""
    return ImageInput(width=WIDTH, height=HEIGHT)


@pytest.fixture
def tensor() -> Tensor:
    """The network's float input."""
    return Tensor(name="image", shape=(1, 3, HEIGHT, WIDTH), layout="NCHW")


@pytest.fixture
def photograph() -> Callable[..., np.ndarray]:
    """Return a function that makes a picture from a seed, unlike that of any other seed, as smooth as a photograph."""

    def make(seed: int, *, width: int = 96, height: int = 64) -> np.ndarray:
        coarse = np.random.default_rng(seed).integers(0, 256, (8, 12, 3)).astype(np.uint8)
        return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))

    return make


@pytest.fixture
def folder(tmp_path: Path, photograph: Callable[..., np.ndarray]) -> Path:
    """A folder of 12 pictures in two sub-folders, with what is no picture beside them."""
    root = tmp_path / "pictures"
    for place in range(12):
        path = root / ("day" if place % 2 else "night") / f"{place:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), photograph(place))
    (root / "notes.txt").write_text("not a picture")
    (root / ".hidden.png").write_bytes(b"not a picture either")
    return root


@pytest.fixture
def opened(image: ImageInput, tensor: Tensor) -> Callable[..., CalibrationSet]:
    """Return a function that opens calibration data for the network of these fixtures."""

    def open_it(path: Path, **options: int) -> CalibrationSet:
        return open_calibration(path, image, tensor, **options)  # type: ignore[arg-type]  # limit and seed

    return open_it


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A video of 40 frames: a bright bar walks over a dark ground, the frame's number in its place."""
    path = tmp_path / "walk.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 64))
    for index in range(40):
        frame = np.zeros((64, 160, 3), np.uint8)
        frame[:, 4 * index : 4 * index + 4] = 255
        writer.write(frame)
    writer.release()
    return path
