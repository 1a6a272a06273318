"""A file that is being downloaded: its bytes so far, and beside them what is needed to go on after a kill."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.transfer.resumption import Body


class Origin(Struct, frozen=True, kw_only=True):
    """Where the bytes so far came from, and how many of them the disk has for good.

    ``total`` is the size of the whole file, None where the server did not say. Bytes beyond ``kept`` may be anything
    after a power cut: they are not gone on with.
    """

    url: str
    validator: str | None
    total: int | None
    kept: int = 0


class PartFile:
    """`FILE.part` and `FILE.part.json` beside the place of FILE; nothing but a download looks at them."""

    def __init__(self, whole: Path) -> None:
        self.path = whole.with_name(f"{whole.name}.part")
        self._origin_path = whole.with_name(f"{whole.name}.part.json")

    def origin(self) -> Origin | None:
        """Return where the bytes so far came from; None where there are none that can be gone on with."""
        try:
            origin = msgspec.json.decode(self._origin_path.read_bytes(), type=Origin)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None  # a part of unknown origin is begun anew
        return origin if self.size() >= origin.kept else None

    def size(self) -> int:
        """Return how many bytes there are so far, for good or not."""
        return self.path.stat().st_size if self.path.is_file() else 0

    @contextmanager
    def writing(self, url: str, body: Body) -> Iterator[BinaryIO]:
        """Open for the bytes of ``body``, cut to its offset; what was written is kept, however the context ends.

        Raises OSError, ReachError.
        """
        if body.offset == 0:
            self.discard()
            self._note(Origin(url=url, validator=body.validator, total=body.total))
        else:
            os.truncate(self.path, body.offset)
        with self.path.open("ab") as file:
            try:
                yield file
            finally:
                self.keep(file)

    def keep(self, file: BinaryIO) -> None:
        """Make sure of all bytes written so far to ``file``, which `writing` gave. Raises OSError, ReachError."""
        file.flush()
        os.fsync(file.fileno())
        origin = self.origin()
        if origin is not None:
            self._note(msgspec.structs.replace(origin, kept=file.tell()))

    def discard(self) -> None:
        """Remove the bytes so far. Raises OSError."""
        self.path.unlink(missing_ok=True)
        self.forget_origin()

    def forget_origin(self) -> None:
        """Remove what lies beside the bytes, when they have become the whole file. Raises OSError."""
        self._origin_path.unlink(missing_ok=True)

    def _note(self, origin: Origin) -> None:
        write_atomic(self._origin_path, msgspec.json.encode(origin))
