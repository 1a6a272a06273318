"""Areas of the picture: what is inside, and what is no area."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.vision.polygons import contains, fault_of

SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
HORSESHOE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.6, 0.9), (0.6, 0.3), (0.4, 0.3), (0.4, 0.9), (0.1, 0.9))
grid = st.integers(0, 8).map(lambda value: value / 8)
points = st.tuples(grid, grid)


def test_a_point_is_inside_or_outside() -> None:
    assert contains(SQUARE, (0.5, 0.5))
    assert not contains(SQUARE, (0.1, 0.5))
    assert not contains(SQUARE, (0.5, 0.9))


def test_the_gap_of_a_horseshoe_is_outside() -> None:
    assert contains(HORSESHOE, (0.2, 0.8))
    assert contains(HORSESHOE, (0.8, 0.8))
    assert not contains(HORSESHOE, (0.5, 0.8))


@given(st.lists(points, min_size=3, max_size=7), points)
def test_inside_is_what_opencv_takes_for_inside(corners: list[tuple[float, float]], point: tuple[float, float]) -> None:
    point = (point[0] + 1 / 32, point[1] + 1 / 64)
    if fault_of(corners) is None:
        distance = cv2.pointPolygonTest(np.array(corners, np.float32), point, measureDist=True)
        if abs(distance) > 1e-6:
            assert contains(corners, point) == (distance > 0)


@given(st.lists(points, min_size=3, max_size=7))
def test_whether_it_is_an_area_does_not_depend_on_the_first_corner_or_the_direction(corners: list) -> None:
    is_area = fault_of(corners) is None
    assert (fault_of(corners[1:] + corners[:1]) is None) == is_area
    assert (fault_of(corners[::-1]) is None) == is_area


def test_areas_have_no_fault() -> None:
    assert fault_of(SQUARE) is None
    assert fault_of(HORSESHOE) is None


@pytest.mark.parametrize(
    ("corners", "told"),
    [
        ((), "0 corners"),
        (SQUARE[:2], "2 corners"),
        (((0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8)), "corner 1 and corner 3 cross"),
        (((0.0, 0.0), (0.5, 0.5), (1.0, 1.0)), "one line"),
        (((0.1, 0.1), (0.1, 0.1), (0.9, 0.1), (0.5, 0.9)), "corner 1 and the next are the same"),
        (((0.1, 0.1), (0.9, 0.1), (0.5, 0.9), (0.1, 0.1)), "corner 4 and the next are the same"),
        (((0.0, 0.0), (0.8, 0.0), (0.4, 0.0), (0.4, 0.5)), "cross or touch"),
        (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.0), (0.0, 1.0)), "cross or touch"),
    ],
    ids=["nothing", "a line", "a bow tie", "a flat one", "a corner twice", "closed by hand", "folded back", "touching"],
)
def test_what_is_no_area_is_told_by_its_corners(corners: tuple, told: str) -> None:
    fault = fault_of(corners)
    assert fault is not None
    assert told in fault
