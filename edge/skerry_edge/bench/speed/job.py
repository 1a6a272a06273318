"""A whole benchmark: rows planned, accuracy where there are labels, every row measured, peers beside it, the report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.markup import escape
from rich.progress import Progress, TaskID

from skerry_edge.audio.model import WakeWordModel
from skerry_edge.bench.annotations.dataset import read_dataset
from skerry_edge.bench.evaluation.versions import versions
from skerry_edge.bench.intervals import CONFIDENCE
from skerry_edge.bench.speed.accuracy import evaluate_models, with_accuracy
from skerry_edge.bench.speed.against import check_comparable, compare
from skerry_edge.bench.speed.beside import measure_beside
from skerry_edge.bench.speed.frames import MOST_PICTURES, FrameSource
from skerry_edge.bench.speed.machine import describe_machine
from skerry_edge.bench.speed.measuring import Measured, Pace, measure_row
from skerry_edge.bench.speed.peers.registry import Peer, check_peer
from skerry_edge.bench.speed.plan import Choice, PlannedRow, plan_rows
from skerry_edge.bench.speed.result import SCHEMA, Against, SpeedReport
from skerry_edge.bench.speed.sensors import Sensors
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.errors import ConfigError, DataError, MissingError, SkerryError, VerdictError

_PACKAGES = ("numpy", "opencv-python-headless", "pycocotools", "onnxruntime", "ai-edge-litert", "openvino")
_STEPS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """An earlier result, what it is called, and the share by which a median may differ from it."""

    report: SpeedReport
    name: str
    margin: float


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchOrder:
    """What is to be measured. ``frames`` None means the labelled pictures, or else the usual frame."""

    models: tuple[Path, ...]
    """Bundles."""
    choice: Choice
    pace: Pace
    words: tuple[WakeWordModel, ...] = ()
    data: Path | None = None
    frames: FrameSource | None = None
    peers: tuple[Peer, ...] = ()
    base: Base | None = None
    sensors: Sensors = field(default_factory=Sensors)


@dataclass(frozen=True, kw_only=True, slots=True)
class Benchmark:
    """The report, and the error behind each row without figures, by the row's words."""

    report: SpeedReport
    errors: dict[str, SkerryError]

    def require_success(self) -> None:
        """Raise MissingError where nothing could be run; DataError or VerdictError where a row broke or got slower.

        A row that this machine cannot run is no failure where another one ran.
        """
        broken = {name: one for name, one in self.errors.items() if not isinstance(one, MissingError)}
        if broken:
            damaged = any(one.exit_code == DataError.exit_code for one in broken.values())
            family: type[SkerryError] = DataError if damaged else VerdictError
            raise family(f"{len(broken)} of {len(self.report.rows)} rows failed", found=_told(broken))
        if not self.report.measured:
            raise MissingError("nothing of this can run here", found=_told(self.errors))
        if self.report.against is not None:
            _require_no_regression(self.report.against)


def run_benchmark(order: BenchOrder, bar: Progress) -> Benchmark:
    """Measure every row in turn.

    A row that cannot be run, crashes or hangs is told in its place, and the others go on. Raises before anything is
    measured: BundleError for what is no bundle, ConfigError as `plan_rows`, `check_peer` and `check_comparable` do, and
    what `evaluate_detector` raises for the labelled folder.
    """
    bundles = tuple(Bundle.open(path) for path in order.models)
    if order.data is not None and order.words:
        words = ", ".join(one.path.stem for one in order.words)
        raise ConfigError("a wake word has no accuracy on pictures", where="--data", found=words)
    planned = plan_rows(bundles, order.choice, order.words)
    for peer in order.peers:
        check_peer(peer, bundles)
    frames = order.frames or _frames(order.data, bundles)
    looked_at, machine = frames.described(), describe_machine(order.sensors)
    if order.base is not None:
        keys = [(row.model, row.variant, row.backend, row.threads) for row in planned]
        check_comparable(order.base.report, order.base.name, machine, looked_at, keys)
    reports = evaluate_models(planned, order.data, stall_s=order.pace.stall_s, bar=bar) if order.data else {}
    outcomes = [_beside_peers(_measure(row, frames, order, bar), row, frames, order, bar) for row in planned]
    report = SpeedReport(
        schema=SCHEMA,
        kind="skerry-bench",
        measured_ms=time.time_ns() // 1_000_000,
        machine=machine,
        versions=versions(_PACKAGES),
        input=looked_at,
        rows=tuple(with_accuracy(one.row, reports) if order.data else one.row for one in outcomes),
        not_measured=order.sensors.missing(),
        confidence=CONFIDENCE,
    )
    if order.base is not None:
        against = compare(order.base.report, order.base.name, report, order.base.margin)
        report = msgspec.structs.replace(report, against=against)
    errors = {f"{one.row.model} {one.row.name}": one.error for one in outcomes if one.error is not None}
    return Benchmark(report=report, errors=errors)


def _measure(planned: PlannedRow, frames: FrameSource, order: BenchOrder, bar: Progress) -> Measured:
    task = bar.add_task(escape(f"{planned.model} {planned.variant}"), total=_STEPS)
    measured = measure_row(planned, frames, order.pace, order.sensors, _stepping(bar, task))
    bar.update(task, completed=_STEPS)
    return measured


def _beside_peers(
    measured: Measured, planned: PlannedRow, frames: FrameSource, order: BenchOrder, bar: Progress
) -> Measured:
    """Return the row with its peers; the error of one that failed stands where the row has none itself."""
    found, errors = [], [measured.error]
    for peer in order.peers if measured.error is None else ():
        task = bar.add_task(escape(f"{planned.variant} beside {peer.name}"), total=_STEPS)
        figures, error = measure_beside(planned, peer, frames, order.pace, _stepping(bar, task))
        bar.update(task, completed=_STEPS)
        found.append(figures)
        errors.append(None if isinstance(error, MissingError) else error)
    row = msgspec.structs.replace(measured.row, peers=tuple(found))
    return Measured(row=row, error=next((one for one in errors if one is not None), None))


def _stepping(bar: Progress, task: TaskID) -> Callable[[float], None]:
    return lambda share: bar.update(task, completed=int(share * _STEPS))


def _frames(data: Path | None, bundles: tuple[Bundle, ...]) -> FrameSource:
    if data is None:
        return FrameSource()
    pictures = read_dataset(data, bundles[0].manifest.labels).pictures[:MOST_PICTURES]
    return FrameSource(pictures=tuple(one.path for one in pictures))


def _require_no_regression(against: Against) -> None:
    slower = [one for one in against.changes if one.verdict == "regression"]
    if slower:
        found = "; ".join(f"{one.model} {one.name}: {one.ratio:.3g} times the earlier median" for one in slower)
        raise VerdictError(f"{len(slower)} rows are slower than before", where=against.base, found=found)
    if all(one.verdict == "not compared" for one in against.changes):
        found = "; ".join(f"{one.model} {one.name}: {one.reason}" for one in against.changes)
        raise VerdictError("no row could be compared", where=against.base, found=found)


def _told(errors: dict[str, SkerryError]) -> str:
    return "; ".join(f"{name}: {one}" for name, one in errors.items())
