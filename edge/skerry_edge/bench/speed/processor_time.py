"""How the machine's processors spent their time, from the kernel's `/proc/stat`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC_STAT = Path("/proc/stat")
_FIELDS = 8
"""user, nice, system, idle, iowait, irq, softirq, steal; guests' time is part of user and nice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessorTime:
    """Seconds since boot, summed over all cores: at work, taken by the host for others, and altogether."""

    busy_s: float
    stolen_s: float
    total_s: float


def read_processor_time(path: Path = PROC_STAT) -> ProcessorTime | None:
    """Return the times now; None where the system does not tell."""
    try:
        text = path.read_text(encoding="ascii")
    except OSError:
        return None
    return parse_processor_time(text, ticks_per_s=os.sysconf("SC_CLK_TCK"))


def parse_processor_time(text: str, *, ticks_per_s: int) -> ProcessorTime | None:
    """Return the times in the text of `/proc/stat`; None where its first line is not that of all cores."""
    words = text.split("\n", 1)[0].split()
    if len(words) <= _FIELDS or words[0] != "cpu" or not all(word.isdecimal() for word in words[1:]):
        return None
    ticks = [int(word) for word in words[1 : 1 + _FIELDS]]
    idle, stolen = ticks[3] + ticks[4], ticks[7]
    total = sum(ticks)
    return ProcessorTime(
        busy_s=(total - idle - stolen) / ticks_per_s, stolen_s=stolen / ticks_per_s, total_s=total / ticks_per_s
    )
