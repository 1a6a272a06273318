"""Keeps letters on disk, and in memory for as long as the disk takes none."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from skerry_edge.agent.outbox.buffer import Buffer
from skerry_edge.agent.outbox.damage import Notice, copy_lost, open_sound, replace_damaged, replace_lost
from skerry_edge.agent.outbox.database import DamagedError, DiskError, LetterDatabase, LostError
from skerry_edge.agent.outbox.policy import Stored, admit
from skerry_edge.foundation.backoff import is_worth_logging

_log = logging.getLogger(__name__)
Result = TypeVar("Result")
BUFFER_BYTES = 1 << 20
"""What waits in memory at most while the disk takes nothing: some 2,500 events."""
ACKS_PER_COMMIT = 64
"""So many acknowledged letters may still lie in the file: sent once more after a crash, at no commit of their own."""
CHECK_S = 2.0
"""How often it is looked whether the file is still there: SQLite does not notice."""
RETRY_S = 5.0
"""How often a disk that took nothing is tried again."""
LOST_PATIENCE_S = 30.0
"""So long a lost file of which not all can be read is kept open and tried again, before what it gives is made do."""


@dataclass(kw_only=True, slots=True)
class _Outage:
    """The disk takes nothing since ``since_s`` (monotonic), for ``reason``."""

    since_s: float
    reason: str
    retry_s: float
    buffered: int = 0
    dropped: int = 0


class Keeper:
    """Stands between the outbox and its disk. Used by one thread at a time; raises no error of the disk.

    Letters are given in the order of their keys, but for those of a file that cannot be read for a while: they follow
    when it can.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self.max_bytes = max_bytes
        """The budget of payload; may be changed."""
        self.adopted = 0
        """How many files were opened so far."""
        self._database: LetterDatabase | None = None
        self._buffer = Buffer()
        self._outage: _Outage | None = None
        self._check_s = 0.0
        self._acked: dict[int, int] = {}
        self._acked_up_to = 0
        self._on_disk_up_to = 0
        self._dropped = 0
        self._uncounted = 0
        self._full_commits = 0
        self._notices: list[Notice] = []
        self._guarded(self._opened)

    @property
    def newest(self) -> int:
        """The highest key on disk, as far as it can be read."""
        return self._database.newest if self._database is not None else 0

    def keep(self, batch: Sequence[Stored]) -> None:
        """Hold letters with keys above all others; on return they are durable, unless the disk takes nothing."""
        if self._may_try() and self._guarded(lambda: self._commit(batch)):
            return
        for stored in batch:
            dropped = admit(self._buffer, stored, min(BUFFER_BYTES, self.max_bytes))
            self._uncounted += dropped
            if self._outage is not None:
                self._outage.buffered += 1
                self._outage.dropped += dropped

    def waiting(self, sent: Container[int], limit: int, after: int) -> list[Stored]:
        """Return at most ``limit`` letters whose key is not in ``sent`` and above ``after``, oldest first."""
        if (self._outage is not None and self._may_try()) or time.monotonic() >= self._check_s:
            self.keep([])
        found: list[Stored] = []
        if self._database is not None:
            on_disk = self._guarded(lambda: self._on_disk(sent, limit, after))
            if on_disk is None:
                self._let_go()
            found = on_disk or []
        in_memory = (one for one in self._buffer if one.key > after and one.key not in sent)
        return [*found, *islice(in_memory, max(0, limit - len(found)))]

    def forget(self, key: int) -> None:
        """Hold this letter no longer; what is on disk goes with a later commit."""
        self._buffer.remove(key)
        self._guarded(lambda: self._mark(key))
        if len(self._acked) >= ACKS_PER_COMMIT:
            self.keep([])

    def discard(self, key: int) -> None:
        """Give up a letter that nobody can read."""
        self._uncounted += 1
        self.forget(key)

    def is_gone(self, key: int) -> bool:
        """Tell whether a letter is held no more; while its file cannot be read that is not known, and so not told."""
        database = self._database
        if key in self._acked or key in self._buffer:
            return key in self._acked
        if database is None:  # what was only ever held in memory is in no file
            return key > self._on_disk_up_to
        return self._guarded(lambda: database.size_of(key) is None) is True

    def take_notices(self) -> list[Notice]:
        """Return what the fleet is to be told since the last call."""
        notices, self._notices = self._notices, []
        return notices

    @property
    def depth(self) -> int:
        """How many letters wait."""
        on_disk = self._database.depth - len(self._acked) if self._database is not None else 0
        return on_disk + len(self._buffer)

    @property
    def held_bytes(self) -> int:
        """The payload of the letters that wait."""
        on_disk = self._database.held_bytes - sum(self._acked.values()) if self._database is not None else 0
        return on_disk + self._buffer.held_bytes

    @property
    def dropped(self) -> int:
        """How many letters were given up, in earlier runs too."""
        return self._dropped + self._uncounted

    def close(self) -> None:
        """Write what is still to be written, and give the file back."""
        self._guarded(lambda: self._commit([]))
        if len(self._buffer):
            _log.error("%d messages are lost: the outbox's disk takes none to the end", len(self._buffer))
        if on_disk := self.depth - len(self._buffer):
            _log.info("%d messages wait in the outbox for the next start", on_disk)
        self._let_go()

    def _may_try(self) -> bool:
        return self._outage is None or time.monotonic() >= self._outage.retry_s

    def _guarded(self, step: Callable[[], Result]) -> Result | None:
        """Do something with the disk, once more after a damaged file was replaced; None means that it failed."""
        try:
            try:
                return step()
            except DamagedError as error:
                self._replace(error)
                return step()
        except (DiskError, DamagedError) as error:
            self._begin_outage(error)
            return None

    def _opened(self) -> LetterDatabase:
        if self._database is None:
            self._adopt(*open_sound(self._path, self.max_bytes))
        assert self._database is not None  # noqa: S101  # adopted above
        return self._database

    def _replace(self, error: DamagedError) -> None:
        if isinstance(error, LostError) and self._database is not None:
            # The database still has what its file had: it goes only when that is safe.
            missing = copy_lost(self._database, self._path)
            if missing and not self._is_out_for(LOST_PATIENCE_S):
                what = "not all of the outbox's lost file can be read"
                raise DiskError(what, where=str(self._path), found=f"{missing} messages are missing")
            self._let_go()
            self._adopt(*replace_lost(self._path, self.max_bytes, str(error.found), missing))
            return
        self._let_go()
        self._adopt(*replace_damaged(self._path, self.max_bytes, str(error.found)))

    def _is_out_for(self, at_least_s: float) -> bool:
        """Tell whether the disk has taken nothing for so long."""
        return self._outage is not None and time.monotonic() - self._outage.since_s >= at_least_s

    def _adopt(self, database: LetterDatabase, notices: Sequence[Notice]) -> None:
        self._database = database
        self.adopted += 1
        self._acked_up_to = 0
        self._acked = {key: size for key in self._acked if (size := database.size_of(key)) is not None}
        # What a damaged file no longer tells is written into its successor with the next commit.
        self._uncounted += max(0, self._dropped - database.dropped)
        self._dropped = database.dropped
        for notice in notices:
            _log.error("%s", notice.message)
        self._notices += notices

    def _let_go(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            self._on_disk_up_to = max(self._on_disk_up_to, database.newest)
            try:
                database.close()
            except DiskError as error:
                _log.warning("%s", error)

    def _commit(self, batch: Sequence[Stored]) -> bool:
        """Write what waits in memory, then ``batch``, and delete what was acknowledged, in one transaction."""
        database = self._opened()
        self._check_place(database)
        if batch or len(self._buffer) or self._acked or self._uncounted:
            with database.transaction():
                # A commit that was reported as failed may be in the file all the same: it is written once more.
                for key in (*self._acked, *(one.key for one in self._buffer)):
                    database.remove(key)
                dropped = sum(admit(database, one, self.max_bytes) for one in (*self._buffer, *batch))
                if dropped or self._uncounted:
                    database.count_dropped(dropped + self._uncounted)
            self._acked.clear()
            self._buffer.clear()
            self._dropped, self._uncounted = database.dropped, 0
            self._warn_of_dropping(dropped)
        self._end_outage()
        return True

    def _check_place(self, database: LetterDatabase) -> None:
        """See now and then that what is written will be found again."""
        now_s = time.monotonic()
        if now_s >= self._check_s:
            self._check_s = now_s + CHECK_S
            database.check_place()

    def _warn_of_dropping(self, dropped: int) -> None:
        self._full_commits = self._full_commits + 1 if dropped else 0
        if dropped and is_worth_logging(self._full_commits):
            _log.warning("the outbox is full (max_bytes): %d of the oldest messages dropped so far", self._dropped)

    def _on_disk(self, sent: Container[int], limit: int, after: int) -> list[Stored]:
        database = self._opened()
        chosen: list[int] = []
        all_acked = after <= self._acked_up_to
        for key in database.keys(max(after, self._acked_up_to)) if limit > 0 else ():
            if key in self._acked:
                # The next call need not walk past these again, however long the disk lets nothing be deleted.
                self._acked_up_to = key if all_acked else self._acked_up_to
                continue
            all_acked = False
            if key not in sent and key not in self._buffer:
                chosen.append(key)
                if len(chosen) >= limit:
                    break
        return [database.letter(key) for key in chosen]

    def _mark(self, key: int) -> bool:
        """Note that a letter on disk is acknowledged."""
        size = self._database.size_of(key) if self._database is not None else None
        if size is not None:
            self._acked[key] = size
        return True

    def _begin_outage(self, error: DiskError | DamagedError) -> None:
        now_s = time.monotonic()
        if isinstance(error, DamagedError):
            self._let_go()
        if self._outage is None:
            _log.error("%s; messages wait in memory meanwhile", error)
            self._outage = _Outage(since_s=now_s, reason=str(error.found), retry_s=0.0)
        self._outage.retry_s = now_s + RETRY_S

    def _end_outage(self) -> None:
        outage, self._outage = self._outage, None
        if outage is not None:
            message = (
                f"the outbox's disk took no messages for {time.monotonic() - outage.since_s:.0f} s ({outage.reason}): "
                f"{outage.buffered} waited in memory, and {outage.dropped} were dropped"
            )
            _log.warning("%s", message)
            self._notices.append(Notice(label="outbox-disk", message=message))
