"""Where on a machine lies what can be had again: the user's cache, by the XDG base directory specification."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import TextIO


def cache_folder() -> Path:
    """Return Skerry's folder in the user's cache; it may not be there yet."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    return root / "skerry"


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
