"""The SHA-256 of a file of any size."""

from __future__ import annotations

import hashlib
from pathlib import Path

from skerry_edge.foundation.errors import ReachError

_BLOCK = 1 << 16


def file_sha256(path: Path) -> str:
    """Return the hash of a file's content, in hexadecimal. Raises ReachError."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise ReachError("cannot read the file", where=str(path), found=error.strerror) from error
    return digest.hexdigest()
