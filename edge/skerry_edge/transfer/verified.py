"""A part file held against the hash that it must have; what may have been damaged on the disk is brought once more."""

from __future__ import annotations

from collections.abc import Callable

from skerry_edge.foundation.file_hash import file_sha256
from skerry_edge.transfer.part_file import PartFile


def hash_brought(bring: Callable[[], None], part: PartFile, *, sha256: str | None) -> str:
    """Return the hash of ``part`` once ``bring`` has made it whole; nothing is left of it where it is not ``sha256``.

    None stands for any hash. Raises what ``bring`` raises, ReachError where the part cannot be read, OSError where it
    cannot be removed.
    """
    # A part of an earlier run may have been damaged since: then the file is brought once more, from its beginning.
    trials = 2 if part.size() else 1
    while True:
        bring()
        found = file_sha256(part.path)
        if sha256 in (None, found):
            return found
        part.discard()
        trials -= 1
        if not trials:
            return found
