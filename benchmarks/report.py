"""Figures beside their goals: a table for people, `build/bench/<suite>.json` for programs."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from skerry_edge.bench.speed.machine import describe_machine
from skerry_edge.bench.speed.sensors import Sensors
from skerry_edge.foundation.atomic import write_atomic

BENCH = Path(__file__).resolve().parent.parent / "build" / "bench"
_PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime", "ai-edge-litert", "openvino", "click", "msgspec")


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One number that an issue names; ``value`` is None where it could not be measured, and ``note`` says why.

    ``goal`` is the comparison as text, ``holds`` its outcome.
    """

    name: str
    value: float | None
    unit: str
    goal: str
    holds: bool
    note: str = ""


def at_most(name: str, value: float, limit: float, unit: str = "", note: str = "") -> Figure:
    """Return a figure that should not be above ``limit``."""
    return Figure(name=name, value=value, unit=unit, goal=f"<= {limit:.4g}", holds=value <= limit, note=note)


def at_least(name: str, value: float, limit: float, unit: str = "", note: str = "") -> Figure:
    """Return a figure that should not be below ``limit``."""
    return Figure(name=name, value=value, unit=unit, goal=f">= {limit:.4g}", holds=value >= limit, note=note)


def not_measured(name: str, goal: str, unit: str, reason: str) -> Figure:
    """Return a figure that this machine cannot give; it does not hold."""
    return Figure(name=name, value=None, unit=unit, goal=goal, holds=False, note=f"not measured: {reason}")


def machine() -> dict[str, object]:
    """Describe what the figures were measured on, without anything that names the machine."""
    return {
        **msgspec.structs.asdict(describe_machine(Sensors())),
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def publish(suite: str, figures: list[Figure]) -> Path:
    """Print the figures and write them; return the file's path."""
    Console(width=140).print(_table(suite, figures))
    BENCH.mkdir(parents=True, exist_ok=True)
    path = BENCH / f"{suite}.json"
    record = {"machine": machine(), "figures": [asdict(one) for one in figures]}
    write_atomic(path, json.dumps(record, indent=2).encode() + b"\n")
    print(f"wrote {path.relative_to(BENCH.parent.parent)}")
    return path


def _table(suite: str, figures: list[Figure]) -> Table:
    table = Table(title=f"suite {suite}")
    for heading in ("figure", "value", "unit", "goal", "holds", "note"):
        table.add_column(heading, overflow="fold")
    for one in figures:
        value = "-" if one.value is None else f"{one.value:.4g}"
        table.add_row(one.name, value, one.unit, one.goal, "yes" if one.holds else "NO", one.note)
    return table


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
