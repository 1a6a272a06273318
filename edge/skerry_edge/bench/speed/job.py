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
from skerry_edge.bench.speed.measuring import Pace, measure_row
from skerry_edge.bench.speed.peers.registry import Peer, check_peer
from skerry_edge.bench.speed.plan import Choice, PlannedRow, plan_rows
from skerry_edge.bench.speed.result import SCHEMA, Against, Row, SpeedReport
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
    """The report, and the error behind each row and peer without figures, by its words."""

    report: SpeedReport
    errors: dict[str, SkerryError]

    def require_success(self) -> None:
        """Raise MissingError where nothing could be run; DataError or VerdictError where a row broke or got slower.

        A row or peer that this machine cannot run is no failure where another row ran.
        """
        broken = {name: one for name, one in self.errors.items() if not isinstance(one, MissingError)}
        if broken:
            damaged = any(one.exit_code == DataError.exit_code for one in broken.values())
            family: type[SkerryError] = DataError if damaged else VerdictError
            tried = sum(1 + len(row.peers) for row in self.report.rows)
            raise family(f"{len(broken)} of {tried} measurements failed", found=_told(broken))
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
    planned = _planned(order, bundles)
    frames = order.frames or _frames(order.data, bundles)
    looked_at, machine = frames.described(), describe_machine(order.sensors)
    if order.base is not None:
        keys = [(row.model, row.variant, row.backend, row.threads) for row in planned]
        check_comparable(order.base.report, order.base.name, machine, looked_at, keys)
    reports = evaluate_models(planned, order.data, stall_s=order.pace.stall_s, bar=bar) if order.data else {}
    measured = [_measure(row, frames, order, bar) for row in planned]
    report = SpeedReport(
        schema=SCHEMA,
        kind="skerry-bench",
        measured_ms=time.time_ns() // 1_000_000,
        machine=machine,
        versions=versions(_PACKAGES),
        input=looked_at,
        rows=tuple(with_accuracy(row, reports) if order.data else row for row, _ in measured),
        not_measured=order.sensors.missing(),
        confidence=CONFIDENCE,
    )
    if order.base is not None:
        against = compare(order.base.report, order.base.name, report, order.base.margin)
        report = msgspec.structs.replace(report, against=against)
    return Benchmark(report=report, errors={name: one for _, errors in measured for name, one in errors.items()})


def labelled_frames(data: Path, bundle: Bundle) -> FrameSource:
    """Return the first pictures of a labelled folder. Raises as `read_dataset`."""
    pictures = read_dataset(data, bundle.manifest.labels).pictures[:MOST_PICTURES]
    return FrameSource(pictures=tuple(one.path for one in pictures))


def _planned(order: BenchOrder, bundles: tuple[Bundle, ...]) -> tuple[PlannedRow, ...]:
    """Return the rows. Raises ConfigError for what was asked for and does not go together."""
    if order.data is not None and order.words:
        words = ", ".join(one.path.stem for one in order.words)
        raise ConfigError("a wake word has no accuracy on pictures", where="--data", found=words)
    if order.peers and not bundles:
        raise ConfigError("peers run the files of bundles", where="--peer", found="a wake word alone")
    for peer in order.peers:
        check_peer(peer, bundles)
    return plan_rows(bundles, order.choice, order.words)


def _measure(
    planned: PlannedRow, frames: FrameSource, order: BenchOrder, bar: Progress
) -> tuple[Row, dict[str, SkerryError]]:
    """Return a row with its peers, and what kept it and them from having figures."""
    task = bar.add_task(escape(f"{planned.model} {planned.variant}"), total=_STEPS)
    measured = measure_row(planned, frames, order.pace, order.sensors, _stepping(bar, task))
    bar.update(task, completed=_STEPS)
    name = f"{measured.row.model} {measured.row.name}"
    if measured.error is not None:
        return measured.row, {name: measured.error}
    found, errors = [], {}
    for peer in order.peers:
        task = bar.add_task(escape(f"{planned.variant} beside {peer.name}"), total=_STEPS)
        figures, error = measure_beside(planned, peer, frames, order.pace, _stepping(bar, task))
        bar.update(task, completed=_STEPS)
        found.append(figures)
        if error is not None:
            errors[f"{name} beside {peer.name}"] = error
    return msgspec.structs.replace(measured.row, peers=tuple(found)), errors


def _stepping(bar: Progress, task: TaskID) -> Callable[[float], None]:
    return lambda share: bar.update(task, completed=int(share * _STEPS))


def _frames(data: Path | None, bundles: tuple[Bundle, ...]) -> FrameSource:
    return FrameSource() if data is None else labelled_frames(data, bundles[0])


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
