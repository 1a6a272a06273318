"""The embedded time-series store: one SQLite file, durable when ``write`` returns."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from skerry_server.errors import RefusedPointsError, StoreError
from skerry_server.stores.archive import ROLLUP_STEP_NS, Retention, Tended, WindowQuery
from skerry_server.stores.base import MAX_TIME_NS, Point, Query, StoreInfo
from skerry_server.stores.sqlite_points import read_newest
from skerry_server.stores.sqlite_rows import Numbers, having, pack
from skerry_server.stores.sqlite_schema import Marks, mark, open_file, open_reader, transaction
from skerry_server.stores.sqlite_upkeep import tend
from skerry_server.stores.sqlite_windows import read_windows

_INSERT_POINT = (
    "INSERT INTO points (series, time_ns, fields) VALUES (?, ?, ?) "
    "ON CONFLICT (series, time_ns) DO UPDATE SET fields = excluded.fields"
)
_NOTE_DUE = "INSERT OR IGNORE INTO due (time_ns, series) VALUES (?, ?)"
_TABLES_OF_SERIES = ("points", "summaries", "due")


class SqliteStore:
    """Points as JSON rows, keyed by series and time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._numbers: Numbers | None = None

    def probe(self) -> StoreInfo:
        """Open the file and make the tables. Raises StoreError."""
        with self._lock:
            self._open()
        return StoreInfo(
            product="sqlite",
            version=sqlite3.sqlite_version,
            where=str(self._path),
            can=frozenset({"retention", "rollup", "erase"}),
        )

    def write(self, points: Sequence[Point]) -> None:
        """Commit ``points`` in one transaction. Raises StoreError and RefusedPointsError."""
        with self._lock:
            # Dropped first: a transaction that is rolled back takes its new numbers with it.
            numbers, self._numbers = self._numbers, None
            with self._writing() as connection:
                marks = Marks(connection)
                if numbers is None or numbers.erasures != marks.erasures:
                    numbers = Numbers(erasures=marks.erasures)
                refused = _insert(connection, points, numbers, marks)
            self._numbers = numbers
        if refused:
            raise RefusedPointsError(refused, where=str(self._path))

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        with self._reading() as reader:
            return read_newest(reader, query)

    def windows(self, query: WindowQuery) -> list[Point]:
        """Return one point for each series and window, newest first. Raises StoreError."""
        with self._reading() as reader:
            return read_windows(reader, query)

    def tend(self, retention: Retention, *, now_ns: int) -> Tended:
        """Do one bounded step of roll-up and retention. Raises StoreError."""
        with self._lock, self._reported():
            return tend(self._open(), retention, now_ns=now_ns)

    def erase(self, tags: Mapping[str, str]) -> None:
        """Forget all series with ``tags``, and overwrite in the file what they held. Raises StoreError."""
        if not tags:
            raise ValueError("erasing needs a tag: without one it would be everything")
        condition, values = having(None, tags)
        chosen = f"(SELECT id FROM series WHERE {condition})"  # noqa: S608  # our own words; all values are parameters
        with self._lock:
            with self._reported():
                self._open().execute("PRAGMA secure_delete = ON")
            with self._writing() as connection:
                for table in _TABLES_OF_SERIES:
                    connection.execute(f"DELETE FROM {table} WHERE series IN {chosen}", values)  # noqa: S608  # our own words
                connection.execute(f"DELETE FROM series WHERE id IN {chosen}", values)  # noqa: S608  # our own words
                mark(connection, erasures=Marks(connection).erasures + 1)
            with self._reported():
                connection.execute("PRAGMA secure_delete = OFF")
                # The log still holds what the file no longer does.
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
            self._writer = None

    def _open(self) -> sqlite3.Connection:
        if self._writer is None:
            with self._reported():
                self._writer = open_file(self._path)
        return self._writer

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        connection = self._open()
        with self._reported(), transaction(connection):
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._writer is None:
            with self._lock:
                self._open()
        with self._reported(), closing(open_reader(self._path)) as reader:
            yield reader

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                "the time-series file cannot be used",
                where=str(self._path),
                found=str(error),
                todo="check space and permissions",
            ) from error


def _insert(connection: sqlite3.Connection, points: Sequence[Point], numbers: Numbers, marks: Marks) -> dict[int, str]:
    """Insert ``points`` within a transaction; return why, by index, some are not."""
    rows, late, refused = [], [], {}
    for index, one in enumerate(points):
        text = pack(one.fields, numbers.layout(connection, tuple(one.fields)))
        if one.time_ns < marks.kept_since_ns:
            refused[index] = "the point is older than what the store keeps"
        elif one.time_ns > MAX_TIME_NS:
            refused[index] = "the point is later than what the store can tell"
        elif not one.fields or ("null" in text and not all(map(math.isfinite, one.fields.values()))):
            refused[index] = "a point needs a field, and every field must be a finite number"
        else:
            series = numbers.series(connection, one.measurement, one.tags)
            rows.append((series, one.time_ns, text))
            if one.time_ns < marks.rolled_until_ns:
                late.append((one.time_ns // ROLLUP_STEP_NS * ROLLUP_STEP_NS, series))
    connection.executemany(_INSERT_POINT, rows)
    connection.executemany(_NOTE_DUE, late)
    return refused
