"""Where a conversion writes: places that cannot be written, or that hold what it reads, are refused before any work."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from skerry_converters.sources.base import SourceFacts
from skerry_converters.sources.files import read_bounded, sha256
from skerry_edge.foundation.errors import ConfigError, ReachError


def require_place(path: Path, option: str) -> None:
    """Refuse what cannot be an ordinary file in a folder that there is. Raises ReachError naming the ``option``."""
    if not path.parent.is_dir():
        raise ReachError(
            "the output's folder does not exist", where=str(path.parent), todo=f"make it, or correct {option}"
        )
    if path.is_dir():
        raise ReachError("the output is a folder", where=str(path), todo=f"give {option} a file name")
    # A new file takes the old one's place, and would take a device or a pipe from every other program.
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise ReachError("the output is no ordinary file", where=str(path), todo=f"give {option} another name")


def refuse_one_file_for_both(out: Path, report: Path) -> None:
    """Refuse a page at the place of the bundle. Raises ConfigError."""
    if out.resolve() == report.resolve():
        raise ConfigError("the page would be written over the bundle", where="--report", found=f"{report}")


def refuse_overwriting(path: Path, option: str, facts: SourceFacts, data: Iterable[Path | None]) -> None:
    """Refuse a place that holds a file of the source, whatever its name, or a file of ``data``. Raises ConfigError."""
    if not path.is_file():
        return
    held_by_data = any(one is not None and one.is_file() and path.samefile(one) for one in data)
    if held_by_data or sha256(read_bounded(path)) in facts.files.values():
        raise ConfigError(
            "the output would be written over what it is made from",
            where=option,
            found=str(path),
            todo="give it another name",
        )
