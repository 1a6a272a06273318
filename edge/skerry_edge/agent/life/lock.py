"""One agent per state directory: a lock that the kernel drops when its holder dies."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.foundation.errors import ReachError

_log = logging.getLogger(__name__)
LOCK = "agent.lock"
MAX_AWAY = 8
"""So many directories that were moved away are held at most: each costs two descriptors."""
_Inode = tuple[int, int]
_UNKNOWN = "unknown"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_MISPLACED = (errno.EISDIR, errno.ENOENT)
"""A folder has the lock's place, or a link that leads nowhere: the directory's own lock has to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    """A directory that is locked for as long as ``descriptors`` are open; ``folder`` is its own."""

    folder: int
    descriptors: ExitStack


class StateHold:
    """Holds the directory that has the state directory's name, and those that had it before and may come back.

    While a directory is held, no other one can have its inode: by that it is known again.
    """

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._held: dict[_Inode, _Held] = {}
        self._here: _Inode | None = None

    def take(self) -> None:
        """Make the directory where it is missing, and hold it where this does not do so already.

        The directory itself is locked, and the file that tells who holds it: on a disk that takes no new file, the
        first is enough. Raises ReachError, naming the holder's process id where another agent has it, or where it
        cannot be made or read.
        """
        with ExitStack() as descriptors:
            try:
                self._state_dir.mkdir(parents=True, exist_ok=True)
                folder = os.open(self._state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                descriptors.callback(os.close, folder)
                inode = _inode(os.fstat(folder))
                file = None if inode in self._held else _open(self._state_dir / LOCK)
            except OSError as error:
                raise _unusable(self._state_dir, error) from error
            if file is not None:
                descriptors.callback(os.close, file)
            if inode not in self._held:
                _lock(folder, file, self._state_dir)
                self._held[inode] = _Held(folder=folder, descriptors=descriptors.pop_all())
        self._here = inode
        self._let_go_of_what_is_gone()

    def is_here(self) -> bool:
        """Tell whether the directory that was taken last still has the name."""
        try:
            return _inode(self._state_dir.stat()) == self._here
        except OSError:
            return False

    def close(self) -> None:
        """Hold nothing any more."""
        for one in self._held.values():
            one.descriptors.close()
        self._held.clear()

    def _let_go_of_what_is_gone(self) -> None:
        """Hold no directory that was removed, for it cannot come back, and of the others only so many."""
        away = [inode for inode in self._held if inode != self._here]
        gone = [inode for inode in away if os.fstat(self._held[inode].folder).st_nlink == 0]
        for inode in {*gone, *away[:-MAX_AWAY]}:
            self._held.pop(inode).descriptors.close()


def _inode(status: os.stat_result) -> _Inode:
    return status.st_dev, status.st_ino


@contextmanager
def hold_state_dir(state_dir: Path) -> Iterator[StateHold]:
    """Hold the state directory for the body. Raises what `StateHold.take` raises."""
    hold = StateHold(state_dir)
    try:
        hold.take()
        yield hold
    finally:
        hold.close()


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
