"""Boxes and labels in a picture."""

import numpy as np
import pytest

from skerry_edge.vision.detections import Detections, no_detections
from skerry_edge.vision.draw import class_colour, draw_detections

LABELS = ("cat", "Fußgänger")


def one_object(box: tuple[float, ...], class_id: int = 0) -> Detections:
    return Detections(
        boxes_px=np.array([box], np.float32), scores=np.array([0.9], np.float32), class_ids=np.array([class_id])
    )


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (before != after).any(axis=2)


def test_the_picture_itself_stays_as_it_was():
    pixels = np.zeros((200, 300, 3), np.uint8)
    draw_detections(pixels, one_object((50, 60, 200, 150)), LABELS)
    assert not pixels.any()


def test_nothing_found_draws_nothing():
    pixels = np.full((50, 50, 3), 7, np.uint8)
    assert np.array_equal(draw_detections(pixels, no_detections(), LABELS), pixels)


def test_a_box_is_drawn_on_its_edges_in_its_classes_colour():
    pixels = np.zeros((200, 300, 3), np.uint8)
    drawn = draw_detections(pixels, one_object((50, 60, 200, 150), class_id=1), LABELS)
    for x, y in [(50, 100), (200, 100), (150, 60), (150, 150)]:
        assert drawn[y, x].tolist() == list(class_colour(1))
    assert not drawn[70:140, 60:190].any()


def test_a_box_to_the_pictures_last_edge_is_still_seen_there():
    drawn = draw_detections(np.zeros((100, 100, 3), np.uint8), one_object((20, 40, 100, 100)), LABELS)
    assert drawn[99, 60].any()
    assert drawn[70, 99].any()


def test_classes_next_to_each_other_look_different():
    colours = np.array([class_colour(class_id) for class_id in range(20)])
    assert np.abs(np.diff(colours, axis=0)).sum(axis=1).min() > 100


@pytest.mark.parametrize("size", [(120, 160), (480, 640), (2160, 3840)])
def test_a_label_grows_with_the_picture_and_is_never_illegibly_small(size):
    height, width = size
    pixels = np.zeros((height, width, 3), np.uint8)
    box = (width * 0.3, height * 0.5, width * 0.8, height * 0.9)
    plate = changed(pixels, draw_detections(pixels, one_object(box), LABELS))[: int(box[1]) - 1]
    rows = np.flatnonzero(plate.any(axis=1))
    assert len(rows) >= max(11, min(height, width) * 0.025)


@pytest.mark.parametrize("box", [(0, 0, 60, 40), (280, 0, 300, 200), (299, 199, 300, 200), (0, 190, 5, 200)])
def test_a_label_stays_inside_the_picture(box):
    pixels = np.zeros((200, 300, 3), np.uint8)
    drawn = draw_detections(pixels, one_object(box, class_id=1), LABELS)
    # Ink on the plate: light or dark text, whichever stands out.
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 3


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (5, 5)])
def test_pictures_too_small_for_a_label_are_no_error(size):
    draw_detections(np.zeros((*size, 3), np.uint8), one_object((0, 0, size[1], size[0])), LABELS)
