"""The embedded time-series store: one SQLite file, durable when ``write`` returns."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from skerry_server.errors import StoreError
from skerry_server.stores.base import Measurement, Point, Query, StoreInfo

# WAL lets the dashboard read while ingest writes; FULL makes a commit survive a power cut
# (https://www.sqlite.org/pragma.html#pragma_synchronous: NORMAL may lose the last commits in WAL mode).
_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    measurement TEXT NOT NULL,
    tags TEXT NOT NULL,
    UNIQUE (measurement, tags)
);
CREATE TABLE IF NOT EXISTS points (
    series INTEGER NOT NULL REFERENCES series (id),
    time_ns INTEGER NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (series, time_ns)
) WITHOUT ROWID;
"""
_INSERT_SERIES = "INSERT INTO series (measurement, tags) VALUES (?, ?) ON CONFLICT DO NOTHING"
_FIND_SERIES = "SELECT id FROM series WHERE measurement = ? AND tags = ?"
_INSERT_POINT = (
    "INSERT INTO points (series, time_ns, fields) VALUES (?, ?, ?) "
    "ON CONFLICT (series, time_ns) DO UPDATE SET fields = excluded.fields"
)
_SELECT = """
SELECT tags, time_ns, fields FROM points JOIN series ON series.id = points.series
WHERE measurement = ? AND time_ns >= ? AND time_ns < ? {conditions}
ORDER BY time_ns DESC LIMIT ?
"""
_CONDITION = "AND json_extract(tags, '$.' || ?) = ?"
BUSY_TIMEOUT_S = 5.0


class SqliteStore:
    """Points as JSON rows, keyed by series and time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._series: dict[tuple[str, str], int] = {}

    def probe(self) -> StoreInfo:
        """Open the file and make the tables. Raises StoreError."""
        with self._lock:
            self._open()
        return StoreInfo(product="sqlite", version=sqlite3.sqlite_version, where=str(self._path))

    def write(self, points: Sequence[Point]) -> None:
        """Commit ``points`` in one transaction. Raises StoreError."""
        with self._lock:
            connection = self._open()
            with self._reported():
                self._insert(connection, points)

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        with self._lock:
            self._open()
        sql = _SELECT.format(conditions=" ".join([_CONDITION] * len(query.tags)))
        tags = [part for pair in query.tags.items() for part in pair]
        values = [query.measurement, query.start_ns, query.stop_ns, *tags, query.limit]
        with self._reported(), closing(sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S)) as reader:
            return [_point(query.measurement, *row) for row in reader.execute(sql, values)]

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
            self._writer = None

    def _open(self) -> sqlite3.Connection:
        if self._writer is None:
            with self._reported():
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                # The lock stands for the thread check: one thread at a time uses this connection.
                connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
                connection.executescript(_SCHEMA)
            self._writer = connection
        return self._writer

    def _insert(self, connection: sqlite3.Connection, points: Sequence[Point]) -> None:
        found: dict[tuple[str, str], int] = {}
        with connection:
            rows = []
            for point in points:
                key = (point.measurement, _json(point.tags))
                series = self._series.get(key) or found.get(key)
                if series is None:
                    connection.execute(_INSERT_SERIES, key)
                    series = found[key] = connection.execute(_FIND_SERIES, key).fetchone()[0]
                rows.append((series, point.time_ns, _json(point.fields)))
            connection.executemany(_INSERT_POINT, rows)
        # Only now: a transaction that was rolled back took its new series with it.
        self._series.update(found)

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


def _json(values: Mapping[str, str] | Mapping[str, float]) -> str:
    return msgspec.json.encode(dict(values), order="sorted").decode()


def _point(measurement: Measurement, tags: str, time_ns: int, fields: str) -> Point:
    return Point(
        measurement=measurement,
        tags=msgspec.json.decode(tags, type=dict[str, str]),
        fields=msgspec.json.decode(fields, type=dict[str, float]),
        time_ns=time_ns,
    )
