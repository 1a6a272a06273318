"""A machine's folder of sensors laid out on disk, and results written down by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from skerry_edge.bench.speed.result import SCHEMA, Input, Machine, Row, SpeedReport
from skerry_edge.bench.speed.spread import spread

MACHINE = Machine(
    processor="A processor",
    architecture="aarch64",
    cores=4,
    memory_mb=4000,
    features=("asimddp",),
    board="A board",
    governor="ondemand",
    system="Linux 6.1",
    load_1min=0.1,
)
INPUT = Input(source="soft noise from seed 0", pictures=1, width_px=1280, height_px=720, sha256="00")


@pytest.fixture
def sysfs(tmp_path: Path) -> Callable[[Mapping[str, object]], Path]:
    """Return a function that writes values to files below a folder that stands for `/sys`."""

    def lay_out(values: Mapping[str, object]) -> Path:
        for name, value in values.items():
            path = tmp_path / "sys" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{value}\n")
        return tmp_path / "sys"

    return lay_out


@pytest.fixture
def measured_row() -> Callable[..., Row]:
    """Return a function that makes a row of blocks of milliseconds."""

    def make(blocks: Sequence[Sequence[float]] = ((10.0, 10.1, 9.9),) * 8, **fields: object) -> Row:
        values = [value for block in blocks for value in block]
        row = Row(
            model="signs",
            version="1.0.0",
            variant="tflite-int8",
            backend="litert",
            threads=2,
            outcome="measured",
            calls=len(values),
            stages_ms={"end_to_end": spread(values)},
            peak_memory_mb=90.0,
            blocks_ms=tuple(map(tuple, blocks)),
        )
        return msgspec.structs.replace(row, **fields)

    return make


@pytest.fixture
def report() -> Callable[..., SpeedReport]:
    """Return a function that makes a report of rows."""

    def make(*rows: Row, **fields: object) -> SpeedReport:
        made = SpeedReport(
            schema=SCHEMA,
            kind="skerry-bench",
            measured_ms=0,
            machine=MACHINE,
            versions={"skerry": "0.1.0"},
            input=INPUT,
            rows=rows,
            not_measured={},
            confidence=0.95,
        )
        return msgspec.structs.replace(made, **fields)

    return make
