"""Where on a machine lies what can be had again: the user's cache, by the XDG base directory specification."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from skerry_edge.foundation.errors import ConfigError


def cache_folder() -> Path:
    """Return Skerry's folder in the user's cache; it may not be there yet.

    Raises ConfigError for a user who has no home, as services and containers have none.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    if Path(base).is_absolute():
        return Path(base) / "skerry"
    try:
        return Path.home() / ".cache" / "skerry"
    except RuntimeError as error:
        raise ConfigError("there is no home folder to keep files in", todo="set XDG_CACHE_HOME to a folder") from error


def take_lock(path: Path, waiting: Callable[[], None] = lambda: None) -> TextIO:
    """Return ``path`` opened and locked; closing it, or the end of the process, gives the lock back.

    ``waiting`` is called once where another process holds the lock. Raises OSError where there is no place for it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w", encoding="utf-8")
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
    except BaseException:
        file.close()
        raise
    return file
