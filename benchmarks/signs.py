"""The shipped model on scenes that it has never seen: the two evaluations that its card and figures come from."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from skerry_edge.bench.evaluation.detection.figures import DetectionReport, SizeFigures, VariantFigures
from skerry_edge.bench.evaluation.detection.job import Evaluation, EvaluationOrder, evaluate_detector
from skerry_edge.bench.sizes import parse_sizes
from skerry_edge.models.catalogue import resolve_model
from skerry_edge.vision.progress import progress_bar

BUNDLE = resolve_model("skerry-signs")
SIZES = "20,28,48,96,28-"
COUNT, SEED = 1000, 3
FOLDER = Path(__file__).resolve().parent.parent / "build" / "signs"
"""Where the scenes lie, rendered anew each time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """The evaluations on scenes as `skerry render` draws them, and on scenes of look-alikes alone."""

    held_out: Evaluation
    signless: Evaluation


def judge() -> Judged:
    """Render both folders of scenes, and evaluate every variant on them."""
    held_out = _rendered("held-out")
    signless = _rendered("signless", "--signless", "1")
    with progress_bar(lines_on_stdout=False) as bar:
        return Judged(held_out=evaluated(held_out, bar), signless=evaluated(signless, bar))


def baseline(report: DetectionReport) -> VariantFigures:
    """Return the figures of the variant that the others are held against."""
    return report.evaluated[report.baseline or ""]


def from_28_px(figures: VariantFigures) -> SizeFigures:
    """Return the row of signs of 28 pixels and more."""
    return next(one for one in figures.by_size if one.low_px == 28 and one.high_px is None)


def _rendered(name: str, *options: str) -> Path:
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "skerry_edge", "render", "--count", str(COUNT), "--seed", str(SEED)]
    subprocess.run([*command, "--split", "test", *options, "--out", str(folder)], check=True)
    return folder


def evaluated(folder: Path, bar: Progress) -> Evaluation:
    """Evaluate every variant of the shipped model on a labelled folder. Raises what fails in one."""
    order = EvaluationOrder(model=BUNDLE, data=folder, sizes=parse_sizes(SIZES))
    evaluation = evaluate_detector(order, bar)
    evaluation.require_success()
    return evaluation
