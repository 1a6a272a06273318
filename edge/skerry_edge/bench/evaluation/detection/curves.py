"""Precision against recall as lines to draw: of each class, and the mean of all classes."""

from __future__ import annotations

import numpy as np

from skerry_edge.bench.average_precision import Curve, Shares, envelope, precision_recall
from skerry_edge.bench.evaluation.detection.meter import Measured
from skerry_edge.bench.page.charts import Point, Series

_RECALLS = np.linspace(0.0, 1.0, 201)


def class_series(name: str, measured: Measured, class_id: int, threshold: float) -> Series:
    """Return one class's line, best precision at each recall; the dot is what a device reports."""
    curve = precision_recall(measured.matches, class_id)
    return Series(name=name, points=_points(envelope(curve, _RECALLS)), mark=_at(curve, threshold))


def mean_series(name: str, measured: Measured) -> Series:
    """Return the mean line of all classes of which there was something to be found."""
    classes = np.flatnonzero(measured.matches.positives.sum(axis=0))
    lines = [envelope(precision_recall(measured.matches, int(one)), _RECALLS) for one in classes]
    return Series(name=name, points=_points(np.mean(lines, axis=0)) if lines else [])


def _points(precisions: Shares) -> list[Point]:
    return list(zip(_RECALLS.tolist(), precisions.tolist(), strict=True))


def _at(curve: Curve, threshold: float) -> Point | None:
    """Return recall and precision of what scores above the threshold, or None where nothing does."""
    shown = int((curve.scores > np.float32(threshold)).sum())
    return (float(curve.recall[shown - 1]), float(curve.precision[shown - 1])) if shown else None
