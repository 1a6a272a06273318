"""One agent per state directory: a lock that the kernel drops when its holder dies."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skerry_edge.foundation.errors import ConfigError, ReachError

_log = logging.getLogger(__name__)
LOCK = "agent.lock"


@contextmanager
def hold_state_dir(state_dir: Path) -> Iterator[None]:
    """Make the state directory where it is missing and hold it for the body.

    Raises ConfigError naming the holder's process id where another agent has it, ReachError where it cannot be
    made or written.
    """
    path = state_dir / LOCK
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        descriptor = _open(path)
    except OSError as error:
        raise ReachError(
            "cannot use the state directory",
            where=str(state_dir),
            found=error.strerror,
            todo="set 'state_dir' to a directory that this user may write",
        ) from error
    try:
        _lock(descriptor, state_dir)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    """Open the lock's file, only for reading where the disk takes nothing: that is enough to lock it."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def holder_of(state_dir: Path) -> str | None:
    """Return the process id of the agent that holds the state directory, None where none does or none can be seen."""
    try:
        descriptor = os.open(state_dir / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _holder(descriptor)
    finally:
        os.close(descriptor)
    return None


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode("ascii", errors="replace").strip() or "unknown"


def _lock(descriptor: int, state_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = _holder(descriptor)
        raise ConfigError(
            "another agent uses the state directory",
            where=str(state_dir),
            found=f"process {holder}",
            todo="stop it, or give this agent a 'state_dir' of its own",
        ) from error
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        # The lock holds all the same: on a full disk the agent has more to do than to say its number.
        _log.warning("cannot write the process id into the lock in %s: %s", state_dir, error.strerror)
