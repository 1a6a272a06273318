"""Ways to strike a process at one of its writes: ended there, or refused by the disk."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

_PLACES = {
    "open": ((0, None),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.truncate": ((0, None),),
    "os.chmod": ((0, 2),),
}
"""Which arguments of an audit event are paths that are changed, and which are the folders that these begin from."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
NO_SPACE = errno.ENOSPC
READ_ONLY = errno.EROFS
FOR_GOOD = sys.maxsize
Strike = Callable[[], None]


class Striker:
    """Counts the writes below a folder, and strikes before one of them and all that follow.

    Python tells an audit hook of each opening for writing, renaming and removing before it is done (PEP 578). A strike
    before one write is a strike after the one before it. A hook can never be taken away again: use `striker`.
    """

    def __init__(self) -> None:
        self._folder: str | None = None
        self._at = 0
        self._strike: Strike | None = None
        self.writes = 0
        sys.addaudithook(self._hear)

    @contextmanager
    def over(self, folder: Path, *, at: int = 0, strike: Strike | None = None) -> Iterator[Striker]:
        """Strike within the body before the write number ``at``, counted from 1, and before all after it."""
        self._folder, self._at, self._strike, self.writes = str(folder), at, strike, 0
        try:
            yield self
        finally:
            self._folder = None

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        folder = self._folder
        if folder is None or event not in _PLACES or not _is_write(event, arguments):
            return
        if not any(_path(arguments, *place).startswith(folder) for place in _PLACES[event]):
            return
        self.writes += 1
        if self._strike is not None and 0 < self._at <= self.writes:
            # What the strike itself does to the disk is none of the agent's writes.
            self._folder = None
            try:
                self._strike()
            finally:
                self._folder = folder


@cache
def striker() -> Striker:
    """Return this process's only Striker."""
    return Striker()


def refuse(number: int, times: int) -> Strike:
    """Return a strike that refuses so many writes with this errno, and then no more."""
    left = times

    def strike() -> None:
        nonlocal left
        if left > 0:
            left -= 1
            raise OSError(number, os.strerror(number))

    return strike


def _is_write(event: str, arguments: tuple[Any, ...]) -> bool:
    if event != "open":
        return True
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & WRITING)


def _path(arguments: tuple[Any, ...], place: int, folder: int | None) -> str:
    """Return the path of an event; one that is relative to an open folder is told with that folder's path."""
    path = arguments[place]
    if isinstance(path, int):
        return _of_descriptor(path)
    text = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
    descriptor = -1 if folder is None else arguments[folder]
    return text if descriptor == -1 else f"{_of_descriptor(descriptor)}/{text}"


def _of_descriptor(descriptor: int) -> str:
    try:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return ""
