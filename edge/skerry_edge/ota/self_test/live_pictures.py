"""The pictures that the pipelines of a model leave for its successor to be tried on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

WAIT_S = 5.0
"""A pipeline that works leaves its pictures between two frames; one that does not has none."""
_LOOK_S = 0.1
_MOST = 32


def live_pictures(folders: Iterable[Path], *, wait_s: float = WAIT_S) -> tuple[Path, ...]:
    """Return the files in ``folders``, each of which appears whole; one that does not within ``wait_s`` is left out."""
    end_s = time.monotonic() + wait_s
    waiting = list(folders)
    found: list[Path] = []
    while waiting:
        for folder in [one for one in waiting if one.is_dir()]:
            found += sorted(folder.glob("*.jpg"))
            waiting.remove(folder)
        if waiting and time.monotonic() >= end_s:
            break
        if waiting:
            time.sleep(_LOOK_S)
    return tuple(found[:_MOST])
