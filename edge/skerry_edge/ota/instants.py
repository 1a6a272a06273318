"""Now, by the clock that nobody can set: the machine's start and the time since then."""

from __future__ import annotations

from skerry_edge.machine.boot import boot_id, since_boot_s
from skerry_edge.ota.machine.record import Instant


def now() -> Instant:
    """Return this moment."""
    return Instant(boot=boot_id(), since_boot_s=since_boot_s())
