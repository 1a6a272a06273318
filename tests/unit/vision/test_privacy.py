"""Blurring: what is blurred cannot be read any more, and what is not is untouched."""

from __future__ import annotations

import numpy as np
import pytest

from skerry_edge.vision.privacy import PARTS_OF_BOX, PARTS_OF_PICTURE, blur_inside, blur_outside

BOX = (100.0, 60.0, 180.0, 160.0)


def checkers(height: int = 240, width: int = 320) -> np.ndarray:
    """Squares of four pixels, black and white: the finest thing that a face or a plate would be made of."""
    rows, columns = np.indices((height, width)) // 4
    return np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)


def contrast(pixels: np.ndarray) -> float:
    return float(pixels.std())


def test_outside_of_boxes_nothing_can_be_read_and_inside_every_pixel_is_as_it_was() -> None:
    picture = checkers()
    blurred = blur_outside(picture, [BOX])
    assert np.array_equal(blurred[60:160, 100:180], picture[60:160, 100:180])
    outside = np.ones(picture.shape[:2], bool)
    outside[60:160, 100:180] = False
    assert contrast(blurred[outside]) < contrast(picture[outside]) / 10
    assert np.array_equal(picture, checkers())


def test_without_boxes_all_is_blurred() -> None:
    assert contrast(blur_outside(checkers(), [])) < contrast(checkers()) / 10


def test_inside_of_boxes_nothing_can_be_read_and_far_from_them_every_pixel_is_as_it_was() -> None:
    picture = checkers()
    blurred = blur_inside(picture, [BOX])
    assert contrast(blurred[60:160, 100:180]) < contrast(picture) / 5
    assert np.array_equal(blurred[:, 200:], picture[:, 200:])
    assert np.array_equal(blurred[:, :80], picture[:, :80])
    assert not np.array_equal(blurred[60:160, 95:100], picture[60:160, 95:100])
    assert np.array_equal(picture, checkers())


def test_a_small_box_in_a_large_one_does_not_sharpen_it_again() -> None:
    picture = checkers()
    large = (40.0, 20.0, 280.0, 220.0)
    small = (150.0, 100.0, 170.0, 120.0)
    for boxes in ([large, small], [small, large]):
        assert contrast(blur_inside(picture, boxes)[100:120, 150:170]) < contrast(picture) / 5


def test_a_picture_keeps_no_more_detail_than_a_few_shades() -> None:
    steps = np.abs(np.diff(blur_outside(checkers(480, 640), [])[..., 0].astype(int), axis=1))
    assert steps.max() < 255 / (640 / PARTS_OF_PICTURE / 4)
    assert PARTS_OF_BOX < 12


@pytest.mark.parametrize(
    "box",
    [(-50.0, -50.0, 500.0, 500.0), (10.0, 10.0, 10.0, 10.0), (319.5, 239.5, 320.0, 240.0), (0.0, 0.0, 1.0, 240.0)],
)
def test_boxes_at_the_edge_or_without_area_do_no_harm(box: tuple[float, float, float, float]) -> None:
    for blur in (blur_inside, blur_outside):
        assert blur(checkers(), [box]).shape == (240, 320, 3)


def test_a_picture_of_one_pixel_can_be_blurred() -> None:
    assert blur_outside(np.zeros((1, 1, 3), np.uint8), []).shape == (1, 1, 3)
