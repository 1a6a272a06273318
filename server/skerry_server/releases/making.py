"""Files of targets as they are made: written beside the repository's own, described, and moved to their place whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from shutil import rmtree

from tuf.api.metadata import TargetFile

from skerry_edge.contracts.bundle import Content
from skerry_edge.contracts.release import MAX_TARGET_BYTES, Release, encode_release, target_path
from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_server.releases.repository import Repository


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file that is whole and not in its place yet, and the target that describes it."""

    target: TargetFile
    file: Path


class Workshop:
    """A folder within the repository's, so that a file gets its place by a rename, however large it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()

    def make(self, release: Release, content: Content) -> Made:
        """Write a file and describe it as ``release``. Raises ConfigError where it is too large, ReachError."""
        path = self._folder / str(next(self._numbers))
        try:
            with path.open("w+b") as file:
                content(file)
                if (length := file.tell()) > MAX_TARGET_BYTES:
                    found = f"{length} bytes, at most {MAX_TARGET_BYTES}"
                    raise ConfigError("the release is too large for devices", where=target_path(release), found=found)
                target = TargetFile.from_data(target_path(release), file, ["sha256"])
        except OSError as error:
            raise ReachError("cannot write a file of the release", where=str(path), found=error.strerror) from error
        describe(target, release)
        return Made(target=target, file=path)


def describe(target: TargetFile, release: Release) -> None:
    """Let a target say of itself that it is ``release``."""
    target.unrecognized_fields["custom"] = encode_release(release)


@contextmanager
def workshop(repository: Repository) -> Iterator[Workshop]:
    """Give an empty workshop, and clear it away; the caller holds the repository's lock. Raises ReachError."""
    _clear(repository.making)
    try:
        repository.making.mkdir()
    except OSError as error:
        raise ReachError("cannot make a folder", where=str(repository.making), found=error.strerror) from error
    try:
        yield Workshop(repository.making)
    finally:
        _clear(repository.making)


def _clear(folder: Path) -> None:
    """Remove what a command made, or one that was cut off. Raises ReachError."""
    if folder.is_dir():
        try:
            rmtree(folder)
        except OSError as error:
            raise ReachError("cannot clear a folder", where=str(folder), found=error.strerror) from error
