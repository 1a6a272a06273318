"""Figures of the shipped model: accuracy on scenes that it has never seen, what int8 costs it, and what it invents."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.report import Figure, at_least, at_most, publish
from benchmarks.signs import BUNDLE, Judged, baseline, from_28_px, judge

from skerry_edge.bench.evaluation.detection.wording import against

LARGEST_MB = 8.0


def main(arguments: list[str]) -> None:
    """Measure every figure, print and write them. A goal that is not met is told by the figure, not the exit code."""
    if arguments:
        sys.exit(f"the suite takes no arguments, found: {' '.join(arguments)}")
    publish("signs", list(figures(judge())))


def figures(judged: Judged) -> Iterator[Figure]:
    """Yield the figures of accuracy, of false detections, and of size."""
    held_out, signless = judged.held_out.report, judged.signless.report
    fp32 = baseline(held_out)
    large = from_28_px(fp32)
    yield at_least("fp32_ap50", fp32.ap50 or 0.0, 0.96, note=f"{held_out.images} scenes, {held_out.data.objects} signs")
    yield at_least("fp32_ap50_from_28_px", large.ap50 or 0.0, 0.98, note=f"{large.objects} signs")
    for name, one in held_out.evaluated.items():
        if one.against_baseline is not None:
            points, ends = against(one.against_baseline)
            note = f"{points} ({ends}) against {held_out.baseline}"
            yield at_most(f"points_lost_{name}", -100 * one.against_baseline.difference, 0.5, "points", note)
    for name, one in signless.evaluated.items():
        if one.false_alarms is not None:
            note = f"{one.false_alarms.images} scenes of look-alikes, score above {signless.threshold:g}"
            yield at_most(f"false_per_signless_scene_{name}", one.false_alarms.per_image, 0.05, note=note)
    yield at_most("bundle_mb", BUNDLE.stat().st_size / 1e6, LARGEST_MB, "MB")
