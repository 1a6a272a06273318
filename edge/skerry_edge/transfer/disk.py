"""What a download may take of the disk, and the one error for a disk that takes no more."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from skerry_edge.foundation.errors import ReachError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What a disk says that has no room left, or none for this user."""


class DiskError(ReachError):
    """The disk does not take the bytes: ``is_full``, or else read-only, broken or closed to this user."""

    def __init__(self, where: Path, found: str, *, is_full: bool) -> None:
        super().__init__(
            "cannot write what is downloaded",
            where=str(where),
            found=found,
            todo="make room there and try again: it goes on where it stopped",
        )
        self.is_full = is_full

    @classmethod
    def of(cls, where: Path, error: OSError) -> DiskError:
        """Return what the system's ``error`` says of the disk that holds ``where``."""
        return cls(where, error.strerror or str(error), is_full=error.errno in FULL)


def free_bytes(folder: Path) -> int:
    """Return how many bytes this process may still write below ``folder``. Raises OSError."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def need_room(folder: Path, size: int, *, reserve_bytes: int) -> None:
    """Raise DiskError unless ``size`` more bytes fit into ``folder`` with ``reserve_bytes`` left free."""
    try:
        missing = size + reserve_bytes - free_bytes(folder)
    except OSError as error:
        raise DiskError.of(folder, error) from error
    if missing > 0:
        raise DiskError(folder, f"{missing} bytes too few are free", is_full=True)
