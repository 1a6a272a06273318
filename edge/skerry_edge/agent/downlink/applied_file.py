"""The desired configuration that a device took on, kept over a restart."""

from __future__ import annotations

from pathlib import Path

import msgspec

from skerry_edge.agent.downlink.desired import NOTHING, Applied
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.contracts.messages import MAX_JSON_BYTES
from skerry_edge.foundation.atomic import write_atomic

FILE = "desired.json"
_MAX_BYTES = 2 * MAX_JSON_BYTES


def load_applied(files: StateFiles) -> Applied:
    """Return what was kept, or a version 0 that asks for nothing.

    What cannot be used is set aside: the broker still holds the message and sends it again.
    """
    return files.read(FILE, _checked, max_bytes=_MAX_BYTES, absent=NOTHING, damaged=NOTHING)


def _checked(data: bytes) -> Applied:
    applied = msgspec.json.decode(data, type=Applied)
    if applied.sha256 != Applied.of(applied.desired).sha256:
        raise ValueError("its hash does not fit")
    return applied


def save_applied(state_dir: Path, applied: Applied) -> None:
    """Keep a version. Raises ReachError where the disk does not take it; what was kept before then stays."""
    write_atomic(state_dir / FILE, msgspec.json.encode(applied))
