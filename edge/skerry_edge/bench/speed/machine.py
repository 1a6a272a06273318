"""What figures are measured on: processor, the instructions that matter, memory, board, governor and load."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

from skerry_edge.bench.speed.result import Machine
from skerry_edge.bench.speed.sensors import Sensors
from skerry_edge.machine.files import read_text

CPUINFO = Path("/proc/cpuinfo")
_BOARD = Path("firmware/devicetree/base/model")
_TELLING = (
    "avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_tile", "amx_int8", "amx_bf16",
    "asimd", "asimddp", "asimdhp", "i8mm", "bf16", "sve", "sve2",
)  # fmt: skip
"""Flags of x86 and features of Arm by which integer and half-precision kernels are chosen."""


def describe_machine(sensors: Sensors, cpuinfo: Path = CPUINFO) -> Machine:
    """Return what there is to say about this machine."""
    described = _described(read_text(cpuinfo) or "")
    board = read_text(sensors.sysfs / _BOARD)
    return Machine(
        processor=processor_name(described) or platform.processor() or "unknown",
        architecture=platform.machine(),
        cores=psutil.cpu_count() or 1,
        memory_mb=round(psutil.virtual_memory().total / 1e6),
        features=processor_features(described),
        board=board,
        governor=sensors.governor(),
        system=f"{platform.system()} {platform.release()}",
        load_1min=load_1min(),
    )


def load_1min() -> float:
    """Return how many processes have wanted a core over the last minute, on average."""
    return round(os.getloadavg()[0], 2)


def processor_name(described: dict[str, str]) -> str | None:
    """Return the processor's name from the lines of `/proc/cpuinfo`; Arm's kernels give numbers alone."""
    if "model name" in described:
        return described["model name"]
    numbers = [described[key] for key in ("CPU implementer", "CPU part") if key in described]
    return f"Arm implementer {numbers[0]} part {numbers[1]}" if len(numbers) == 2 else None


def processor_features(described: dict[str, str]) -> tuple[str, ...]:
    """Return those of the processor's features by which kernels are chosen."""
    words = set((described.get("flags") or described.get("Features") or "").split())
    return tuple(name for name in _TELLING if name in words)


def _described(text: str) -> dict[str, str]:
    """Return what the first core's lines say."""
    lines = (line.partition(":") for line in text.split("\n\n", 1)[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in lines}
