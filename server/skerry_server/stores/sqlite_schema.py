"""The embedded store's file: its tables, and how it is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skerry_server.sqlite_wal import switch_to_wal

BUSY_TIMEOUT_S = 5.0
# WAL lets the dashboard read while ingest writes; FULL makes a commit survive a power cut
# (https://www.sqlite.org/pragma.html#pragma_synchronous: NORMAL may lose the last commits in WAL mode). A batch
# touches one page a device, so the log is folded into the file every 64 MiB and not every 4.
_OPEN = """
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 16384;
PRAGMA cache_size = -32768;
"""
# Fields are JSON: `[layout, value, value, …]` with the names in `layouts`, a quarter of what the names would take; or
# `{name: value, …}`, as earlier versions wrote them and as too rare sets of names still are.
# `summaries` are roll-ups: `[layout, [counts], [means], [least], [greatest], [last]]`.
# `due` are the windows to be summed up, for the first time or again because a point came late.
_TABLES = """
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    measurement TEXT NOT NULL,
    tags TEXT NOT NULL,
    UNIQUE (measurement, tags)
);
CREATE INDEX IF NOT EXISTS series_of_device ON series (measurement, json_extract(tags, '$.device'));
CREATE TABLE IF NOT EXISTS layouts (
    id INTEGER PRIMARY KEY,
    names TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS points (
    series INTEGER NOT NULL REFERENCES series (id),
    time_ns INTEGER NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (series, time_ns)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS summaries (
    series INTEGER NOT NULL REFERENCES series (id),
    time_ns INTEGER NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (series, time_ns)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS due (
    time_ns INTEGER NOT NULL,
    series INTEGER NOT NULL REFERENCES series (id),
    PRIMARY KEY (time_ns, series)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO marks VALUES ('rolled_until_ns', 0), ('kept_since_ns', 0), ('rollups_since_ns', 0), ('erasures', 0)
ON CONFLICT DO NOTHING;
"""


class Marks:
    """How far upkeep came.

    Before ``rolled_until_ns`` every window is summed up or due; points before ``kept_since_ns`` and roll-ups before
    ``rollups_since_ns`` are gone. ``erasures`` counts how often series were removed.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        found = dict(connection.execute("SELECT name, value FROM marks"))
        self.rolled_until_ns: int = found["rolled_until_ns"]
        self.kept_since_ns: int = found["kept_since_ns"]
        self.rollups_since_ns: int = found["rollups_since_ns"]
        self.erasures: int = found["erasures"]


def mark(connection: sqlite3.Connection, **values: int) -> None:
    """Set marks by name."""
    connection.executemany(
        "UPDATE marks SET value = ? WHERE name = ?", [(value, name) for name, value in values.items()]
    )


def open_file(path: Path) -> sqlite3.Connection:
    """Return a connection that writes, tables made; to be used by one thread at a time.

    Raises sqlite3.Error and OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None)
    try:
        switch_to_wal(connection, patience_s=BUSY_TIMEOUT_S)
        connection.executescript(_OPEN + _TABLES)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Return a connection for one question. Raises sqlite3.Error."""
    return sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit when the block ends well; what it reads is not changed by others meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has ended it already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
