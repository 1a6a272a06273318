"""Source files read whole, up to what any network for a small device needs, and their hashes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from skerry_edge.foundation.errors import DataError, ReachError

MAX_BYTES = 1 << 30
MAX_FILES = 1000


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


def file_hashes(path: Path) -> dict[str, str]:
    """Return the hash of a file by its name, or of a folder's files by their paths within. Raises as `read_bounded`."""
    if not path.is_dir():
        return {path.name: sha256(read_bounded(path))}
    found = sorted(one for one in path.rglob("*") if one.is_file())
    if len(found) > MAX_FILES:
        raise DataError("the folder holds too many files to be a network", where=str(path), found=f"{len(found)} files")
    return {one.relative_to(path).as_posix(): sha256(read_bounded(one)) for one in found}
