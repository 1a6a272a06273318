"""Memory and swap from `/proc/meminfo`, in units of 10**6 bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skerry_edge.foundation.errors import ReachError
from skerry_edge.machine.files import line_values, number, read_text

_MB_PER_KIB = 1024 / 1e6


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What there is and what is in use; swap is None where the kernel has none at all."""

    used_mb: float
    total_mb: float
    swap_used_mb: float | None
    swap_total_mb: float | None


def memory(root: Path) -> Memory:
    """Return the memory; what the kernel could free at once counts as not in use.

    Raises ReachError where it does not tell.
    """
    lines = line_values(read_text(root / "proc/meminfo"))
    total, available = _mb(lines, "MemTotal"), _mb(lines, "MemAvailable")
    if total is None or available is None:
        raise ReachError("the kernel does not tell how much memory there is", where=str(root / "proc/meminfo"))
    swap_total, swap_free = _mb(lines, "SwapTotal"), _mb(lines, "SwapFree")
    return Memory(
        used_mb=max(0.0, total - available),
        total_mb=total,
        swap_used_mb=None if swap_total is None or swap_free is None else swap_total - swap_free,
        swap_total_mb=swap_total,
    )


def _mb(lines: dict[str, str], key: str) -> float | None:
    kib = number(lines.get(key, "").removesuffix("kB").strip())
    return None if kib is None else kib * _MB_PER_KIB
