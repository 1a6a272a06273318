"""Memory stays flat, however many samples there are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.calibration.opening import open_calibration
from skerry_edge.contracts.manifest import ImageInput, Tensor

IMAGE = ImageInput(width=128, height=128)
TENSOR = Tensor(name="image", shape=(1, 3, 128, 128), layout="NCHW")
SAMPLE_BYTES = 128 * 128 * 3 * 4
FEW, MANY = 10, 80


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for place in range(count):
        frame = np.random.default_rng(place).integers(0, 256, (128, 128, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / f"{place}.bmp"), frame)
    return folder


def arrays(path: Path, count: int) -> Path:
    np.savez(path.with_suffix(".npz"), np.random.default_rng(0).random((count, 3, 128, 128), np.float32))
    return path.with_suffix(".npz")


def video(path: Path, count: int) -> Path:
    writer = cv2.VideoWriter(str(path.with_suffix(".avi")), cv2.VideoWriter.fourcc(*"MJPG"), 10, (128, 128))
    for place in range(count):
        writer.write(np.random.default_rng(place).integers(0, 256, (128, 128, 3)).astype(np.uint8))
    writer.release()
    return path.with_suffix(".avi")


@pytest.mark.parametrize("make", [pictures, arrays, video])
def test_eight_times_the_samples_take_no_more_memory_than_two_samples(
    tmp_path: Path, make: Callable[[Path, int], Path]
) -> None:
    peaks = []
    for count in (FEW, MANY):
        path = make(tmp_path / str(count), count)
        tracemalloc.start()
        calibration = open_calibration(path, IMAGE, TENSOR)
        assert sum(1 for _ in calibration.tensors()) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 2 * SAMPLE_BYTES
    assert peaks[1] < 20 * SAMPLE_BYTES
