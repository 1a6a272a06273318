"""Accuracies from a benchmark's rows: drops are held against the best fp32 variant."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from skerry_edge.bench.recommendation.accuracy import from_rows
from skerry_edge.bench.speed.result import Accuracy
from skerry_edge.foundation.errors import ConfigError

Make = Callable[..., Any]


def accuracy(ap50: float | None, images: int = 50) -> Accuracy:
    return Accuracy(ap50=ap50, ap50_low=None, ap50_high=None, coco_ap=None, images=images)


@pytest.fixture
def manifest() -> Any:
    """The precisions of two fp32 variants and an int8 one."""
    precisions = {"onnx-fp32": "fp32", "tflite-fp32": "fp32", "onnx-int8": "int8"}
    return SimpleNamespace(variants={name: SimpleNamespace(precision=one) for name, one in precisions.items()})


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
