"""One agent per state directory: a lock that the kernel drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skerry_edge.foundation.errors import ConfigError, ReachError

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
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
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


def _lock(descriptor: int, state_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 32, 0).decode("ascii", errors="replace").strip() or "unknown"
        raise ConfigError(
            "another agent uses the state directory",
            where=str(state_dir),
            found=f"process {holder}",
            todo="stop it, or give this agent a 'state_dir' of its own",
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
