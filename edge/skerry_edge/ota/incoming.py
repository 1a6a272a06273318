"""The folder of downloads, which holds no more than what one update still needs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.choice import Choice
from skerry_edge.ota.removal import remove_all

_log = logging.getLogger(__name__)


def clear(folder: Path, but_for: Choice) -> None:
    """Remove all downloads, whole or not, but for those of a choice; what the disk does not let go of is in no way."""
    wanted = _names(but_for)
    try:
        _remove(folder, lambda name: not name.startswith(wanted))
    except ReachError as error:
        _log.warning("%s", error)


def clear_whole(folder: Path, choice: Choice | None) -> None:
    """Remove all but what there is of a choice's unfinished downloads. Raises ReachError where the disk refuses."""
    parts = tuple(f"{name}." for name in _names(choice))
    _remove(folder, lambda name: not name.startswith(parts))


def _names(choice: Choice | None) -> tuple[str, ...]:
    targets = (choice.target, choice.patch) if choice is not None else ()
    return tuple(one.sha256 for one in targets if one is not None)


def _remove(folder: Path, is_unwanted: Callable[[str], bool]) -> None:
    try:
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        remove_all(one for one in found if is_unwanted(one.name))
    except OSError as error:
        raise ReachError("cannot remove a download", where=str(folder), found=error.strerror) from error
