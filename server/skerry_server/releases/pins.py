"""What the keys' own folder remembers of a repository, so that nobody who can write there makes people sign his files.

The repository lies on a server that may be stolen; the keys do not. Beside them lies the newest root that they have
seen, from which every later one must follow, and the newest version of targets, above which the next one must be.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from tuf.api.metadata import Metadata, Root
from tuf.api.serialization import DeserializationError
from tuf.api.serialization.json import JSONDeserializer

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import DataError, ReachError
from skerry_edge.foundation.small_file import DAMAGED, read_small

PINS = "seen.json"
_MAX_BYTES = 1 << 20


class _Seen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    v: Literal[1]
    root: dict[str, Any]
    targets: Annotated[int, Meta(ge=1)]


class Pins:
    """The memory of the key rings in ``folders``; where several remember, the newest counts."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def root(self) -> Metadata[Root] | None:
        """Return the newest root that was seen, None before the first. Raises DataError and ReachError."""
        roots = [root for folder in self._folders if (root := _root(folder)) is not None]
        return max(roots, key=lambda root: root.signed.version, default=None)

    def targets(self) -> int:
        """Return the newest version of targets that was signed, 0 before the first. Raises DataError, ReachError."""
        return max([seen.targets for folder in self._folders if (seen := _read(folder))], default=0)

    def keep(self, root: Metadata[Root], targets: int) -> None:
        """Remember what has just been published. Raises ReachError."""
        seen = _Seen(v=1, root=root.to_dict(), targets=targets)
        raw = msgspec.json.format(msgspec.json.encode(seen), indent=2) + b"\n"
        for folder in self._folders:
            write_atomic(folder / PINS, raw, mode=0o600)


def _read(folder: Path) -> _Seen | None:
    path = folder / PINS
    try:
        return msgspec.json.decode(read_small(path, _MAX_BYTES), type=_Seen)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ReachError("cannot read what the keys remember", where=str(path), found=error.strerror) from error
    except DAMAGED as error:
        raise DataError("this is not what keys remember", where=str(path), found=str(error)) from error


def _root(folder: Path) -> Metadata[Root] | None:
    seen = _read(folder)
    if seen is None:
        return None
    try:
        root: Metadata[Root] = JSONDeserializer().deserialize(msgspec.json.encode(seen.root))
    except DeserializationError as error:
        where = str(folder / PINS)
        raise DataError("this is no root that keys could remember", where=where, found=str(error)) from error
    return root
