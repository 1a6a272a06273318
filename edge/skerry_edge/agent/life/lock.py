"""One agent per state directory: a lock that the kernel drops when its holder dies."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from skerry_edge.foundation.errors import ReachError

_log = logging.getLogger(__name__)
LOCK = "agent.lock"
_UNKNOWN = "unknown"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_MISPLACED = (errno.EISDIR, errno.ENOENT)
"""A folder has the lock's place, or a link that leads nowhere: the directory's own lock has to do."""


@contextmanager
def hold_state_dir(state_dir: Path) -> Iterator[None]:
    """Make the state directory where it is missing and hold it for the body.

    The directory itself is locked, and the file that tells who holds it: on a disk that takes no new file, the first is
    enough. Raises ReachError, naming the holder's process id where another agent has it, or where it cannot be made or
    read.
    """
    with ExitStack() as held:
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            held.callback(os.close, folder)
            file = _open(state_dir / LOCK)
        except OSError as error:
            raise _unusable(state_dir, error) from error
        if file is not None:
            held.callback(os.close, file)
        _lock(folder, file, state_dir)
        yield


def _unusable(state_dir: Path, error: OSError) -> ReachError:
    todo = "set 'state_dir' to a directory that this user may write"
    if error.errno in _FULL:
        todo = "make room on its disk: the directory itself cannot be made"
    return ReachError("cannot use the state directory", where=str(state_dir), found=error.strerror, todo=todo)


def _open(path: Path) -> int | None:
    """Open the lock's file, only for reading where the disk takes nothing; None where it cannot even be made there."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno not in (errno.EROFS, *_FULL, *_MISPLACED):
            raise
        _log.warning("no lock can be written in %s: %s", path.parent, error.strerror)
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def holder_of(state_dir: Path) -> str | None:
    """Return the process id of the agent that holds the state directory, None where none does or none can be seen."""
    with ExitStack() as opened:
        descriptors = []
        for path in (state_dir, state_dir / LOCK):
            with suppress(OSError):
                descriptors.append(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
                opened.callback(os.close, descriptors[-1])
        is_held = any(not _take(one, fcntl.LOCK_SH) for one in descriptors)
        return (_holder(descriptors[1]) if len(descriptors) > 1 else _UNKNOWN) if is_held else None


def _take(descriptor: int, kind: int) -> bool:
    """Lock a file or directory; False where somebody else has it. One that knows no locks is nobody's."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # A directory on NFS, say; the lock's file is what counts there.
        _log.debug("this cannot be locked: %s", error.strerror)
    return True


def _holder(descriptor: int) -> str:
    try:
        return os.pread(descriptor, 32, 0).decode("ascii", errors="replace").strip() or _UNKNOWN
    except OSError:
        return _UNKNOWN  # a pipe or a folder in the lock's place


def _lock(folder: int, file: int | None, state_dir: Path) -> None:
    if not all(_take(one, fcntl.LOCK_EX) for one in (folder, file) if one is not None):
        # No ConfigError: the service is to try again, which it does not where the configuration is wrong.
        raise ReachError(
            "another agent uses the state directory",
            where=str(state_dir),
            found=f"process {_UNKNOWN if file is None else _holder(file)}",
            todo="stop it, or give this agent a 'state_dir' of its own",
        )
    if file is None:
        return
    try:
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        # The lock holds all the same: on a full disk the agent has more to do than to say its number.
        _log.warning("cannot write the process id into the lock in %s: %s", state_dir, error.strerror)
