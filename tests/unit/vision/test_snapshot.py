"""A snapshot is small, shows the boxes, and fits whatever the picture is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from skerry_edge.vision.draw import DrawnBox
from skerry_edge.vision.snapshot import LONGER_SIDE_PX, snapshot_jpeg

BOX_PX = (400.0, 200.0, 800.0, 600.0)
CAR = DrawnBox(box_px=BOX_PX, text="car 90%", colour=(0, 200, 0))
MAX_BYTES = 256 * 1024


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("height", "width", "small"),
    [(720, 1280, (540, 960)), (1280, 720, (960, 540)), (240, 320, (240, 320)), (1, 4000, (1, 960)), (1, 1, (1, 1))],
)
def test_the_longer_side_is_bounded_and_the_shape_stays(height: int, width: int, small: tuple[int, int]) -> None:
    picture = np.full((height, width, 3), 90, np.uint8)
    assert decoded(snapshot_jpeg(picture, [], max_bytes=MAX_BYTES)).shape[:2] == small


def test_a_box_is_drawn_where_it_is_in_the_picture() -> None:
    picture = np.full((720, 1280, 3), 90, np.uint8)
    plain = decoded(snapshot_jpeg(picture, [], max_bytes=MAX_BYTES)).astype(int)
    boxed = decoded(snapshot_jpeg(picture, [CAR], max_bytes=MAX_BYTES)).astype(int)
    scale = LONGER_SIDE_PX / 1280
    left, top, right, bottom = (round(edge * scale) for edge in BOX_PX)
    changed = np.abs(boxed - plain).max(axis=2) > 40
    assert changed[(top + bottom) // 2, left - 2 : left + 3].any()
    assert changed[bottom - 2 : bottom + 3, (left + right) // 2].any()
    assert not changed[bottom + 10 :].any()
    assert not changed[top + 30 : bottom - 10, left + 30 : right - 10].any()
    assert (picture == 90).all()


@pytest.mark.parametrize("max_bytes", [MAX_BYTES, 40_000, 2_000])
def test_even_noise_fits(max_bytes: int) -> None:
    jpeg = snapshot_jpeg(noise(1080, 1920), [CAR], max_bytes=max_bytes)
    assert len(jpeg) <= max_bytes
    assert decoded(jpeg) is not None


def test_a_limit_that_no_jpeg_fits_into_is_refused() -> None:
    with pytest.raises(ValueError, match="10 bytes"):
        snapshot_jpeg(noise(8, 8), [], max_bytes=10)
