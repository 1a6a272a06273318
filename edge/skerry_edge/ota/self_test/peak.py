"""The most memory that this process has had."""

from __future__ import annotations

import re
from pathlib import Path

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def peak_mb() -> float:
    """Return the most memory that this process has had since its program began, in MB (proc(5), VmHWM).

    What getrusage tells begins with what the parent held when it forked, so a large parent would hide all of it.
    """
    found = _PEAK.search(Path("/proc/self/status").read_text(encoding="ascii", errors="replace"))
    assert found is not None  # noqa: S101  # every Linux process has one
    return int(found[1]) * 1024 / 1e6
