"""Long ranges from the embedded store: from points as they came or from their roll-ups, by the range asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import TypeVar

from skerry_server.errors import TooWideError
from skerry_server.stores.archive import WindowQuery
from skerry_server.stores.base import Point
from skerry_server.stores.ranges import Part, plan
from skerry_server.stores.sqlite_rows import Names, having, point, shared_tags
from skerry_server.stores.sqlite_schema import Marks
from skerry_server.stores.summaries import Summaries, of_point, take_in

T = TypeVar("T")
MAX_ROWS = 1_000_000
"""Rows that one query may read; more would take half a minute and more."""
MAX_VALUES = 500_000
"""Values that one answer may hold before the newest are chosen, some 100 MB."""


def read_windows(reader: sqlite3.Connection, query: WindowQuery) -> list[Point]:
    """Return one point for each series and window, newest first. Raises sqlite3.Error and TooWideError."""
    names = Names(reader)
    # One view of the file for all that follows, whatever upkeep does meanwhile.
    reader.execute("BEGIN")
    windows: dict[tuple[str, int], Summaries] = {}
    groups: dict[str, str] = {}
    room = MAX_ROWS
    for part in plan(query, rolled_until_ns=summed_until(reader), kept_since_ns=Marks(reader).kept_since_ns):
        for tags, time_ns, summaries in _rows(reader, names, query, part, room):
            room -= 1
            if tags not in groups:
                groups[tags] = shared_tags(tags, query.by)
            if summaries:
                window = (groups[tags], time_ns // part.step_ns * part.step_ns)
                take_in(windows.setdefault(window, {}), summaries.items())
            if room <= 0 or len(windows) * len(summaries) > MAX_VALUES:
                raise TooWideError(
                    "the query takes in too much of the time-series store",
                    found=f"more than {MAX_ROWS} rows, or more than {MAX_VALUES} values",
                    todo="ask for one device, fewer fields, a shorter range or a longer step",
                )
    newest = sorted(windows, key=lambda key: key[1], reverse=True)[: query.limit]
    return [point(query.measurement, tags, time_ns, _values(windows[tags, time_ns], query)) for tags, time_ns in newest]


def summed_until(connection: sqlite3.Connection) -> int:
    """Return the time before which roll-ups hold every window that has points."""
    (due,) = connection.execute("SELECT min(time_ns) FROM due").fetchone()
    rolled_until_ns = Marks(connection).rolled_until_ns
    return rolled_until_ns if due is None else min(due, rolled_until_ns)


def _rows(
    reader: sqlite3.Connection, names: Names, query: WindowQuery, part: Part, limit: int
) -> Iterator[tuple[str, int, Summaries]]:
    condition, values = having(query.measurement, query.tags)
    table = "summaries" if part.source == "rollups" else "points"
    sql = (
        f"SELECT tags, time_ns, fields FROM series CROSS JOIN {table} AS rows ON rows.series = series.id "  # noqa: S608  # our own words; all values are parameters
        f"AND rows.time_ns >= ? AND rows.time_ns < ? WHERE {condition} LIMIT ?"
    )
    for tags, time_ns, text in reader.execute(sql, [part.start_ns, part.stop_ns, *values, limit]):
        if part.source == "points":
            yield tags, time_ns, dict(of_point(_wanted(names.fields(text), query), time_ns))
        else:
            yield tags, time_ns, _wanted(names.summaries(text, time_ns), query)


def _wanted(fields: dict[str, T], query: WindowQuery) -> dict[str, T]:
    return {name: fields[name] for name in query.fields if name in fields} if query.fields else fields


def _values(summaries: Summaries, query: WindowQuery) -> dict[str, float]:
    return {name: one.value(query.aggregate) for name, one in summaries.items()}
