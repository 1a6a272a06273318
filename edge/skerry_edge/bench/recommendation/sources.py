"""Where the figures come from: a benchmark and an evaluation made here, or files of those that were made before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.progress import Progress

from skerry_boards.schema import Board
from skerry_edge.bench.annotations.dataset import read_dataset
from skerry_edge.bench.evaluation.detection.figures import DetectionReport
from skerry_edge.bench.evaluation.detection.job import EvaluationOrder, evaluate_detector
from skerry_edge.bench.recommendation.accuracy import Accuracies, from_evaluation, from_gates, from_rows
from skerry_edge.bench.recommendation.boards import is_board
from skerry_edge.bench.sizes import SizeRange
from skerry_edge.bench.speed.base_file import MAX_BYTES, read_base
from skerry_edge.bench.speed.frames import MOST_PICTURES, FrameSource
from skerry_edge.bench.speed.job import BenchOrder, run_benchmark
from skerry_edge.bench.speed.measuring import Pace, described
from skerry_edge.bench.speed.plan import Choice, PlannedRow, plan_rows
from skerry_edge.bench.speed.result import Machine, Row, SpeedReport
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError

_ALL_SIZES = (SizeRange(low_px=0.0),)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """Rows of one model on one machine; ``origin`` says where they are from."""

    machine: Machine
    rows: tuple[Row, ...]
    origin: str


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
    frames = None
    if given.data is not None:
        pictures = read_dataset(given.data, bundle.manifest.labels).pictures[:MOST_PICTURES]
        frames = FrameSource(pictures=tuple(one.path for one in pictures))
    order = BenchOrder(models=(bundle.path,), choice=Choice(), pace=given.pace, frames=frames)
    benchmark = run_benchmark(order, bar)
    if not benchmark.report.measured:
        benchmark.require_success()
    return Timed(machine=benchmark.report.machine, rows=benchmark.report.rows, origin="measured just now")


def read_results(bundle: Bundle, paths: Sequence[Path], board: Board | None) -> Timed:
    """Return the model's rows of earlier benchmarks, those from such a board where there are some.

    Variants that were not in them are rows that say so. Raises ReachError and DataError for a file, ConfigError for
    results of different machines and where no row is of the model.
    """
    planned = plan_rows((bundle,), Choice())
    reports = [(path, read_base(path)) for path in paths]
    there = [one for one in reports if board is not None and is_board(one[1].machine, board)]
    chosen = sorted(there or reports, key=lambda one: one[1].measured_ms)
    _require_one_machine(chosen)
    rows = {row.key: row for _, report in chosen for row in report.rows if _is_of(row, bundle)}
    origin = ", ".join(str(path) for path, _ in chosen)
    if not rows:
        found = f"rows of {', '.join(_models(chosen)) or 'nothing'}"
        wanted = f"{bundle.manifest.name} {bundle.manifest.version}"
        raise ConfigError(f"no row is of {wanted}", where=origin, found=found, todo="run `skerry bench` on this bundle")
    return Timed(machine=chosen[-1][1].machine, rows=_completed(tuple(rows.values()), planned), origin=origin)


def read_evaluation(path: Path) -> DetectionReport:
    """Read what `skerry evaluate --data … --json` wrote. Raises ReachError and DataError."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReachError("cannot read the evaluation", where=str(path), found=error.strerror) from error
    if len(raw) > MAX_BYTES:
        raise DataError("the evaluation is too large", where=str(path), found=f"over {MAX_BYTES} bytes")
    try:
        return msgspec.json.decode(raw, type=DetectionReport)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        what = "this is no result of `skerry evaluate --data … --json`"
        raise DataError(what, where=str(path), found=str(error).strip()[:300]) from error


def _require_one_machine(reports: Sequence[tuple[Path, SpeedReport]]) -> None:
    machines = {_identity(report.machine): path for path, report in reports}
    if len(machines) > 1:
        told = "; ".join(f"{path}: {', '.join(map(str, identity))}" for identity, path in machines.items())
        raise ConfigError(
            "the results are of different machines, and their times cannot be compared",
            where="--results",
            found=told,
            todo="give those of one machine, or --board",
        )


def _identity(machine: Machine) -> tuple[str, ...]:
    return (*([machine.board] if machine.board else []), machine.processor, f"{machine.cores} cores")


def _is_of(row: Row, bundle: Bundle) -> bool:
    return (row.model, row.version) == (bundle.manifest.name, bundle.manifest.version)


def _models(reports: Sequence[tuple[Path, SpeedReport]]) -> list[str]:
    return sorted({f"{row.model} {row.version}" for _, report in reports for row in report.rows})


def _completed(rows: Sequence[Row], planned: Sequence[PlannedRow]) -> tuple[Row, ...]:
    """Return the rows in the bundle's order of variants, each of the file that the bundle holds."""
    found: list[Row] = []
    for one in planned:
        own = [row for row in rows if row.variant == one.variant]
        absent = described(one, "not run", "it is not in the results")
        found += [_of_file(row, absent.size_bytes) for row in own] or [absent]
    return tuple(found)


def _of_file(row: Row, size_bytes: int | None) -> Row:
    if row.size_bytes is None or row.size_bytes == size_bytes:
        return row
    reason = f"its times are those of another file, of {row.size_bytes} bytes, and the bundle's has {size_bytes}"
    return Row(
        model=row.model,
        version=row.version,
        variant=row.variant,
        backend=row.backend,
        threads=row.threads,
        outcome="not run",
        reason=reason,
        size_bytes=size_bytes,
    )
