"""COCO's summary from boxes in memory."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import pytest

from skerry_edge.bench.coco import CocoEvaluator, why_no_coco
from skerry_edge.bench.ground_truth import GroundTruth, no_objects
from skerry_edge.foundation.errors import MissingError
from skerry_edge.vision.detections import Detections, no_detections

Make = Callable[..., Detections]
MakeTruth = Callable[..., GroundTruth]
BOX = (0, 0, 100, 100)


def test_perfect_boxes_are_one_and_nothing_goes_to_stdout(
    detections: Make, truth: MakeTruth, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluator = CocoEvaluator(("a", "b"))
    evaluator.add(detections((1, 0.9, *BOX)), truth((1, *BOX)))
    evaluator.add(no_detections(), no_objects())
    summary = evaluator.summary()
    assert (summary.ap, summary.ap50, summary.ap75) == pytest.approx((1, 1, 1))
    assert capsys.readouterr().out == ""


def test_loose_boxes_count_at_a_loose_iou_only(detections: Make, truth: MakeTruth) -> None:
    evaluator = CocoEvaluator(("a",))
    evaluator.add(detections((0, 0.9, 0, 0, 100, 62)), truth((0, *BOX)))
    summary = evaluator.summary()
    assert (summary.ap50, summary.ap75) == pytest.approx((1, 0))
    assert summary.ap == pytest.approx(0.3)  # right at 0.50, 0.55 and 0.60 of ten limits


def test_a_difficult_object_is_neither_found_nor_missed(detections: Make, truth: MakeTruth) -> None:
    evaluator = CocoEvaluator(("a",))
    evaluator.add(
        detections((0, 0.95, 200, 0, 300, 100), (0, 0.9, *BOX)),
        truth((0, *BOX), (0, 200, 0, 300, 100), (0, 400, 0, 500, 100), difficult=[1, 2]),
    )
    assert evaluator.summary().ap == pytest.approx(1)


def test_a_crowd_takes_any_number_of_detections(detections: Make, truth: MakeTruth) -> None:
    evaluator = CocoEvaluator(("a",))
    inside = [(0, 0.99, 200 + 10 * place, 0, 230 + 10 * place, 30) for place in range(5)]
    evaluator.add(detections((0, 0.9, *BOX), *inside), truth((0, *BOX), (0, 200, 0, 400, 100), crowd=[1]))
    assert evaluator.summary().ap == pytest.approx(1)


def test_the_best_hundred_of_a_class_are_kept_and_another_class_is_not_crowded_out(
    detections: Make, truth: MakeTruth
) -> None:
    wrong = [(0, 0.5 + place / 1000, 500, 500, 510, 510) for place in range(150)]
    evaluator = CocoEvaluator(("a", "b"))
    evaluator.add(detections(*wrong, (0, 0.1, *BOX), (1, 0.01, *BOX)), truth((0, *BOX), (1, *BOX)))
    assert evaluator.summary().ap == pytest.approx(0.5)


def test_no_detection_anywhere_is_zero_and_no_object_anywhere_is_no_number(detections: Make, truth: MakeTruth) -> None:
    blind = CocoEvaluator(("a",))
    blind.add(no_detections(), truth((0, *BOX)))
    assert blind.summary().ap == 0
    empty = CocoEvaluator(("a",))
    empty.add(detections((0, 0.9, *BOX)), no_objects())
    assert math.isnan(empty.summary().ap)


def test_a_missing_pycocotools_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools.coco", None)
    with pytest.raises(MissingError, match=r"skerry\[evaluate\]"):
        CocoEvaluator(("a",))


def test_sizes_and_classes_have_figures_of_their_own(detections: Make, truth: MakeTruth) -> None:
    small, large = (0, 0, 20, 20), (100, 100, 300, 300)
    evaluator = CocoEvaluator(("a", "b", "c"))
    evaluator.add(detections((0, 0.9, *small)), truth((0, *small), (1, *large)))
    summary = evaluator.summary()
    assert (summary.small, summary.large) == pytest.approx((1, 0))
    assert math.isnan(summary.medium)
    assert summary.by_class[:2] == pytest.approx((1, 0))
    assert math.isnan(summary.by_class[2])


def test_whether_coco_s_figures_can_be_had_is_known_before(monkeypatch: pytest.MonkeyPatch) -> None:
    assert why_no_coco() is None
    monkeypatch.setitem(sys.modules, "pycocotools.cocoeval", None)
    assert "skerry[evaluate]" in (why_no_coco() or "")
