"""The accuracy that stands in a row: the figures of `skerry evaluate`, made by the same code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from rich.progress import Progress

from skerry_edge.bench.evaluation.detection.figures import DetectionReport, VariantFigures
from skerry_edge.bench.evaluation.detection.job import EvaluationOrder, evaluate_detector
from skerry_edge.bench.sizes import SizeRange
from skerry_edge.bench.speed.plan import PlannedRow
from skerry_edge.bench.speed.result import Accuracy, Row


def evaluate_models(
    rows: Sequence[PlannedRow], data: Path, *, stall_s: float, bar: Progress
) -> Mapping[str, DetectionReport]:
    """Evaluate every model's variants on labelled pictures; return the reports by the model's name.

    A variant that fails is told in its report. Raises what `evaluate_detector` raises.
    """
    reports = {}
    for model, path in {row.model: row.path for row in rows}.items():
        variants = dict.fromkeys(row.variant for row in rows if row.model == model and row.backend is not None)
        if variants:
            order = EvaluationOrder(
                model=path, data=data, sizes=(SizeRange(low_px=0.0),), variants=tuple(variants), stall_s=stall_s
            )
            reports[model] = evaluate_detector(order, bar).report
    return reports


def with_accuracy(row: Row, reports: Mapping[str, DetectionReport]) -> Row:
    """Return the row with its variant's accuracy, or why there is none."""
    report = reports.get(row.model)
    figures = None if report is None else report.variants.get(row.variant)
    if report is None or figures is None:
        return msgspec.structs.replace(row, accuracy_not_measured=row.reason or "nothing here runs it")
    if figures.outcome != "evaluated":
        return msgspec.structs.replace(row, accuracy_not_measured=f"{figures.outcome}: {figures.reason}")
    return msgspec.structs.replace(row, accuracy=_accuracy(figures, report))


def _accuracy(figures: VariantFigures, report: DetectionReport) -> Accuracy:
    interval = figures.ap50_interval
    return Accuracy(
        ap50=figures.ap50,
        ap50_low=interval.low if interval else None,
        ap50_high=interval.high if interval else None,
        coco_ap=figures.coco_ap,
        images=report.images,
        baseline=report.baseline,
        against_baseline=figures.against_baseline,
    )
