"""Which detections count."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.sources import ImagesSource
from skerry_edge.agent.config.vision import LimitConfig, MaskConfig, TrackingConfig
from skerry_edge.agent.watching.sieve import MAX_BOXES, Sieve, anchor_of, label_of, lowest_score
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.geometry import Size

SIZE = Size(200, 100)
PIPELINE = DetectionPipeline(name="gate", model="any.skerry", source=ImagesSource(path="/pictures"))
LABELS = ("person", "car", "")
TOP = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.6), (0.0, 0.6))


def found(*rows: tuple[float, float, float, float, int, float]) -> Detections:
    return Detections(
        boxes_px=np.array([row[:4] for row in rows], np.float32).reshape(-1, 4),
        scores=np.array([row[5] for row in rows], np.float32),
        class_ids=np.array([row[4] for row in rows], np.int64),
    )


def kept(*rows: tuple[float, float, float, float, int, float], pipeline: DetectionPipeline = PIPELINE) -> list:
    return Sieve(pipeline, LABELS, 0.5).keep(found(*rows), SIZE)


PERSON = (20.0, 20.0, 60.0, 80.0, 0, 0.9)
CAR = (100.0, 10.0, 180.0, 40.0, 1, 0.9)


def test_boxes_become_shares_of_the_picture() -> None:
    (box,) = kept(PERSON)
    assert (box.edges, box.class_id, box.is_good) == ((0.1, 0.2, 0.3, 0.8), 0, True)
    assert box.score == pytest.approx(0.9)


def test_a_box_that_leans_out_of_the_picture_is_cut_off_at_its_edge() -> None:
    (box,) = kept((-20.0, 50.0, 40.0, 130.0, 0, 0.9))
    assert box.edges == (0.0, 0.5, 0.2, 1.0)


def test_only_the_labels_that_are_looked_for_count() -> None:
    assert [one.class_id for one in kept(PERSON, CAR, pipeline=replace(PIPELINE, labels=("car",)))] == [1]


def test_scores_below_the_threshold_are_doubtful_and_far_below_nothing() -> None:
    scores = [(*PERSON[:5], score) for score in (0.5, 0.49, 0.25, 0.24)]
    assert [one.is_good for one in kept(*scores)] == [True, False, False]
    strict = replace(PIPELINE, tracking=TrackingConfig(low_score=1.0))
    assert [one.is_good for one in kept(*scores, pipeline=strict)] == [True]
    assert lowest_score(PIPELINE, 0.5) == 0.25


def test_a_label_may_have_limits_of_its_own() -> None:
    pipeline = replace(PIPELINE, limits={"person": LimitConfig(min_score=0.95), "car": LimitConfig(min_area=0.2)})
    assert [(one.class_id, one.is_good) for one in kept(PERSON, CAR, pipeline=pipeline)] == [(0, False)]
    small_only = replace(PIPELINE, limits={"person": LimitConfig(max_area=0.1)})
    assert kept(PERSON, pipeline=small_only) == []


def test_what_stands_in_a_mask_is_not_there_and_what_stands_before_it_is() -> None:
    masked = replace(PIPELINE, masks=(MaskConfig(points=TOP),))
    assert [one.class_id for one in kept(PERSON, CAR, pipeline=masked)] == [0]
    assert [one.class_id for one in kept(PERSON, CAR, pipeline=replace(masked, anchor="centre"))] == []


def test_the_anchor_is_the_foot_or_the_centre() -> None:
    edges = (0.1, 0.2, 0.3, 0.8)
    assert anchor_of(edges, PIPELINE) == pytest.approx((0.2, 0.8))
    assert anchor_of(edges, replace(PIPELINE, anchor="centre")) == pytest.approx((0.2, 0.5))


def test_noise_costs_no_more_than_the_best_of_it() -> None:
    noise = [(*PERSON[:5], 0.9 - count * 1e-4) for count in range(MAX_BOXES + 50)]
    assert len(kept(*noise)) == MAX_BOXES
    assert kept() == []


def test_a_class_without_a_name_still_has_a_label() -> None:
    assert label_of(2, LABELS) == "class-2"
    assert len(label_of(0, ("x" * 500,))) == 128
