"""The folder of downloads, which holds no more than what one update still needs."""

from __future__ import annotations

import shutil
from pathlib import Path

from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.choice import Choice


def clear(folder: Path, but_for: Choice | None) -> None:
    """Remove all downloads, whole or not, but for those of a choice. Raises ReachError where the disk refuses."""
    targets = (but_for.target, but_for.patch) if but_for is not None else ()
    wanted = tuple(one.sha256 for one in targets if one is not None)
    try:
        for one in folder.iterdir() if folder.is_dir() else ():
            if one.name.startswith(wanted):
                continue
            if one.is_dir() and not one.is_symlink():
                shutil.rmtree(one)
            else:
                one.unlink(missing_ok=True)
    except OSError as error:
        raise ReachError("cannot remove a download", where=str(folder), found=error.strerror) from error
