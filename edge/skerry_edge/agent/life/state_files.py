"""The state directory's small files: read in one way, and set aside where something unusable has their place."""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.small_file import read_small

_log = logging.getLogger(__name__)
T = TypeVar("T")
ASIDE = ".damaged"
"""What the name of a file that was set aside ends in; the one that was there before goes."""
_NOT_THE_FILES_FAULT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN})
_MAX_REASON_CHARS = 300


class StateFiles:
    """Reads the files of one state directory, and keeps what the fleet is to be told of them; for one thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._notices: list[str] = []
        self._unread: set[str] = set()

    def is_unread(self, name: str) -> bool:
        """Tell whether the last reading of a file failed for no fault of its own: it may be good, and must stay."""
        return name in self._unread

    def read(self, name: str, parse: Callable[[bytes], T], *, max_bytes: int, absent: T, damaged: T) -> T:
        """Return what ``parse`` makes of a file; ``absent`` without one, ``damaged`` where it cannot be used.

        Such a file is set aside, so that its successor has a place, and told of; where only this moment is to blame, it
        stays (`is_unread`), and whoever would write it reads it again first. ``parse`` raises msgspec's errors,
        ValueError or RecursionError. Nothing that may lie there costs more than the file: no agent fails for it.
        """
        was_unread = name in self._unread
        self._unread.discard(name)
        try:
            return parse(read_small(self.folder / name, max_bytes))
        except FileNotFoundError:
            return absent
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno in _NOT_THE_FILES_FAULT:
                self._unread.add(name)
                if not was_unread:
                    self._give_up(name, reason, "is left where it is")
            else:
                self._give_up(name, reason, _set_aside(self.folder / name))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            self._give_up(name, str(error), _set_aside(self.folder / name))
        return damaged

    def tell(self, text: str) -> None:
        """Log something that the fleet is to know of these files, and keep it for `take_notices`."""
        _log.error("%s", text)
        self._notices.append(text)

    def take_notices(self) -> list[str]:
        """Return what the fleet is to be told since the last call."""
        notices, self._notices = self._notices, []
        return notices

    def _give_up(self, name: str, reason: str, fate: str) -> None:
        self.tell(f"{self.folder / name} cannot be used ({reason[:_MAX_REASON_CHARS]}) and {fate}")


def unread(files: StateFiles, name: str) -> ReachError:
    """Return the error of who would write a file that could not be read."""
    return ReachError(
        "a file of the state directory cannot be read at this moment, so nothing is written in its place",
        where=str(files.folder / name),
    )


def _set_aside(path: Path) -> str:
    """Rename a file, or whatever has its place, and say what became of it."""
    aside = path.with_name(path.name + ASIDE)
    try:
        if aside.is_dir() and not aside.is_symlink():
            shutil.rmtree(aside)
        else:
            aside.unlink(missing_ok=True)
        path.rename(aside)
    except OSError as error:
        return f"could not be set aside: {error.strerror}"
    return f"was set aside as {aside.name}"
