"""Reads small regular files whole: a pipe in a file's place is not waited for, and no device is read without end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MOMENTARY = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN, errno.EACCES})
"""Reading that fails for one of these says nothing about the file."""
DAMAGED = (ValueError, RecursionError)
"""What a decoder raises for bytes that are not what was written: msgspec's own errors and UnicodeDecodeError are both
the first."""


def read_small(path: Path, max_bytes: int) -> bytes:
    """Return what a regular file of at most ``max_bytes`` holds.

    Raises OSError, always with a ``strerror``: FileNotFoundError where there is none, EISDIR and EINVAL where
    something else has its place or the path holds a NUL, EFBIG where it is larger.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError as error:
        raise OSError(errno.EINVAL, "a path with a NUL in it") from error
    try:
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(kind):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(kind):
            raise OSError(errno.EINVAL, "a device, pipe or socket instead of a file", str(path))
        data = b""
        while len(data) <= max_bytes and (piece := os.read(descriptor, max_bytes + 1 - len(data))):
            data += piece
    finally:
        os.close(descriptor)
    if len(data) > max_bytes:
        raise OSError(errno.EFBIG, f"over {max_bytes} bytes", str(path))
    return data
