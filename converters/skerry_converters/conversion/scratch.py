"""A run's temporary files: all in one folder, which goes however the run ends."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skerry_converters.temporary_space import shortage
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.termination import ended_by_signals

PREFIX = "skerry-convert-"
_ATTEMPTS = 10


@contextmanager
def scratch() -> Iterator[Path]:
    """Put the temporary files of this process, and of those that it starts, into one folder that goes with the body.

    SIGTERM and SIGHUP end the body as Ctrl-C does, with exit code 128 plus their number. What a run left that was
    killed outright is removed when the next one begins. Raises ReachError where there is no room for the folder, or
    none is left in it.
    """
    root = Path(tempfile.gettempdir())
    _remove_abandoned(root)
    with ended_by_signals(), _own_folder(root) as folder, _as_temporary_folder(folder), _told_of_shortage(folder):
        yield folder


def _remove_abandoned(root: Path) -> None:
    """Remove this user's folders that no process holds any more."""
    for folder in root.glob(f"{PREFIX}*"):
        lock = _lock(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


@contextmanager
def _own_folder(root: Path) -> Iterator[Path]:
    folder, lock = _made(root)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _made(root: Path) -> tuple[Path, int]:
    # Between making and locking, another run may take the folder for an abandoned one.
    for _ in range(_ATTEMPTS):
        try:
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        except OSError as error:
            raise ReachError(
                "cannot make a folder for temporary files",
                where=str(root),
                found=error.strerror,
                todo="check space and permissions, or name another folder in TMPDIR",
            ) from error
        lock = _lock(folder)
        if lock is not None:
            return folder, lock
    raise ReachError(
        "cannot lock a folder for temporary files", where=str(root), todo="name a folder of a local disk in TMPDIR"
    )


def _lock(folder: Path) -> int | None:
    """Return a descriptor that holds a folder of this user's until it is closed, or until the process dies.

    None where another process holds the folder, or it is gone.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    own = os.fstat(descriptor).st_uid == os.getuid()
    if own and _taken(descriptor) and folder.exists():
        return descriptor
    os.close(descriptor)
    return None


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process has it, or the file system knows no locks
        return False
    return True


@contextmanager
def _as_temporary_folder(folder: Path) -> Iterator[None]:
    """Let everybody make temporary files in ``folder``: the tools have such files of their own."""
    environment, chosen = os.environ.get("TMPDIR"), tempfile.tempdir
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = chosen
        if environment is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = environment


@contextmanager
def _told_of_shortage(folder: Path) -> Iterator[None]:
    """Say which disk is full: what failed to write to an open file does not."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT) and (full := shortage(folder)):
            raise full from error
        raise
