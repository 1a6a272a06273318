"""A benchmark as comma-separated values: one line a row, the names of the JSON's fields joined by underscores."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import msgspec

from skerry_edge.bench.evaluation.detection.figures import Difference
from skerry_edge.bench.speed.result import Accuracy, ColdStart, Conditions, Row, SpeedReport, Spread, WarmUp
from skerry_edge.contracts.messages import STAGES

_PARTS: dict[str, type[msgspec.Struct]] = {
    "cold_start": ColdStart,
    "warm_up": WarmUp,
    "conditions": Conditions,
    "accuracy": Accuracy,
}
_WITHIN: dict[str, type[msgspec.Struct]] = {"against_baseline": Difference}
"""Fields of parts that are structs themselves."""
_TIMED = [stage for stage in STAGES if stage not in ("capture", "publish")]
_APART = ("stages_ms", "blocks_ms", "peers", "disturbed")
"""Fields with a form of their own here; the calls' times and the peers are in the JSON alone."""


def csv_lines(report: SpeedReport) -> str:
    """Return the lines; a cell is empty where something was not measured."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=_columns(), lineterminator="\n")
    writer.writeheader()
    for row in report.rows:
        writer.writerow(_cells(row))
    return out.getvalue()


def _columns() -> list[str]:
    plain = [name for name in Row.__struct_fields__ if name not in _PARTS and name not in _APART]
    parts = [column for name, part in _PARTS.items() for column in _part_columns(name, part)]
    stages = [f"{stage}_{field}_ms" for stage in _TIMED for field in Spread.__struct_fields__]
    return [*plain, "disturbed", *stages, *parts]


def _cells(row: Row) -> dict[str, Any]:
    cells: dict[str, Any] = {name: getattr(row, name) for name in Row.__struct_fields__ if name not in _APART}
    for name in _PARTS:
        part = cells.pop(name)
        cells |= {} if part is None else dict(_part_cells(name, part))
    for stage, figures in row.stages_ms.items():
        cells |= {f"{stage}_{key}_ms": value for key, value in msgspec.structs.asdict(figures).items()}
    return {**cells, "disturbed": "; ".join(row.disturbed)}


def _part_columns(name: str, part: type[msgspec.Struct]) -> Iterator[str]:
    for field in part.__struct_fields__:
        if field in _WITHIN:
            yield from _part_columns(f"{name}_{field}", _WITHIN[field])
        else:
            yield f"{name}_{field}"


def _part_cells(name: str, part: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    for field, value in msgspec.structs.asdict(part).items():
        if field not in _WITHIN:
            yield f"{name}_{field}", value
        elif value is not None:
            yield from _part_cells(f"{name}_{field}", value)
