"""The state directory's small files: read in one way, and set aside where something unusable has their place."""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

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

    def read(self, name: str, parse: Callable[[bytes], T], *, max_bytes: int, absent: T, damaged: T) -> T:
        """Return what ``parse`` makes of a file; ``absent`` without one, ``damaged`` where it cannot be used.

        Such a file is set aside, so that its successor has a place, and told of. ``parse`` raises msgspec's errors,
        ValueError or RecursionError. Nothing that may lie there costs more than the file: no agent fails for it.
        """
        try:
            return parse(read_small(self.folder / name, max_bytes))
        except FileNotFoundError:
            return absent
        except OSError as error:
            self._give_up(name, error.strerror or str(error), stays=error.errno in _NOT_THE_FILES_FAULT)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            self._give_up(name, str(error), stays=False)
        return damaged

    def tell(self, text: str) -> None:
        """Log something that the fleet is to know of these files, and keep it for `take_notices`."""
        _log.error("%s", text)
        self._notices.append(text)

    def take_notices(self) -> list[str]:
        """Return what the fleet is to be told since the last call."""
        notices, self._notices = self._notices, []
        return notices

    def _give_up(self, name: str, reason: str, *, stays: bool) -> None:
        path = self.folder / name
        fate = "is left where it is" if stays else _set_aside(path)
        self.tell(f"{path} cannot be used ({reason[:_MAX_REASON_CHARS]}) and {fate}")


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
