"""The outbox's file: a shelf in SQLite, where a transaction that ended survives a power cut."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from skerry_edge.agent.outbox.policy import Rank, Sized, Stored
from skerry_edge.agent.outbox.rows import is_count, stored_from, text_of
from skerry_edge.foundation.atomic import sync_directory
from skerry_edge.foundation.errors import DataError, ReachError

LAYOUT = 1
"""The version of the tables, kept as SQLite's `user_version`."""
TABLES = (
    """\
CREATE TABLE letters (
    key INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    ts_ms INTEGER NOT NULL,
    snapshot INTEGER NOT NULL,
    payload BLOB NOT NULL
)""",
    "CREATE INDEX snapshots ON letters (key) WHERE snapshot",
    "CREATE TABLE totals (dropped INTEGER NOT NULL)",
)
LOG_STARTS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
"""How a log of SQLite's begins (sqlite.org/fileformat2.html, section 4.1)."""
FILE_START = b"SQLite format 3\0"
BUSY_TIMEOUT_S = 0.5
"""Nobody else writes, unless a person opens the file with a tool of their own."""
CHECKPOINT_PAGES = 256
"""A megabyte of log: small enough that moving it into the file stops a slow card only briefly."""


class DiskError(ReachError):
    """The disk is full, read-only, failing or held by somebody: what is in the file is not in doubt."""


class DamagedError(DataError):
    """The file is no outbox of ours, or no longer."""


class LostError(DamagedError):
    """The open file has lost its name to nothing or to another, or somebody wrote over it."""


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn SQLite's errors and the system's into DiskError and DamagedError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DiskError("the outbox's disk does not answer as it should", where=str(path), found=str(error)) from error
    except sqlite3.DatabaseError as error:
        raise DamagedError("the outbox's file is damaged", where=str(path), found=str(error)) from error
    except OSError as error:
        raise DiskError("the outbox's file cannot be used", where=str(path), found=error.strerror) from error


def _check_log(path: Path) -> None:
    """Raise DamagedError where SQLite would take a log that it cannot read for none, and lose what is in it."""
    log = path.with_name(path.name + "-wal")
    if not log.exists():
        return
    if not (log.is_file() or log.is_dir()):
        # A pipe would be waited for. Of a folder the system says so itself.
        raise DamagedError("the outbox's file is damaged", where=str(log), found="a device, pipe or socket as its log")
    with log.open("rb") as file:
        head = file.read(4)
    if head and (head not in LOG_STARTS or path.stat().st_size == 0):
        raise DamagedError("the outbox's file is damaged", where=str(log), found="a log that does not fit its file")


class LetterDatabase:
    """A Shelf in one file, and the count of what was ever dropped from it. Used by one thread at a time.

    Outside `transaction` nothing may be changed. Everything raises DiskError or DamagedError.
    """

    depth: int
    newest: int
    dropped: int
    _held_bytes: int

    def __init__(self, path: Path) -> None:
        """Open the file, and make it where there is none."""
        self._path = path
        with reported(path):
            # Made here and not by SQLite, for its mode: what a camera saw is not for every user of the machine.
            # It stays open for as long as SQLite's does, whose locks would go with it (POSIX), and tells of a loss.
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with ExitStack() as opened:
                opened.callback(os.close, self._file)
                _check_log(path)
                self._connection = sqlite3.connect(
                    path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
                )
                opened.callback(self._connection.close)
                self._connection.text_factory = text_of
                self._prepare()
                self._count()
                # Some network file systems know no log, or give a file another number with each look.
                self._can_be_lost = self._loss() is None
                self._opened = opened.pop_all()

    @property
    def held_bytes(self) -> int:
        """The payload of all that is held (see Shelf)."""
        return self._held_bytes

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes of the body or none; on return they are durable."""
        before = self.depth, self._held_bytes, self.newest, self.dropped
        with reported(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self.depth, self._held_bytes, self.newest, self.dropped = before
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def sizes(self, rank: Rank | None) -> Iterator[Sized]:
        """Yield what is held (see Shelf)."""
        where = "" if rank is None else "WHERE snapshot" if rank == "snapshot" else "WHERE NOT snapshot"
        yield from self._rows(f"SELECT key, length(payload) FROM letters {where} ORDER BY key")  # noqa: S608  # from above

    def add(self, stored: Stored) -> None:
        """Hold one more (see Shelf)."""
        row = (stored.key, stored.topic, stored.ts_ms, stored.rank == "snapshot", stored.payload)
        with reported(self._path):
            self._connection.execute("INSERT INTO letters VALUES (?, ?, ?, ?, ?)", row)
        self.depth += 1
        self._held_bytes += len(stored.payload)
        self.newest = max(self.newest, stored.key)

    def remove(self, key: int) -> None:
        """Hold this one no longer (see Shelf)."""
        size = self.size_of(key)
        if size is None:
            return
        with reported(self._path):
            self._connection.execute("DELETE FROM letters WHERE key = ?", (key,))
        self.depth -= 1
        self._held_bytes -= size

    def count_dropped(self, number: int) -> None:
        """Add to the count of what was dropped."""
        with reported(self._path):
            self._connection.execute("UPDATE totals SET dropped = dropped + ?", (number,))
        self.dropped += number

    def size_of(self, key: int) -> int | None:
        """Return the bytes of a letter's payload, None where it is not held."""
        for (size,) in self._rows("SELECT length(payload) FROM letters WHERE key = ?", key):
            return int(size)
        return None

    def keys(self, after: int) -> Generator[int, None, None]:
        """Yield the keys above ``after``, oldest first."""
        return (key for (key,) in self._rows("SELECT key FROM letters WHERE key > ? ORDER BY key", after))

    def keys_newest_first(self) -> Generator[int, None, None]:
        """Yield all keys, newest first."""
        return (key for (key,) in self._rows("SELECT key FROM letters ORDER BY key DESC"))

    def letter(self, key: int) -> Stored:
        """Return a letter that is held; what in it is of another type than it was written with is empty."""
        with reported(self._path):
            topic, ts_ms, snapshot, payload = self._one(
                "SELECT topic, ts_ms, snapshot, payload FROM letters WHERE key = ?", key
            )
        return stored_from(key, topic, ts_ms, snapshot, payload)

    def close(self) -> None:
        """Give the file back."""
        with reported(self._path):
            self._opened.close()

    def check_place(self) -> None:
        """Raise LostError where what is written would be found by nobody: SQLite goes on with a file that is gone."""
        with reported(self._path):
            found = self._loss() if self._can_be_lost else None
        if found is not None:
            raise LostError("the outbox's file is lost", where=str(self._path), found=found)

    def _loss(self) -> str | None:
        """Say what befell the open file, None where it is what its name stands for."""
        log = Path(f"{os.path.realpath(self._path)}-wal")  # SQLite follows a link, as its log does
        if not (self._path.exists() and log.exists()):
            return "it was removed"
        if not os.path.samestat(self._path.stat(), os.fstat(self._file)):
            return "another file has its name"
        return None if os.pread(self._file, len(FILE_START), 0) == FILE_START else "it was written over"

    def _prepare(self) -> None:
        """Set the file up, and refuse one that is not as this class leaves it."""
        for pragma in ("journal_mode = WAL", "synchronous = FULL", f"wal_autocheckpoint = {CHECKPOINT_PAGES}"):
            self._connection.execute(f"PRAGMA {pragma}")
        (layout,) = self._one("PRAGMA user_version")
        if layout == 0 and not self._tables():
            self._connection.execute("BEGIN IMMEDIATE")
            for statement in (*TABLES, "INSERT INTO totals VALUES (0)", f"PRAGMA user_version = {LAYOUT}"):
                self._connection.execute(statement)
            self._connection.execute("COMMIT")
            sync_directory(self._path.parent)
            return
        if layout != LAYOUT or self._tables() != set(TABLES):
            raise DamagedError("the outbox's file has another layout", where=str(self._path), found=f"version {layout}")
        (verdict,) = self._one("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise DamagedError("the outbox's file is damaged", where=str(self._path), found=str(verdict))

    def _count(self) -> None:
        self.depth, self._held_bytes, self.newest = self._one(
            "SELECT count(*), coalesce(sum(length(payload)), 0), coalesce(max(key), 0) FROM letters"
        )
        (self.dropped,) = self._one("SELECT dropped FROM totals")
        if not is_count(self.dropped):
            what = "the outbox's file is damaged"
            raise DamagedError(what, where=str(self._path), found="a count that is none")

    def _tables(self) -> set[str]:
        return {text for (text,) in self._rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}

    def _one(self, query: str, *values: int) -> tuple[Any, ...]:
        row = self._connection.execute(query, values).fetchone()
        if row is None:
            raise DamagedError("the outbox's file is damaged", where=str(self._path), found="a row that is missing")
        return tuple(row)

    def _rows(self, query: str, *values: int) -> Iterator[tuple[Any, ...]]:
        # Closed however far the reader gets: an open reading would keep the log from being moved into the file.
        with reported(self._path), closing(self._connection.execute(query, values)) as cursor:
            yield from cursor
