"""Files that are either the old or the new content, whole, whatever happens in between."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from skerry_edge.foundation.errors import ReachError


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace ``path`` by ``data``: temporary file beside it, fsync, rename, fsync of the directory.

    Raises ReachError when the directory is missing, full or read-only, or ``path`` is no regular file (a rename would
    put one in the place of a device or pipe); the old content then stays.
    """
    refuse_other_kinds(path)
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        publish(Path(temporary), path, mode=mode)
        temporary = None
    except OSError as error:
        raise ReachError(
            "cannot write a file", where=str(path), found=error.strerror, todo="check space and permissions"
        ) from error
    finally:
        if temporary is not None:
            # A disk that became read-only meanwhile refuses this as well, and the first refusal is the one to tell.
            with contextlib.suppress(OSError):
                Path(temporary).unlink(missing_ok=True)


def refuse_other_kinds(path: Path) -> None:
    """Raise ReachError where ``path`` is there and no regular file."""
    try:
        kind = path.stat().st_mode
    except OSError:
        return  # nothing there, or not to be reached: then writing says so
    if not stat.S_ISREG(kind):
        raise ReachError(
            "only a regular file can be read or replaced whole",
            where=str(path),
            found="a folder" if stat.S_ISDIR(kind) else "a device, pipe or socket",
            todo="give the name of a file",
        )


def publish(aside: Path, path: Path, *, mode: int = 0o644) -> None:
    """Give the file ``aside``, whole and in the same directory, the name ``path`` for good. Raises OSError."""
    descriptor = os.open(aside, os.O_RDONLY)
    try:
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    aside.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make renames and new names in ``directory`` survive a power cut. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
