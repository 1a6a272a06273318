"""The newest points from the embedded store: from each series its newest, and of those the newest of all."""

from __future__ import annotations

import sqlite3
from operator import itemgetter

from skerry_server.stores.base import Point, Query
from skerry_server.stores.sqlite_rows import Names, having, point

_NEWEST = (
    "SELECT time_ns, fields FROM points WHERE series = ? AND time_ns >= ? AND time_ns < ? ORDER BY time_ns DESC LIMIT ?"
)


def read_newest(reader: sqlite3.Connection, query: Query) -> list[Point]:
    """Return the newest points that match, newest first. Raises sqlite3.Error."""
    condition, values = having(query.measurement, query.tags)
    reader.execute("BEGIN")
    series = reader.execute(f"SELECT id, tags FROM series WHERE {condition}", values).fetchall()  # noqa: S608  # our own words; all values are parameters
    found: list[tuple[int, str, str]] = []
    start_ns = query.start_ns
    for number, tags in series:
        rows = reader.execute(_NEWEST, (number, start_ns, query.stop_ns, query.limit))
        found += [(time_ns, tags, fields) for time_ns, fields in rows]
        if len(found) >= 2 * query.limit:
            found = _newest(found, query.limit)
            # What is older than these is not wanted, so the other series need not be read so far back.
            start_ns = found[-1][0]
    names = Names(reader)
    newest = _newest(found, query.limit)
    return [point(query.measurement, tags, time_ns, names.fields(fields)) for time_ns, tags, fields in newest]


def _newest(found: list[tuple[int, str, str]], limit: int) -> list[tuple[int, str, str]]:
    return sorted(found, key=itemgetter(0), reverse=True)[:limit]
