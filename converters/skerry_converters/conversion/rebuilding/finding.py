"""Files found again by their content, wherever they lie below a folder and whatever their names are now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from skerry_converters.conversion.rebuilding.inputs import Needed, NotFound
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.file_hash import file_sha256

Looked = Callable[[int, int], None]
"""Called with how many files were looked at, and how many there are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Where each file lies, and those that are not there."""

    paths: Mapping[Needed, Path]
    missing: tuple[NotFound, ...]


def find_files(needed: Sequence[Needed], root: Path, looked: Looked = lambda _done, _total: None) -> Found:
    """Look for files in the file or folder ``root``, folders below it but hidden ones, by their SHA-256.

    Those that still have their names are looked at first, the others only where that is not enough. What cannot be
    read is passed over. Raises ReachError where there is no ``root``.
    """
    wanted = {one.sha256 for one in needed}
    names = {PurePosixPath(one.name).name for one in needed}
    paths: dict[str, Path] = {}
    namesakes: dict[str, tuple[Path, str]] = {}
    candidates = sorted(_files(root), key=lambda path: (path.name not in names, path))
    for number, path in enumerate(candidates):
        if wanted <= paths.keys():
            break
        looked(number, len(candidates))
        digest = _digest(path)
        if digest in wanted:
            paths.setdefault(digest, path)
        elif digest is not None and path.name in names:
            namesakes.setdefault(path.name, (path, digest))
    missing = (_not_found(one, root, namesakes) for one in needed if one.sha256 not in paths)
    return Found(
        paths={one: paths[one.sha256] for one in needed if one.sha256 in paths},
        missing=tuple(missing),
    )


def _not_found(needed: Needed, root: Path, namesakes: Mapping[str, tuple[Path, str]]) -> NotFound:
    path, digest = namesakes.get(PurePosixPath(needed.name).name, (None, None))
    return NotFound(needed=needed, root=root, namesake=path, namesake_sha256=digest)


def _files(root: Path) -> Iterator[Path]:
    if not root.exists():
        raise ReachError("there is nothing to look for files in", where=str(root), todo="check the path")
    if not root.is_dir():
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from filter(_is_file, (Path(folder, name) for name in names))


def _is_file(path: Path) -> bool:
    """Tell whether there is a regular file; in a folder that may be listed but not entered, there is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _digest(path: Path) -> str | None:
    try:
        return file_sha256(path)
    except ReachError:
        return None
