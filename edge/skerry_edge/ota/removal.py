"""Removes files and folders that are of no use any more; one that the disk does not let go of keeps no other."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder. Raises OSError where the disk refuses."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_all(paths: Iterable[Path]) -> None:
    """Remove each that can be removed. Raises the last OSError where the disk refused one."""
    refused: OSError | None = None
    for path in paths:
        try:
            remove(path)
        except OSError as error:  # noqa: PERF203  # each by itself: one must keep no other
            refused = error
    if refused is not None:
        raise refused
