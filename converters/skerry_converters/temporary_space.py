"""Whether a failure came of a full disk: tools that cannot write say so in many ways, and mostly not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

from skerry_edge.foundation.errors import ReachError

LEAST_BYTES = 1 << 20
"""A write that does not fit leaves less; no conversion gets along with so little."""


def shortage(folder: Path) -> ReachError | None:
    """Return the error to raise where the disk of the temporary files in ``folder`` is full, else None."""
    free = shutil.disk_usage(folder).free
    if free >= LEAST_BYTES:
        return None
    return ReachError(
        "there is no space left for temporary files",
        where=str(folder),
        found=f"{free} bytes",
        todo="make space there, or name a folder of another disk in TMPDIR",
    )
