"""What a child's process costs: its share of a core and its memory, from the kernel's files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.machine.files import read_text

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_UTIME, _STIME, _STARTED, _RESIDENT = 11, 12, 19, 21
"""Places in /proc/PID/stat after the program's name in brackets, which may hold anything; see proc(5)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """``cpu_percent`` of one core since the last look, None at the first; ``memory_mb`` resident now."""

    cpu_percent: float | None = None
    memory_mb: float | None = None


class UsageMeter:
    """Looks at one process after the other; each look at another process is a first one."""

    def __init__(self, procfs: Path = Path("/proc"), clock_s: Callable[[], float] = time.monotonic) -> None:
        self._procfs = procfs
        self._clock_s = clock_s
        self._last: tuple[tuple[int, int], float, float] | None = None

    def look(self, pid: int | None) -> Usage:
        """Return what the process used since the last look; nothing for one that is gone."""
        words = _stat(self._procfs, pid)
        if pid is None or words is None:
            self._last = None
            return Usage()
        process, now_s = (pid, words[_STARTED]), self._clock_s()
        used_s = (words[_UTIME] + words[_STIME]) / _TICKS_PER_S
        last, self._last = self._last, (process, now_s, used_s)
        memory_mb = round(words[_RESIDENT] * _PAGE_BYTES / 1e6, 1)
        if last is None or last[0] != process or now_s <= last[1]:
            return Usage(memory_mb=memory_mb)
        return Usage(cpu_percent=round(100.0 * (used_s - last[2]) / (now_s - last[1]), 1), memory_mb=memory_mb)


def _stat(procfs: Path, pid: int | None) -> list[int] | None:
    """Return the numbers of /proc/PID/stat from the state on, which stands there as 0; None where there are none."""
    text = None if pid is None else read_text(procfs / str(pid) / "stat")
    if text is None:
        return None
    words = text.rpartition(")")[2].split()[1:]
    numbers = [int(word) for word in words if word.lstrip("-").isdecimal()]
    return [0, *numbers] if len(numbers) == len(words) and len(numbers) >= _RESIDENT else None
