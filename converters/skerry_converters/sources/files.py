"""Source files read whole, up to what any network for a small device needs, with their hashes and roles."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from skerry_edge.foundation.errors import ConfigError, DataError, ReachError

MAX_BYTES = 1 << 30
MAX_FILES = 1000
Role = Literal["cfg", "network", "weights", "labels", "manifest"]
"""What a file is to its reader; `cfg` is Darknet's network, every other kind of source has a `network`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """A file of a source; ``name`` is its base name, or its path from that of the folder that it came in."""

    name: str
    role: Role
    sha256: str


def described(path: Path, role: Role, data: bytes) -> SourceFile:
    """Return what is recorded of the file at ``path``, whose content is ``data``."""
    return SourceFile(name=path.name, role=role, sha256=sha256(data))


def hashes(files: Sequence[SourceFile]) -> dict[str, str]:
    """Return the hash of each file by its name. Raises ConfigError for two of one name, or one that is not UTF-8."""
    found: dict[str, str] = {}
    for one in files:
        try:
            one.name.encode()
        except UnicodeEncodeError as error:
            raise ConfigError(
                "the name of a source file is not UTF-8, and cannot be recorded", found=repr(one.name), todo="rename it"
            ) from error
        if one.name in found:
            raise ConfigError("two of the source files have one name", found=one.name, todo="rename one of them")
        found[one.name] = one.sha256
    return found


def roles(files: Sequence[SourceFile]) -> dict[str, str]:
    """Return the role of each file by its name."""
    return {one.name: one.role for one in files}


def read_bounded(path: Path) -> bytes:
    """Return a file's bytes. Raises ReachError, and DataError for more than 1 GiB."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReachError(
            "cannot read a file of the network", where=str(path), found=error.strerror, todo="check the path"
        ) from error
    if len(raw) > MAX_BYTES:
        raise DataError("the network is too large", where=str(path), found=f"over {MAX_BYTES} bytes")
    return raw


def sha256(data: bytes) -> str:
    """Return the SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def network_files(path: Path) -> tuple[SourceFile, ...]:
    """Return a network's one file, or those of its folder. Raises as `read_bounded`."""
    found = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    if len(found) > MAX_FILES:
        raise DataError("the folder holds too many files to be a network", where=str(path), found=f"{len(found)} files")
    return tuple(
        SourceFile(name=one.relative_to(path.parent).as_posix(), role="network", sha256=sha256(read_bounded(one)))
        for one in found
    )
