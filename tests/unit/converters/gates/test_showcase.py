"""Which pictures a report shows."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from skerry_converters.gates.showcase import Showcase
from skerry_edge.vision.detections import Detections, no_detections

Make = Callable[..., Detections]
PIXELS = np.full((300, 400, 3), 90, np.uint8)


def shown(data: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))


def test_the_most_different_are_kept_and_equal_ones_in_their_order(detections: Make) -> None:
    showcase = Showcase(("cat",), 0.5, count=3, side_px=100)
    for name, differing in (("a", 1), ("b", 4), ("c", 0), ("d", 1), ("e", 1), ("f", 2)):
        showcase.add(name, PIXELS, (no_detections(), no_detections()), differing)
    assert [one.name for one in showcase.pictures()] == ["b", "f", "a"]


def test_pictures_are_small_and_boxes_lie_where_they_were(detections: Make) -> None:
    showcase = Showcase(("cat",), 0.5, count=1, side_px=200)
    found = detections((0, 0.9, 100, 100, 300, 250), (0, 0.1, 0, 0, 50, 50))
    showcase.add("a", PIXELS, (found, no_detections()), 1)
    (picture,) = showcase.pictures()
    assert (picture.source_boxes, picture.variant_boxes) == (1, 0)
    assert shown(picture.source_jpeg).shape == (150, 200, 3)
    changed = np.abs(shown(picture.source_jpeg).astype(int) - shown(picture.variant_jpeg)).max(axis=2) > 60
    rows, columns = np.nonzero(changed)
    assert abs(columns.min() - 50) <= 2
    assert abs(columns.max() - 150) <= 2
    assert abs(rows.max() - 125) <= 2


def test_a_small_picture_is_not_enlarged_and_none_is_kept_where_none_is_wanted() -> None:
    showcase = Showcase((), 0.5, count=1, side_px=1000)
    showcase.add("a", PIXELS, (no_detections(), no_detections()), 0)
    assert shown(showcase.pictures()[0].source_jpeg).shape == PIXELS.shape
    nothing = Showcase((), 0.5, count=0, side_px=1000)
    nothing.add("a", PIXELS, (no_detections(), no_detections()), 9)
    assert nothing.pictures() == ()


def test_a_thousand_boxes_are_drawn_only_in_part(detections: Make) -> None:
    showcase = Showcase(("cat",), 0.5, count=1, side_px=400)
    many = detections(*((0, 0.9, 1, 1, 9, 9) for _ in range(100)), *((0, 0.6, 300, 200, 390, 290) for _ in range(900)))
    showcase.add("a", PIXELS, (many, no_detections()), 1000)
    (picture,) = showcase.pictures()
    assert picture.source_boxes == 1000
    assert np.abs(shown(picture.source_jpeg)[190:, 290:].astype(int) - 90).max() < 20
