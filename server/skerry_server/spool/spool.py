"""The spool of one worker: a folder of segments within a byte budget, owed to store and registry or waiting to expire.

A segment is *owed* while store or registry lack what is in it. When they have it, it is deleted at once where the store
acknowledges what is on disk. Else, and while that is not known, it is kept until somebody says that the store cannot
lose it any more; all that is kept is owed again when the store failed, and when this process starts. What is read
twice is stored once, so nothing has to be noted on disk.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.foundation.atomic import sync_directory
from skerry_server.errors import SpoolError, SpoolFullError
from skerry_server.ingest.validate import Delivery
from skerry_server.spool.frames import Contents
from skerry_server.spool.segment import SUFFIX, Segment, unusable

SEGMENT_BYTES = 4 * 1024 * 1024
LOCK = "lock"


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolStatus:
    """What is kept: ``owed_bytes`` are not in the store or registry, ``kept_bytes`` may still be lost by the store.

    ``oldest_owed_s`` (Unix) is since when the oldest of what is owed waits. ``damaged_bytes`` and ``torn_bytes`` were
    found in segments read since the start.
    """

    segments: int
    oldest_owed_s: float | None
    owed_bytes: int
    kept_bytes: int
    budget_bytes: int
    damaged_bytes: int
    torn_bytes: int

    @property
    def bytes(self) -> int:
        """All that is on disk."""
        return self.owed_bytes + self.kept_bytes

    @property
    def is_full(self) -> bool:
        """Whether it takes no more."""
        return self.bytes >= self.budget_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """A segment to be brought in, and the spool's generation in which that began."""

    segment: Segment
    generation: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """That the store took something: by when it had it, and the spool's generation before it was written."""

    at_s: float
    generation: int


@dataclass(slots=True)
class _Held:
    """A segment; ``taken_s`` is by when store and registry had all of it, None while it is owed."""

    segment: Segment
    taken_s: float | None = None
    is_read: bool = False


class Spool:
    """Opened by one process at a time; its methods may be called from any thread.

    ``durable_after_s`` is for how long the store may lose what it took, None while that is not known. Times are of one
    monotonic clock (seconds). ``generation`` counts how often all was owed again: what a store took in an earlier one,
    it may have lost since.
    """

    def __init__(
        self,
        folder: Path,
        *,
        budget_bytes: int,
        segment_bytes: int = SEGMENT_BYTES,
        durable_after_s: float | None = None,
    ) -> None:
        self.folder = folder
        self.durable_after_s = durable_after_s
        self.generation = 0
        self._budget_bytes = budget_bytes
        self._segment_bytes = segment_bytes
        self._held: list[_Held] = []
        self._next_number = 1
        self._damaged_bytes = self._torn_bytes = 0
        self._lock = threading.RLock()
        self._lock_file: int | None = None

    def open(self) -> None:
        """Take hold of the folder, and owe all that is in it. Raises SpoolError, also where another process has it."""
        try:
            _make_folder(self.folder)
            self._lock_file = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.look_again()
        except BlockingIOError as error:
            self.close()
            raise SpoolError(
                "another server on this machine uses this spool, and with it the same client id",
                where=str(self.folder),
                todo="stop it, or give this one another name: --worker NAME",
            ) from error
        except OSError as error:
            self.close()
            raise unusable("the spool cannot be opened", self.folder, error) from error
        except SpoolError:
            self.close()
            raise
        self._next_number = max((one.segment.number for one in self._held), default=0) + 1

    def look_again(self) -> None:
        """Owe the files in the folder that are not known here: somebody put them back. Raises SpoolError."""
        with self._lock:
            known = {one.segment.path for one in self._held}
            try:
                found = find_segments(self.folder)
            except OSError as error:
                raise unusable("the spool cannot be read", self.folder, error) from error
            self._held += [_Held(one) for one in found if one.path not in known]
            self._held.sort(key=lambda one: one.segment.number)

    def append(self, deliveries: Sequence[Delivery], *, taken: Taken | None = None) -> None:
        """Return when all ``deliveries`` are on disk. Raises SpoolError and SpoolFullError; none of them counts then.

        ``taken`` says that store and registry have them, None that they are owed.
        """
        with self._lock:
            taken_s = taken.at_s if taken is not None and taken.generation == self.generation else None
            held = self._open_segment(is_owed=taken_s is None)
            try:
                held.segment.append(deliveries)
            except SpoolError:
                # What became of the file is not known: it takes no more, and the next try begins another.
                self._give_up(held)
                raise
            held.taken_s = taken_s

    def owe_all(self) -> None:
        """Owe all that is kept: the store may have lost it. One that acknowledges what is on disk loses nothing."""
        with self._lock:
            if self.durable_after_s == 0:
                return
            self.generation += 1
            for one in self._held:
                one.taken_s = None

    def first_owed(self) -> Owed | None:
        """Return the oldest segment that is owed, None where nothing is; it takes no more from now on.

        Raises SpoolError.
        """
        with self._lock:
            for one in self._held:
                if one.taken_s is None and one.segment.size_bytes:
                    one.segment.seal()
                    return Owed(segment=one.segment, generation=self.generation)
            return None

    def read(self, segment: Segment) -> Contents:
        """Return what a segment holds, and count its damage once. Raises SpoolError where it cannot be read."""
        contents = segment.read()
        with self._lock:
            for one in self._held:
                if one.segment is segment and not one.is_read:
                    one.is_read = True
                    self._damaged_bytes += contents.damaged_bytes
                    self._torn_bytes += contents.torn_bytes
        return contents

    def settle(self, owed: Owed, now_s: float) -> None:
        """Note that store and registry have all of a segment, unless everything was owed again since it was read.

        Raises SpoolError where it cannot be deleted; it stays owed then.
        """
        with self._lock:
            if owed.generation != self.generation:
                return
            for one in [one for one in self._held if one.segment is owed.segment]:
                if self.durable_after_s == 0:
                    self._delete(one)
                else:
                    one.taken_s = now_s

    def let_go(self, *, taken_before_s: float) -> None:
        """Delete what the store has had since ``taken_before_s`` and cannot lose any more. Raises SpoolError."""
        with self._lock:
            for one in list(self._held):
                if one.taken_s is None:
                    continue
                if one.taken_s <= taken_before_s:
                    self._delete(one)
                else:
                    # What comes next has a file of its own: steady traffic would keep this one until it is full.
                    one.segment.seal()

    def set_aside(self, segment: Segment) -> None:
        """Move a segment that cannot be read out of the way of the others. Raises SpoolError.

        `look_again` finds it where it cannot be moved.
        """
        with self._lock:
            self._held = [one for one in self._held if one.segment is not segment]
            segment.set_aside()
            self._damaged_bytes += segment.size_bytes

    def status(self) -> SpoolStatus:
        """Return what is kept now."""
        with self._lock:
            waiting = [one.segment for one in self._held if one.taken_s is None and one.segment.size_bytes]
            owed = sum(one.size_bytes for one in waiting)
            total = sum(one.segment.size_bytes for one in self._held)
            return SpoolStatus(
                segments=len(self._held),
                oldest_owed_s=min((one.begun_s for one in waiting), default=None),
                owed_bytes=owed,
                kept_bytes=total - owed,
                budget_bytes=self._budget_bytes,
                damaged_bytes=self._damaged_bytes,
                torn_bytes=self._torn_bytes,
            )

    def close(self) -> None:
        """Let go of the folder; what is in it stays."""
        with self._lock:
            for one in self._held:
                one.segment.seal()
            self._held = []
            if self._lock_file is not None:
                os.close(self._lock_file)
            self._lock_file = None

    def _delete(self, held: _Held) -> None:
        held.segment.delete()
        self._held.remove(held)

    def _give_up(self, held: _Held) -> None:
        if held.segment.size_bytes:
            held.segment.seal()
        else:
            self._held.remove(held)
            held.segment.delete()

    def _open_segment(self, *, is_owed: bool) -> _Held:
        """Return a segment that takes more, apart for what is owed and what is only kept."""
        total = sum(one.segment.size_bytes for one in self._held)
        if total >= self._budget_bytes:
            raise SpoolFullError(
                "the spool is full",
                where=str(self.folder),
                found=f"{total} of {self._budget_bytes} bytes",
                todo="bring the store or registry back, or raise 'ingest.spool_mb'",
            )
        last = self._held[-1] if self._held else None
        if last is not None:
            has_room = last.segment.is_open and last.segment.size_bytes < self._segment_bytes
            if has_room and (last.taken_s is None) == is_owed:
                return last
            last.segment.seal()
        self._held.append(_Held(Segment.create(self.folder, self._next_number)))
        self._next_number += 1
        return self._held[-1]


def _make_folder(folder: Path) -> None:
    """Make ``folder`` and those above it, so that their names survive a power cut. Raises OSError."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for one in reversed(missing):
        sync_directory(one.parent)


def find_segments(folder: Path, *, suffix: str = SUFFIX) -> list[Segment]:
    """Return the segments in ``folder`` in the order in which they were written. Raises OSError."""
    found = (Segment.find(path) for path in folder.iterdir() if path.suffix == suffix)
    return sorted((one for one in found if one is not None), key=lambda one: one.number)
