"""Blocks of timed calls inside the process that runs them: every call's times are kept, and nothing happens between."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Calls that ran one after another: milliseconds by stage, and what the process used meanwhile.

    ``peak_memory_mb`` is the most that it has held so far.
    """

    stages_ms: dict[str, list[float]]
    elapsed_s: float
    cpu_s: float
    peak_memory_mb: float


def timed_blocks(first: object, call: Callable[[], dict[str, float]]) -> Generator[object, int, None]:
    """Say ``first``, then answer each number of calls that is sent in with the Block of them."""
    calls = yield first
    while True:
        calls = yield _block(call, calls)


def _block(call: Callable[[], dict[str, float]], calls: int) -> Block:
    cpu_s, start = _cpu_s(), time.perf_counter()
    taken = [call() for _ in range(calls)]
    elapsed_s, used_s = time.perf_counter() - start, _cpu_s() - cpu_s
    return Block(
        stages_ms={stage: [one[stage] for one in taken] for stage in taken[0]},
        elapsed_s=elapsed_s,
        cpu_s=used_s,
        peak_memory_mb=_peak_memory_mb(),
    )


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak_memory_mb() -> float:
    # Not ru_maxrss: Linux counts there what the starting process held when it forked.
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
