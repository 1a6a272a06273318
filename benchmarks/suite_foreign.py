"""The shipped model on what it was not made from: photographs, and signs that others have drawn. There are no goals."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.foreign_signs import faces, write_pictures
from benchmarks.report import Figure, not_measured, publish
from benchmarks.signs import FOLDER, baseline, evaluated
from benchmarks.voc_halves import data_folder

from skerry_converters.rendering.photographs import read_photographs
from skerry_edge.bench.evaluation.detection.figures import DetectionReport
from skerry_edge.bench.evaluation.detection.wording import size_name
from skerry_edge.vision.progress import progress_bar

COUNT, SEED = 500, 1
_PROGRAMS = ("npm", "chromium")


def main(arguments: list[str]) -> None:
    """Measure every figure, print and write them."""
    if arguments:
        sys.exit(f"the suite takes no arguments, found: {' '.join(arguments)}")
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        figures = [not_measured("pasted_ap50", "none", "", f"not installed: {', '.join(missing)}")]
    else:
        figures = list(measured())
    publish("foreign", figures)


def measured() -> Iterator[Figure]:
    """Paste others' signs into photographs, and yield what the fp32 file makes of them."""
    photographs = read_photographs(data_folder() / "voc" / "images")
    try:
        artwork = faces(FOLDER / "artwork")
    except (OSError, subprocess.CalledProcessError) as error:
        yield not_measured("pasted_ap50", "none", "", f"no artwork: {error}")
        return
    folder = FOLDER / "pasted"
    write_pictures(folder, photographs, artwork, count=COUNT, seed=SEED)
    with progress_bar(lines_on_stdout=False) as bar:
        report = evaluated(folder, bar).report
    yield from _figures(report)


def _figures(report: DetectionReport) -> Iterator[Figure]:
    own = baseline(report)
    yield _told("pasted_ap50", own.ap50, f"{report.images} pictures, {report.data.objects} signs")
    for one in own.by_size:
        yield _told(f"pasted_ap50 {size_name(one)}", one.ap50, f"{one.objects} signs")
    if own.at_threshold is not None:
        yield _told("pasted_recall", own.at_threshold.recall, f"score above {report.threshold:g}")
        yield _told("pasted_precision", own.at_threshold.precision, f"score above {report.threshold:g}")
    if own.false_alarms is not None:
        note = f"{own.false_alarms.images} parts of photographs without signs"
        yield _told("false_per_photograph", own.false_alarms.per_image, note)


def _told(name: str, value: float | None, note: str) -> Figure:
    return Figure(name=name, value=value, unit="", goal="none", holds=True, note=note)
