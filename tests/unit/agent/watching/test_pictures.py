"""Pictures that leave the device, by their pixels: what must not be recognised cannot be, and boxes are drawn on it."""

from __future__ import annotations

import cv2
import numpy as np
from msgspec.structs import replace

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.sources import ImagesSource
from skerry_edge.agent.config.vision import PrivacyConfig
from skerry_edge.agent.watching.pictures import Darkroom, View, drawn_boxes
from skerry_edge.vision.detections import Detections, no_detections
from skerry_edge.vision.tracking.tracker import Box, Rules, Tracker

LABELS = ("person", "car")
PIPELINE = DetectionPipeline(
    name="gate", model="any.skerry", source=ImagesSource(path="/pictures"), snapshot=True, labels=("car",)
)
PERSON_PX, CAR_PX = (40, 60, 140, 220), (240, 60, 380, 220)
"""x_min, y_min, x_max, y_max in a picture of 480x320."""


def fine(height: int = 320, width: int = 480) -> np.ndarray:
    """Squares of eight pixels, which a JPEG keeps."""
    rows, columns = np.indices((height, width)) // 8
    return np.repeat(((rows + columns) % 2 * 200 + 20).astype(np.uint8)[..., None], 3, axis=2)


def tracks_of(*boxes: tuple[int, tuple[int, int, int, int]], is_in_sight: bool = True) -> list:
    tracker = Tracker(Rules(min_iou=0.2, lost_after_s=2.0))
    seen = [
        Box(edges=(box[0] / 480, box[1] / 320, box[2] / 480, box[3] / 320), class_id=class_id, score=0.9, is_good=True)
        for class_id, box in boxes
    ]
    tracks = tracker.update(seen, 0.0)
    return list(tracks if is_in_sight else tracker.update([], 0.1))


def found(*boxes: tuple[int, tuple[int, int, int, int]]) -> Detections:
    return Detections(
        boxes_px=np.array([box for _, box in boxes], np.float32),
        scores=np.full(len(boxes), 0.3, np.float32),
        class_ids=np.array([class_id for class_id, _ in boxes], np.int64),
    )


def taken(view: View, privacy: PrivacyConfig | None) -> np.ndarray:
    jpeg = Darkroom(replace(PIPELINE, privacy=privacy), LABELS).jpeg(view)
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def detail(picture: np.ndarray, box: tuple[int, int, int, int]) -> float:
    """Return the contrast in the middle of a box, away from its lines and its label."""
    x_min, y_min, x_max, y_max = box
    return float(picture[y_min + 40 : y_max - 10, x_min + 10 : x_max - 10].std())


BOTH = [(0, PERSON_PX), (1, CAR_PX)]
VIEW = View(pixels=fine(), detections=found(*BOTH), tracks=tracks_of((1, CAR_PX)))
BACKGROUND = (160, 100, 220, 220)


def test_without_privacy_the_picture_is_as_it_was_seen_but_for_the_boxes() -> None:
    picture = taken(VIEW, None)
    assert all(detail(picture, box) > 90 for box in (PERSON_PX, CAR_PX, BACKGROUND))
    assert np.array_equal(VIEW.pixels, fine())


def test_all_that_is_in_no_box_is_blurred() -> None:
    picture = taken(VIEW, PrivacyConfig(blur="outside"))
    assert detail(picture, CAR_PX) > 90
    assert max(detail(picture, PERSON_PX), detail(picture, BACKGROUND)) < 12


def test_the_boxes_of_some_labels_are_blurred_even_where_nobody_looks_for_them() -> None:
    picture = taken(VIEW, PrivacyConfig(blur="inside", labels=("person",)))
    assert detail(picture, PERSON_PX) < 30
    assert min(detail(picture, CAR_PX), detail(picture, BACKGROUND)) > 90


def test_without_labels_all_boxes_are_meant() -> None:
    picture = taken(VIEW, PrivacyConfig(blur="inside"))
    assert max(detail(picture, PERSON_PX), detail(picture, CAR_PX)) < 30
    assert detail(picture, BACKGROUND) > 90


def test_somebody_whom_this_picture_failed_to_find_is_blurred_where_he_was_last() -> None:
    missed = View(pixels=fine(), detections=no_detections(), tracks=tracks_of((0, PERSON_PX), is_in_sight=False))
    assert detail(taken(missed, PrivacyConfig(blur="inside", labels=("person",))), PERSON_PX) < 30


def test_what_is_out_of_sight_stays_blurred_and_has_no_box() -> None:
    lost = View(pixels=fine(), detections=no_detections(), tracks=tracks_of((1, CAR_PX), is_in_sight=False))
    assert drawn_boxes(lost, LABELS) == []
    assert detail(taken(lost, PrivacyConfig(blur="outside")), CAR_PX) < 12


def test_boxes_say_what_and_how_sure_the_best_on_top() -> None:
    (box,) = drawn_boxes(VIEW, LABELS)
    assert box.text == "car 90%"
    assert np.allclose(box.box_px, CAR_PX)
