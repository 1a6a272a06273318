"""A detector's figures in words, the same on the terminal and on the page."""

from __future__ import annotations

from skerry_edge.bench.evaluation import words
from skerry_edge.bench.evaluation.detection.figures import (
    AlarmFigures,
    DetectionReport,
    Difference,
    SizeFigures,
    Span,
    VariantFigures,
)
from skerry_edge.bench.sizes import SizeRange


def interval(span: Span | None) -> str:
    """Return both ends of an AP's interval."""
    return words.NONE if span is None else words.between(words.share(span.low), words.share(span.high))


def against(difference: Difference | None) -> tuple[str, str]:
    """Return the points gained or lost, and their interval."""
    if difference is None:
        return words.NONE, ""
    if difference.low is None or difference.high is None:
        return words.points(difference.difference), "too few"
    ends = words.between(words.points(difference.low), words.points(difference.high))
    return words.points(difference.difference), ends


def alarms(figures: AlarmFigures | None) -> str:
    """Return the false detections per picture without objects, with their interval."""
    if figures is None:
        return words.NONE
    return f"{words.rate(figures.per_image)} ({words.between(words.rate(figures.low), words.rate(figures.high))})"


def threshold_table(report: DetectionReport) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and rows of what comes out above the threshold, of empty pictures where there are some."""
    headings = ("variant", "found", "missed", "false", "recall", "precision")
    rows = [(name, *_threshold_cells(one)) for name, one in report.evaluated.items()]
    if not report.data.images_without_objects:
        return headings, rows
    told = [(*row, alarms(one.false_alarms)) for row, one in zip(rows, report.evaluated.values(), strict=True)]
    return (*headings, "false per empty picture"), told


def _threshold_cells(figures: VariantFigures) -> tuple[str, ...]:
    counted = figures.at_threshold
    if counted is None:
        return (words.NONE,) * 5
    counts = (f"{number:,}" for number in (counted.found, counted.missed, counted.false))
    return (*counts, words.percent(counted.recall), words.percent(counted.precision))


def size_name(figures: SizeFigures) -> str:
    """Return a range of sizes in words."""
    if figures.high_px is None:
        return str(SizeRange(low_px=figures.low_px))
    return str(SizeRange(low_px=figures.low_px, high_px=figures.high_px))


def data_sentence(report: DetectionReport) -> str:
    """Return what the figures rest on."""
    data = report.data
    parts = [f"{words.count(report.images, 'picture')} with {words.count(data.objects, 'object')} in {data.folder}"]
    if data.images_without_objects:
        parts.append(f"{words.count(data.images_without_objects, 'picture')} without objects")
    if data.left_out:
        left_out = words.count(data.left_out, "difficult object or crowd", "difficult objects or crowds")
        parts.append(f"{left_out} left out")
    return "; ".join(parts)
