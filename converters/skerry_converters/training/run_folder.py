"""The folder that a run keeps its files in, held by one run at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.foundation.errors import ConfigError, ReachError


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFolder:
    """Where a run's files are."""

    path: Path
    name: str

    @property
    def checkpoint(self) -> Path:
        """The run as it stands."""
        return self.path / "checkpoint.npz"

    @property
    def metrics(self) -> Path:
        """What was measured, as JSON lines."""
        return self.path / "metrics.jsonl"

    @property
    def curves(self) -> Path:
        """The same as a picture."""
        return self.path / "curves.png"

    @property
    def summary(self) -> Path:
        """What came of it."""
        return self.path / "training.json"

    @property
    def stem(self) -> Path:
        """The network's files without their endings."""
        return self.path / self.name

    @property
    def network(self) -> dict[str, Path]:
        """The network's files, by what `skerry convert` calls them."""
        endings = {"cfg": ".cfg", "weights": ".weights", "labels": ".names"}
        return {role: self.path / f"{self.name}{ending}" for role, ending in endings.items()}


@contextmanager
def hold_folder(path: Path, name: str) -> Iterator[RunFolder]:
    """Make the folder where it is missing and hold it for the body, by a lock that the kernel drops with its holder.

    Raises ConfigError where another training holds it, ReachError where it cannot be made or written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path / "training.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ReachError(
            "cannot use the run's folder", where=str(path), found=error.strerror, todo="choose another with --out"
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigError(
                "another training runs in this folder",
                where=str(path),
                todo="wait for it, or choose another with --out",
            ) from error
        yield RunFolder(path=path, name=name)
    finally:
        os.close(descriptor)
