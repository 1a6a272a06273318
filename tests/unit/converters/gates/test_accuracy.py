"""Both accuracies by labels, and how sure their difference is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from skerry_converters.gates.accuracy import AccuracyMeter
from skerry_edge.bench.ground_truth import GroundTruth, no_objects
from skerry_edge.vision.detections import Detections, no_detections

Make = Callable[..., Detections]
BOX = (0, 0, 10, 10)


def one_object() -> GroundTruth:
    nothing = np.zeros(1, np.bool_)
    return GroundTruth(
        boxes_px=np.array([BOX], float), class_ids=np.zeros(1, np.int64), difficult=nothing, crowd=nothing
    )


def test_a_variant_that_misses_half_loses_about_half(detections: Make) -> None:
    meter = AccuracyMeter(1)
    for place in range(40):
        seen = detections((0, 0.9, *BOX))
        meter.add(seen, seen if place % 2 else no_detections(), one_object())
    figures = meter.figures()
    assert figures is not None
    assert (figures.images, figures.objects, figures.source_ap50) == (40, 40, 100)
    assert figures.drop == pytest.approx(50)
    assert 25 < figures.drop_low < 50 < figures.drop_high < 75


def test_equal_detections_lose_nothing_for_certain(detections: Make) -> None:
    meter = AccuracyMeter(1)
    for _ in range(10):
        meter.add(detections((0, 0.9, *BOX)), detections((0, 0.4, *BOX)), one_object())
    figures = meter.figures()
    assert figures is not None
    assert (figures.drop, figures.drop_low, figures.drop_high) == (0, 0, 0)


def test_without_a_labelled_object_there_is_nothing_to_say(detections: Make) -> None:
    meter = AccuracyMeter(1)
    meter.add(detections((0, 0.9, *BOX)), no_detections(), no_objects())
    assert meter.figures() is None
    assert AccuracyMeter(1).figures() is None
