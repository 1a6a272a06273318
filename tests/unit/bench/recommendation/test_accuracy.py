"""Accuracies from evaluations and benchmarks: drops are held against the best fp32 variant."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from skerry_edge.bench.evaluation.detection.figures import (
    DataFacts,
    DetectionReport,
    Difference,
    ModelFacts,
    VariantFigures,
)
from skerry_edge.bench.recommendation.accuracy import from_evaluation, from_rows
from skerry_edge.bench.speed.result import Accuracy
from skerry_edge.foundation.errors import ConfigError

Make = Callable[..., Any]


def accuracy(ap50: float | None, images: int = 50) -> Accuracy:
    return Accuracy(ap50=ap50, ap50_low=None, ap50_high=None, coco_ap=None, images=images)


@pytest.fixture
def manifest() -> Any:
    """The precisions of two fp32 variants and an int8 one."""
    precisions = {"onnx-fp32": "fp32", "tflite-fp32": "fp32", "onnx-int8": "int8"}
    variants = {name: SimpleNamespace(precision=one) for name, one in precisions.items()}
    return SimpleNamespace(name="signs", version="1.0.0", variants=variants)


@pytest.fixture
def evaluation() -> Make:
    """Return a function that gives an evaluation against onnx-fp32 by AP50 and what is lost: (share, low, high)."""

    def make(**found: tuple[float, tuple[float, float, float] | None]) -> DetectionReport:
        variants = {
            name.replace("_", "-"): VariantFigures(
                outcome="evaluated",
                ap50=ap50,
                against_baseline=None if lost is None else Difference(difference=-lost[0], low=-lost[2], high=-lost[1]),
            )
            for name, (ap50, lost) in found.items()
        }
        return DetectionReport(
            images=50,
            variants=variants,
            baseline="onnx-fp32",
            threshold=0.25,
            confidence=0.95,
            resamples=1000,
            coco_not_measured=None,
            model=ModelFacts(name="signs", version="1.0.0", path="signs.skerry"),
            data=DataFacts(folder="val", layout="voc", objects=90, left_out=0, images_without_objects=0),
            versions={},
        )

    return make


def test_what_an_evaluation_says_is_lost_comes_with_its_interval_in_points(evaluation: Make, manifest: Any) -> None:
    report = evaluation(onnx_fp32=(0.9, None), onnx_int8=(0.895, (0.005, -0.001, 0.012)))
    drop = from_evaluation(report, manifest, origin="val").known["onnx-int8"].drop
    assert (drop.points, drop.low, drop.high) == (0.5, -0.1, 1.2)


def test_a_box_more_in_another_runtime_s_fp32_does_not_take_the_intervals_away(evaluation: Make, manifest: Any) -> None:
    lost = (0.005, -0.001, 0.012)
    report = evaluation(onnx_fp32=(0.9, None), tflite_fp32=(0.9004, (-0.0004, -0.001, 0.0)), onnx_int8=(0.895, lost))
    found = from_evaluation(report, manifest, origin="val")
    assert found.source.reference == "onnx-fp32"
    drop = found.known["onnx-int8"].drop
    assert (drop.points, drop.low, drop.high) == (0.5, -0.1, 1.2)


def test_an_interval_against_another_variant_than_the_reference_is_not_used(evaluation: Make, manifest: Any) -> None:
    lost = (0.005, -0.001, 0.012)
    report = evaluation(onnx_fp32=(0.9, None), tflite_fp32=(0.91, (-0.01, -0.02, 0.0)), onnx_int8=(0.895, lost))
    found = from_evaluation(report, manifest, origin="val")
    assert found.source.reference == "tflite-fp32"
    assert {name: (one.drop.points, one.drop.high) for name, one in found.known.items()} == {
        "onnx-fp32": (1.0, None),
        "tflite-fp32": (0.0, 0.0),
        "onnx-int8": (1.5, None),
    }


def test_a_variant_that_could_not_be_evaluated_says_why(evaluation: Make, manifest: Any) -> None:
    report = evaluation(onnx_fp32=(0.9, None))
    report.variants["onnx-int8"] = VariantFigures(outcome="failed", reason="it hung")
    assert from_evaluation(report, manifest, origin="val").missing == {"onnx-int8": "failed: it hung"}


def test_the_best_fp32_variant_is_the_reference(row: Make, manifest: Any) -> None:
    rows = [
        row("onnx-fp32", 10.0, accuracy=accuracy(0.80)),
        row("tflite-fp32", 10.0, accuracy=accuracy(0.81)),
        row("onnx-int8", 10.0, accuracy=accuracy(0.82)),
    ]
    found = from_rows(rows, manifest, origin="a.json")
    assert found is not None
    assert (found.source.reference, found.source.reference_ap50, found.source.images) == ("tflite-fp32", 0.81, 50)
    assert {name: round(one.drop.points, 6) for name, one in found.known.items()} == {
        "onnx-fp32": 1.0,
        "tflite-fp32": 0.0,
        "onnx-int8": -1.0,
    }
    assert found.known["onnx-int8"].drop.high is None


def test_half_a_point_lost_is_not_a_trace_more(row: Make, manifest: Any) -> None:
    rows = [row("onnx-fp32", 10.0, accuracy=accuracy(0.9)), row("onnx-int8", 10.0, accuracy=accuracy(0.895))]
    found = from_rows(rows, manifest, origin="a.json")
    assert found is not None
    assert found.known["onnx-int8"].drop.points == 0.5


@pytest.mark.parametrize(("baseline", "interval"), [("onnx-fp32", (0.2, 1.8)), ("tflite-fp32", (None, None))])
def test_a_row_has_the_interval_of_its_own_comparison_with_the_reference(
    row: Make, manifest: Any, baseline: str, interval: tuple[float | None, float | None]
) -> None:
    lost = Difference(difference=-0.01, low=-0.018, high=-0.002)
    paired = replace(accuracy(0.8), baseline=baseline, against_baseline=lost)
    rows = [row("onnx-fp32", 10.0, accuracy=accuracy(0.81)), row("onnx-int8", 10.0, accuracy=paired)]
    found = from_rows(rows, manifest, origin="a.json")
    assert found is not None
    drop = found.known["onnx-int8"].drop
    assert (drop.low, drop.high) == interval


def test_rows_without_accuracy_tell_none(row: Make, manifest: Any) -> None:
    assert from_rows([row("onnx-fp32", 10.0)], manifest, origin="a.json") is None


def test_drops_without_an_fp32_variant_are_refused(row: Make, manifest: Any) -> None:
    with pytest.raises(ConfigError, match="no fp32 variant"):
        from_rows([row("onnx-int8", 10.0, accuracy=accuracy(0.8))], manifest, origin="a.json")


def test_accuracies_on_different_pictures_are_refused(row: Make, manifest: Any) -> None:
    rows = [
        row("onnx-fp32", 10.0, accuracy=accuracy(0.8, images=50)),
        row("onnx-int8", 10.0, accuracy=accuracy(0.7, images=20)),
    ]
    with pytest.raises(ConfigError, match="different pictures"):
        from_rows(rows, manifest, origin="a.json")
