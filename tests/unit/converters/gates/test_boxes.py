"""Boxes of source and variant held against each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from skerry_converters.gates.boxes import BoxFigures, BoxMeter, pair
from skerry_edge.bench.matching import above
from skerry_edge.vision.decoders.base import Limits, selected
from skerry_edge.vision.detections import Detections, no_detections
from skerry_edge.vision.geometry import Size, stretched

Make = Callable[..., Detections]
BOX, NEAR, FAR = (0, 0, 10, 10), (0, 0, 10, 9), (50, 50, 60, 60)


def figures(*pictures: tuple[Detections, Detections], threshold: float = 0.5) -> BoxFigures:
    meter = BoxMeter(threshold)
    for source, variant in pictures:
        meter.add(source, variant)
    return meter.figures()


def test_a_box_of_the_same_class_and_place_matches_and_its_score_difference_is_told(detections: Make) -> None:
    found = figures((detections((0, 0.9, *BOX)), detections((0, 0.7, *NEAR))))
    assert (found.source_boxes, found.variant_boxes, found.matched) == (1, 1, 1)
    assert found.mean_score_difference == pytest.approx(-0.2)
    assert found.largest_score_difference == pytest.approx(-0.2)
    assert found.mean_iou == pytest.approx(0.9)
    assert (found.matched_share, found.invented_share) == (1, 0)


@pytest.mark.parametrize("other", [(1, 0.9, *BOX), (0, 0.9, *FAR), (0, 0.9, 0, 0, 10, 4.9)])
def test_another_class_or_place_does_not_match(detections: Make, other: tuple[float, ...]) -> None:
    found = figures((detections((0, 0.9, *BOX)), detections(other)))
    assert (found.matched, found.matched_share, found.invented_share) == (0, 0, 1)
    assert found.mean_score_difference is None


def test_each_box_matches_once_and_the_closest_pair_wins(detections: Make) -> None:
    source = detections((0, 0.9, *BOX), (0, 0.8, 0, 0, 10, 8))
    pairs = pair(source, detections((0, 0.9, 0, 0, 10, 8.1)))
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([1], [0])


def test_a_box_that_fell_below_the_threshold_is_lost_and_counted_as_faded(detections: Make) -> None:
    source = detections((0, 0.9, *BOX), (0, 0.6, *FAR))
    found = figures((source, detections((0, 0.9, *BOX), (0, 0.4, *FAR))))
    assert (found.source_boxes, found.variant_boxes, found.matched, found.faded) == (2, 1, 1, 1)


def test_counts_add_up_over_pictures_and_the_largest_difference_keeps_its_sign(detections: Make) -> None:
    found = figures(
        (detections((0, 0.6, *BOX)), detections((0, 0.9, *BOX))),
        (detections((1, 0.9, *BOX), (1, 0.8, *FAR)), detections((1, 0.8, *BOX))),
        (no_detections(), no_detections()),
    )
    assert (found.source_boxes, found.matched) == (3, 2)
    assert found.largest_score_difference == pytest.approx(0.3)
    assert found.mean_score_difference == pytest.approx(0.1)


def test_no_boxes_on_either_side_agree(detections: Make) -> None:
    found = figures((no_detections(), no_detections()))
    assert (found.matched_share, found.invented_share) == (1, 0)


def test_the_number_of_differing_boxes_of_a_picture_is_told(detections: Make) -> None:
    meter = BoxMeter(0.5)
    assert meter.add(detections((0, 0.9, *BOX), (0, 0.9, *FAR)), detections((0, 0.9, *BOX), (1, 0.9, *FAR))) == 2
    assert meter.add(detections((0, 0.9, *BOX)), detections((0, 0.9, *BOX))) == 0


def test_what_is_above_a_threshold_is_what_a_decoder_finds_there() -> None:
    random = np.random.default_rng(0)
    corners = random.random((200, 2), np.float32)
    boxes = np.concatenate((corners, corners + random.random((200, 2), np.float32) / 3), axis=1)
    scores = random.random((200, 3), np.float32)
    geometry = stretched(Size(640, 480), Size(320, 320))
    low, high = (selected(boxes, scores, geometry, Limits(score=score, iou=0.45)) for score in (0.01, 0.6))
    kept = above(low, 0.6)
    assert len(kept) == len(high) > 10
    assert np.array_equal(kept.boxes_px, high.boxes_px)
    assert np.array_equal(kept.class_ids, high.class_ids)
