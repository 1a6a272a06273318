"""The machine's start: what names it, and the time since then, which no clock that jumps changes."""

from __future__ import annotations

import time
from pathlib import Path

from skerry_edge.machine.files import read_text

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
UNKNOWN_BOOT = "unknown"


def since_boot_s() -> float:
    """Return the seconds since the machine's start, those that it slept included (CLOCK_BOOTTIME)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """Return the kernel's id of this start of the machine, `UNKNOWN_BOOT` where it gives none."""
    return read_text(_BOOT_ID) or UNKNOWN_BOOT
