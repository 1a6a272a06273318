"""One file out of a folder, such as a USB stick's, into a part file: no more of it than it may have."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from skerry_edge.foundation.errors import DataError, ReachError
from skerry_edge.transfer.disk import DiskError, need_room
from skerry_edge.transfer.download import BLOCK_BYTES, Progress
from skerry_edge.transfer.part_file import PartFile
from skerry_edge.transfer.resumption import wrong_size


class FolderError(ReachError):
    """The folder that a file is taken from does not give it; with the disk that it goes to all may be well."""


def copy(source: Path, part: PartFile, progress: Progress, *, sizes: Sequence[int], reserve_bytes: int = 0) -> None:
    """Make ``part`` whole from the regular file ``source``, whose size is one of ``sizes``, in bytes.

    Raises FolderError where it cannot be read, DiskError where it cannot be kept, DataError for another file.
    """
    with _opened(source) as taken:
        size = os.fstat(taken.fileno()).st_size
        if size not in sizes:
            raise wrong_size(str(source), size, sizes)
        need_room(part.path.parent, size, reserve_bytes=reserve_bytes)
        part.discard()
        _copy_bytes(taken, source, part, progress, size)


def _opened(source: Path) -> BinaryIO:
    """Return a regular file, open: a pipe in its place is not waited for."""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise FolderError("the folder does not give the file", where=str(source), found=error.strerror) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DataError("this is no regular file", where=str(source))
    return os.fdopen(descriptor, "rb")


def _copy_bytes(taken: BinaryIO, source: Path, part: PartFile, progress: Progress, size: int) -> None:
    done = 0
    try:
        with part.path.open("wb") as kept:
            while done < size:
                block = _read(taken, source, min(BLOCK_BYTES, size - done))
                kept.write(block)
                done += len(block)
                progress.at(done, size)
            kept.flush()
            os.fsync(kept.fileno())
    except OSError as error:
        raise DiskError.of(part.path, error) from error


def _read(taken: BinaryIO, source: Path, most: int) -> bytes:
    try:
        block = taken.read(most)
    except OSError as error:
        raise FolderError("the folder does not give the file", where=str(source), found=error.strerror) from error
    if not block:
        raise FolderError("the file became shorter while it was read", where=str(source))
    return block
