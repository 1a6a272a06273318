"""An earlier result, read from its JSON file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from skerry_edge.bench.speed.result import SCHEMA, SpeedReport
from skerry_edge.foundation.errors import DataError, ReachError

MAX_BYTES = 1 << 28


class _Header(msgspec.Struct):
    schema: int
    kind: str


def read_base(path: Path) -> SpeedReport:
    """Read what `skerry bench --json` wrote.

    Raises ReachError where the file cannot be read, DataError for one that is no benchmark or of another schema.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReachError("cannot read the earlier result", where=str(path), found=error.strerror) from error
    if len(raw) > MAX_BYTES:
        raise DataError("the earlier result is too large", where=str(path), found=f"over {MAX_BYTES} bytes")
    try:
        header = msgspec.json.decode(raw, type=_Header)
        if header.kind == "skerry-bench" and header.schema != SCHEMA:
            raise DataError(
                "the earlier result has another schema",
                where=str(path),
                found=f"schema {header.schema}, expected {SCHEMA}",
                todo="measure it again with this version",
            )
        return _checked(msgspec.json.decode(raw, type=SpeedReport), path)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            "this is no result of `skerry bench --json`", where=str(path), found=str(error).strip()[:300]
        ) from error


def _checked(report: SpeedReport, path: Path) -> SpeedReport:
    """Refuse a report whose rows say that they were measured, and hold no times."""
    for row in report.measured:
        if not row.blocks_ms or not all(block and min(block) > 0 for block in row.blocks_ms):
            raise DataError(
                "a row of the earlier result has no times", where=str(path), found=f"{row.model} {row.name}"
            )
    return report
