"""Files of earlier benchmarks and evaluations, read and brought together for one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import astuple

from skerry_boards.schema import Board
from skerry_edge.bench.evaluation.detection.figures import DetectionReport
from skerry_edge.bench.recommendation.boards import is_board
from skerry_edge.bench.speed.base_file import MAX_BYTES, read_base
from skerry_edge.bench.speed.measuring import described
from skerry_edge.bench.speed.plan import Choice, PlannedRow, plan_rows
from skerry_edge.bench.speed.result import Machine, Row, SpeedReport
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """Rows of one model on one machine; ``origin`` says where they are from."""

    machine: Machine
    rows: tuple[Row, ...]
    origin: str


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
    told = [row for path, report in chosen for row in _rows_of(report, bundle, path)]
    # What was measured counts before what was not, and then what is newer.
    rows = {row.name: row for row in sorted(told, key=lambda row: row.outcome == "measured")}
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


def _rows_of(report: SpeedReport, bundle: Bundle, path: Path) -> list[Row]:
    wanted = (bundle.manifest.name, bundle.manifest.version)
    rows = [row for row in report.rows if (row.model, row.version) == wanted]
    for row in rows:
        total = row.stages_ms.get("end_to_end")
        if row.outcome == "measured" and (total is None or min(astuple(total)) <= 0.0):
            raise DataError("a row of the results has no times from end to end", where=str(path), found=row.name)
    return rows


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
