"""Ways to strike a process at one of its writes: killed there, cut off from power there, or refused by the disk."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import HasFileno

_WRITES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.truncate")


class Killed(BaseException):
    """The process is no more; nothing catches this but who starts the next one."""


class Striker:
    """Counts the writes below a folder, and strikes at one of them; once struck dead, every later one fails, too.

    Python tells an audit hook of each opening for writing, renaming and removing before it is done (PEP 578). A strike
    before one write is a strike after the one before it.
    """

    def __init__(self) -> None:
        self._folder: str | None = None
        self._at = 0
        self._strike: Callable[[], None] | None = None
        self.writes = 0
        sys.addaudithook(self._hear)

    @contextmanager
    def over(self, folder: Path, *, at: int = 0, strike: Callable[[], None] | None = None) -> Iterator[Striker]:
        """Strike within the body before the write number ``at``, counted from 1, and at all after it."""
        self._folder, self._at, self._strike, self.writes = str(folder), at, strike, 0
        try:
            yield self
        finally:
            self._folder = None

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._folder is None or not _is_write(event, arguments) or not self._concerns(arguments):
            return
        self.writes += 1
        if self._strike is not None and 0 < self._at <= self.writes:
            self._strike()

    def _concerns(self, arguments: tuple[Any, ...]) -> bool:
        assert self._folder is not None  # noqa: S101  # heard only over a folder
        return any(_text(one).startswith(self._folder) for one in arguments[:2])


def _is_write(event: str, arguments: tuple[Any, ...]) -> bool:
    if event != "open":
        return event in _WRITES
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _text(argument: object) -> str:
    return os.fsdecode(argument) if isinstance(argument, str | bytes | os.PathLike) else ""


def kill() -> None:
    """End the process."""
    raise Killed


def refuse(number: int, times: int) -> Callable[[], None]:
    """Return a strike that refuses so many writes with this errno, and then no more."""
    left = times

    def strike() -> None:
        nonlocal left
        if left > 0:
            left -= 1
            raise OSError(number, os.strerror(number))

    return strike


NO_SPACE = errno.ENOSPC
READ_ONLY = errno.EROFS


class Unsynced:
    """Knows which files below a folder were never made durable, and empties them, as a power cut may."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._durable: set[tuple[int, int]] = {_identity(path) for path in _files(folder)}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note what is made durable within the body."""
        real = os.fsync

        def noted(fd: int | HasFileno) -> None:
            real(fd)
            found = os.fstat(fd if isinstance(fd, int) else fd.fileno())
            self._durable.add((found.st_dev, found.st_ino))

        os.fsync = noted
        try:
            yield
        finally:
            os.fsync = real

    def lose(self) -> None:
        """Empty every file that was never made durable."""
        for path in _files(self._folder):
            if _identity(path) not in self._durable:
                path.write_bytes(b"")


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
