"""Where the figures come from: a benchmark and an evaluation made here, files of earlier ones, or the gates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from skerry_edge.bench.evaluation.detection.job import EvaluationOrder, evaluate_detector
from skerry_edge.bench.recommendation.accuracy import Accuracies, from_evaluation, from_gates, from_rows
from skerry_edge.bench.recommendation.earlier import Timed, read_evaluation
from skerry_edge.bench.sizes import SizeRange
from skerry_edge.bench.speed.job import BenchOrder, labelled_frames, run_benchmark
from skerry_edge.bench.speed.measuring import Pace
from skerry_edge.bench.speed.plan import Choice
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.foundation.errors import ConfigError

_ALL_SIZES = (SizeRange(low_px=0.0),)


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What there is to take figures from; ``results`` and ``evaluation`` are files of earlier runs."""

    data: Path | None
    evaluation: Path | None
    results: tuple[Path, ...]
    pace: Pace


def accuracies_of(bundle: Bundle, given: Given, timed: Timed | None, bar: Progress) -> Accuracies:
    """Return what the variants lose, by the best source that was given.

    That is labelled pictures, then an earlier evaluation, then the rows of earlier benchmarks, then the bundle's gates.
    Raises ConfigError where none of them tells, and what the source raises.
    """
    if given.data is not None:
        order = EvaluationOrder(model=bundle.path, data=given.data, sizes=_ALL_SIZES, stall_s=given.pace.stall_s)
        evaluation = evaluate_detector(order, bar)
        if not evaluation.measured:
            evaluation.require_success()
        return from_evaluation(evaluation.report, bundle.manifest, origin=str(given.data))
    if given.evaluation is not None:
        return from_evaluation(read_evaluation(given.evaluation), bundle.manifest, origin=str(given.evaluation))
    found = from_rows(timed.rows, bundle.manifest, origin=timed.origin) if timed else None
    return found or _gates(bundle)


def _gates(bundle: Bundle) -> Accuracies:
    try:
        return from_gates(bundle)
    except (BundleError, ConfigError) as error:
        raise ConfigError(
            "--max-drop cannot be judged: nothing tells what the variants lose",
            where=str(bundle.path),
            found=error.what,
            todo="give labelled pictures with --data, or a result of `skerry evaluate` with --evaluation",
        ) from error


def measure(bundle: Bundle, given: Given, bar: Progress) -> Timed:
    """Time every variant here, on the labelled pictures where there are some. Raises as `run_benchmark`.

    A row that fails is told in its place; where none has figures, its error is raised.
    """
    frames = None if given.data is None else labelled_frames(given.data, bundle)
    order = BenchOrder(models=(bundle.path,), choice=Choice(), pace=given.pace, frames=frames)
    benchmark = run_benchmark(order, bar)
    if not benchmark.report.measured:
        benchmark.require_success()
    return Timed(machine=benchmark.report.machine, rows=benchmark.report.rows, origin="measured just now")
