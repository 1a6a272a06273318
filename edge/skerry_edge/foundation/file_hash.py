"""The SHA-256 of a file of any size."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO

from skerry_edge.foundation.errors import ReachError

_BLOCK = 1 << 16


def file_sha256(path: Path) -> str:
    """Return the hash of a file's content, in hexadecimal. Raises ReachError."""
    try:
        with path.open("rb") as file:
            return sha256_of(file)
    except OSError as error:
        raise ReachError("cannot read the file", where=str(path), found=error.strerror) from error


def sha256_of(file: IO[bytes]) -> str:
    """Return the hash of what is left of an open file, in hexadecimal. Raises what reading it raises."""
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()
