"""What the worker's last look at the repository found, left for the agent to read."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.small_file import DAMAGED, read_small

FILE = "looked.json"
_MAX_BYTES = 1 << 16


class Looked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why the repository was refused, by the word of `contracts.release.REASONS`; None where it was good or away."""

    refused: str | None = None
    detail: str = ""


def keep_look(folder: Path, looked: Looked) -> None:
    """Write it down. Raises ReachError."""
    write_atomic(folder / FILE, msgspec.json.encode(looked))


def last_look(folder: Path) -> Looked:
    """Return the last look; one that cannot be read was good, as the next will tell."""
    try:
        return msgspec.json.decode(read_small(folder / FILE, _MAX_BYTES), type=Looked)
    except (OSError, *DAMAGED):
        return Looked()
