"""A folder whose content appears at once, when all of it is written, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skerry_edge.foundation.atomic import sync_directory
from skerry_edge.foundation.errors import ConfigError, ReachError

ASIDE = ".unfinished"


@contextmanager
def filled_at_once(folder: Path) -> Iterator[Path]:
    """Yield a folder to write into; what is there when the body ends well becomes the content of ``folder``.

    ``folder`` is made where it is missing, and must be empty. After an error it is as it was. Raises ConfigError for a
    folder that holds something, ReachError where it cannot be made or written.
    """
    was_there = folder.exists()
    try:
        _require_empty(folder)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with _emptied_on_error(folder):
                aside = folder / ASIDE
                aside.mkdir()
                yield aside
                for path in sorted(aside.iterdir()):
                    path.rename(folder / path.name)
                aside.rmdir()
                sync_directory(folder)
        except BaseException:
            if not was_there:
                folder.rmdir()
            raise
    except OSError as error:
        raise ReachError(
            "cannot write the pictures", where=str(folder), found=error.strerror, todo="check space and permissions"
        ) from error


def _require_empty(folder: Path) -> None:
    held = next(folder.iterdir(), None) if folder.exists() else None
    if held is None:
        return
    if held.name == ASIDE:
        raise ConfigError(
            "another run writes into the folder, or was killed there",
            where=str(folder),
            found=ASIDE,
            todo=f"remove {held} if no run does",
        )
    raise ConfigError("the folder is not empty", where=str(folder), found=held.name, todo="name a new folder")


@contextmanager
def _emptied_on_error(folder: Path) -> Iterator[None]:
    """Remove all that a body that fails has left in ``folder``, which was empty."""
    try:
        yield
    except BaseException:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
