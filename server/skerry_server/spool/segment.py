"""One file of the spool: written at its end by one process, synced, then only read, then deleted."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from skerry_edge.foundation.atomic import sync_directory
from skerry_server.errors import SpoolError
from skerry_server.ingest.validate import Delivery
from skerry_server.spool.frames import MARK_BYTES, Contents, encode_frames, read_frames

SUFFIX = ".spool"
ASIDE_SUFFIX = ".unreadable"
_NAME = re.compile(r"([0-9]{12})-([0-9a-f]{8})\.(?:spool|unreadable)\Z")


class Segment:
    """A file of frames, named ``<number>-<mark>.spool``, or ``….unreadable`` where it was set aside.

    ``size_bytes`` is what is known to be on disk.
    ``messages`` counts those that this process wrote, None where another did; ``begun_s`` (Unix) is when it was begun,
    or, where another process did that, when it was last written to.
    """

    def __init__(self, path: Path, *, number: int, mark: bytes, size_bytes: int, begun_s: float) -> None:
        self.path = path
        self.number = number
        self.size_bytes = size_bytes
        self.begun_s = begun_s
        self.messages: int | None = None
        self._mark = mark
        self._descriptor: int | None = None

    @classmethod
    def create(cls, folder: Path, number: int) -> Segment:
        """Make an empty file, so that its name survives a power cut. Raises SpoolError."""
        mark = secrets.token_bytes(MARK_BYTES)
        path = folder / f"{number:012d}-{mark.hex()}{SUFFIX}"
        segment = cls(path, number=number, mark=mark, size_bytes=0, begun_s=time.time())
        segment.messages = 0
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            segment._descriptor = os.open(segment.path, flags, 0o600)
            sync_directory(folder)
        except OSError as error:
            segment.seal()
            raise unusable("cannot start a file of the spool", segment.path, error) from error
        return segment

    @classmethod
    def find(cls, path: Path) -> Segment | None:
        """Return the segment that another process left at ``path``; None where the name is none. Raises OSError."""
        parts = _NAME.match(path.name)
        if parts is None:
            return None
        found = path.stat()
        number, mark = int(parts[1]), bytes.fromhex(parts[2])
        return cls(path, number=number, mark=mark, size_bytes=found.st_size, begun_s=found.st_mtime)

    @property
    def is_open(self) -> bool:
        """Whether more can be appended."""
        return self._descriptor is not None

    def append(self, deliveries: Sequence[Delivery]) -> None:
        """Return when all are on disk, after one sync. Raises SpoolError; none of them counts then."""
        data = encode_frames(deliveries, self._mark)
        if self._descriptor is None:
            raise SpoolError("this file of the spool takes no more", where=str(self.path))
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise unusable("cannot write to the spool", self.path, error) from error
        self.size_bytes += len(data)
        self.messages = (self.messages or 0) + len(deliveries)

    def seal(self) -> None:
        """Write no more; cut off what a failed write left behind the last whole frame. Raises SpoolError."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.ftruncate(descriptor, self.size_bytes)
        except OSError as error:
            raise unusable("cannot cut a file of the spool", self.path, error) from error
        finally:
            os.close(descriptor)

    def read(self) -> Contents:
        """Return what the file holds. Raises SpoolError where it cannot be read."""
        try:
            return read_frames(self.path.read_bytes(), self._mark)
        except OSError as error:
            raise unusable("cannot read a file of the spool", self.path, error) from error

    def set_aside(self) -> None:
        """Give the file a name under which nobody reads it. Raises SpoolError."""
        self.seal()
        try:
            self.path.rename(self.path.with_suffix(ASIDE_SUFFIX))
        except OSError as error:
            raise unusable("cannot set a file of the spool aside", self.path, error) from error

    def put_back(self) -> None:
        """Give a file that was set aside its name again, under which its worker finds it. Raises SpoolError."""
        try:
            self.path.rename(self.path.with_suffix(SUFFIX))
            sync_directory(self.path.parent)
        except OSError as error:
            raise unusable("cannot put a file of the spool back", self.path, error) from error

    def delete(self) -> None:
        """Remove the file. Raises SpoolError."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise unusable("cannot delete a file of the spool", self.path, error) from error
        self.seal()


def unusable(what: str, path: Path, error: OSError) -> SpoolError:
    """Return the error for an operation on the spool that the operating system refused."""
    return SpoolError(what, where=str(path), found=error.strerror, todo="check space and permissions")
