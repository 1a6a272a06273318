"""A file that is being downloaded: its bytes so far, and beside them what is needed to go on after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.models.resumption import Body


class Origin(Struct, frozen=True, kw_only=True):
    """Where the bytes so far came from. ``total`` is the size of the whole file, None where the server did not say."""

    url: str
    validator: str | None
    total: int | None


class PartFile:
    """`FILE.part` and `FILE.part.json` beside the place of FILE; nothing but a download looks at them."""

    def __init__(self, whole: Path) -> None:
        self.path = whole.with_name(f"{whole.name}.part")
        self._origin_path = whole.with_name(f"{whole.name}.part.json")

    def origin(self) -> Origin | None:
        """Return where the bytes so far came from; None where there are none that can be gone on with."""
        if not self.path.is_file():
            return None
        try:
            return msgspec.json.decode(self._origin_path.read_bytes(), type=Origin)
        except (OSError, msgspec.MsgspecError):
            return None  # a part of unknown origin is begun anew

    def size(self) -> int:
        """Return how many bytes there are so far."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def open(self, url: str, body: Body) -> BinaryIO:
        """Open for the bytes of ``body``: cut to its offset, the origin noted. Raises OSError, ReachError."""
        if body.offset == 0:
            self.discard()
            origin = Origin(url=url, validator=body.validator, total=body.total)
            write_atomic(self._origin_path, msgspec.json.encode(origin))
        return self.path.open("ab")

    def discard(self) -> None:
        """Remove the bytes so far. Raises OSError."""
        self.path.unlink(missing_ok=True)
        self.forget_origin()

    def forget_origin(self) -> None:
        """Remove what lies beside the bytes, when they have become the whole file. Raises OSError."""
        self._origin_path.unlink(missing_ok=True)
