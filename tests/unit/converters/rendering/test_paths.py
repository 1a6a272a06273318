"""Paths become points, and strokes have the width they were drawn with."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from skerry_converters.rendering.outlines import disc, octagon, rectangle, ring, triangle
from skerry_converters.rendering.paths import limb, parse_path, stroke


def filled_area(shape: tuple[np.ndarray, ...]) -> float:
    """The area of a shape by the even-odd rule, counted on a fine grid of the square from -2 to 2."""
    grid = np.zeros((800, 800), np.uint8)
    cv2.fillPoly(grid, [np.rint((line + 2) * 200).astype(np.int32) for line in shape], 1)
    return float(grid.sum()) / 200**2


def test_a_path_holds_its_corners_and_is_closed_where_it_says_so() -> None:
    opened, closed = parse_path("M 0 0 L 1 0 1 1 M -2.5 .5 L 0 0.5 L 0 1 Z")
    assert opened.tolist() == [[0, 0], [1, 0], [1, 1]]
    assert closed.tolist() == [[-2.5, 0.5], [0, 0.5], [0, 1], [-2.5, 0.5]]


def test_a_curve_ends_where_it_should_and_keeps_within_its_controls() -> None:
    (line,) = parse_path("M 0 0 C 0 1 1 1 1 0")
    assert line[-1].tolist() == [1.0, 0.0]
    assert line[:, 1].max() == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("path", "length"), [("M -1 0 L 1 0", 2.0), ("M -1 -1 L 1 1", 8**0.5), ("M -1 -1 L 1 -1 L 1 1", 4.0)]
)
def test_a_stroke_covers_its_length_times_its_width(path: str, length: float) -> None:
    (line,) = parse_path(path)
    assert filled_area(stroke(line, 0.3)) == pytest.approx(length * 0.3, rel=0.03)


def test_a_stroke_along_a_closed_line_leaves_its_middle_open() -> None:
    line = np.vstack([disc(), disc()[:1]])
    assert filled_area(stroke(line, 0.2)) == pytest.approx(filled_area(ring(1.1, 0.9)), rel=0.01)


def test_a_limb_is_two_discs_and_what_lies_between() -> None:
    arm = limb((-1.0, 0.0), (1.0, 0.0), 0.2, 0.2)
    assert filled_area((arm,)) == pytest.approx(2 * 0.4 + np.pi * 0.2**2, rel=0.02)


@pytest.mark.parametrize("outline", [disc(), octagon(), rectangle(), triangle(), triangle(points_up=False)])
def test_outlines_fill_their_square_and_do_not_leave_it(outline: np.ndarray) -> None:
    assert np.abs(outline).max() == pytest.approx(1.0, abs=0.09)
    assert np.abs(outline).max() <= 1.0 + 1e-9
