"""What a detector does at its threshold, and which pictures are its worst."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from skerry_edge.bench.evaluation.detection.labelled import CheckedPicture
from skerry_edge.bench.evaluation.detection.operating import WORST_PICTURES, OperatingMeter
from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.geometry import Size

BOX, NEAR, FAR = (0, 0, 10, 10), (0, 0, 10, 9), (50, 50, 60, 60)
LABELS = ("cat", "dog")


def picture(name: str, *objects: Sequence[float], difficult: Sequence[int] = ()) -> CheckedPicture:
    """Make a picture with objects (class, x_min, y_min, x_max, y_max)."""
    table = np.array(objects, np.float64).reshape(-1, 5)
    truth = GroundTruth(
        boxes_px=table[:, 1:],
        class_ids=table[:, 0].astype(np.int64),
        difficult=np.isin(np.arange(len(table)), difficult),
        crowd=np.zeros(len(table), np.bool_),
    )
    return CheckedPicture(name=name, path=Path(name), size=Size(100, 100), truth=truth)


def found(*rows: Sequence[float]) -> Detections:
    """Make detections of rows (class, score, x_min, y_min, x_max, y_max)."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Detections(
        boxes_px=table[:, 2:].astype(np.float32),
        scores=table[:, 1].astype(np.float32),
        class_ids=table[:, 0].astype(np.int64),
    )


@pytest.fixture
def meter() -> OperatingMeter:
    return OperatingMeter(LABELS, 0.5)


def test_what_is_below_the_threshold_is_not_there(meter: OperatingMeter) -> None:
    meter.add(picture("a", (0, *BOX)), found((0, 0.5, *BOX), (1, 0.2, *FAR)))
    counted = meter.at_threshold()
    assert (counted.found, counted.missed, counted.false) == (0, 1, 0)
    assert (counted.recall, counted.precision) == (0.0, None)


def test_a_second_detection_of_an_object_is_false_and_no_confusion(meter: OperatingMeter) -> None:
    meter.add(picture("a", (0, *BOX)), found((0, 0.9, *BOX), (0, 0.8, *NEAR)))
    assert (meter.at_threshold().found, meter.at_threshold().false) == (1, 1)
    assert meter.confusions() == ()


def test_a_detection_of_another_class_on_an_object_is_a_confusion(meter: OperatingMeter) -> None:
    for name in ("a", "b"):
        meter.add(picture(name, (0, *BOX)), found((1, 0.9, *NEAR), (1, 0.8, *FAR)))
    (one,) = meter.confusions()
    assert (one.object, one.taken_for, one.count) == ("cat", "dog", 2)


def test_difficult_objects_and_what_lies_on_them_count_nowhere(meter: OperatingMeter) -> None:
    meter.add(picture("a", (0, *BOX), difficult=[0]), found((0, 0.9, *BOX)))
    counted = meter.at_threshold()
    assert (counted.found, counted.missed, counted.false) == (0, 0, 0)
    assert meter.worst() == ()
    # A picture of a difficult object is not an empty one.
    assert meter.false_alarms() is None


def test_the_worst_pictures_are_those_with_the_most_mistakes_in_order(meter: OperatingMeter) -> None:
    for number in range(WORST_PICTURES + 3):
        meter.add(picture(f"{number:02}"), found(*[(0, 0.9, *FAR)] * (number % 4)))
    worst = meter.worst()
    assert len(worst) == WORST_PICTURES == 9
    assert [one.picture.name for one in worst] == ["03", "07", "11", "02", "06", "10", "01", "05", "09"]


def test_the_boxes_of_a_bad_picture_are_found_missed_or_false(meter: OperatingMeter) -> None:
    meter.add(picture("a", (0, *BOX), (1, *FAR)), found((0, 0.9, *BOX), (0, 0.8, 20, 20, 30, 30)))
    (worst,) = meter.worst()
    assert {(one.kind, LABELS[one.class_id], one.score is None) for one in worst.boxes} == {
        ("found", "cat", False),
        ("false", "cat", False),
        ("missed", "dog", True),
    }
    assert (worst.count("found"), worst.count("missed"), worst.count("false")) == (1, 1, 1)
