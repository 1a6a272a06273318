"""Upkeep of the embedded store in steps of bounded work: roll-ups made, old points and old roll-ups let go of.

A window is first noted as due and then summed up from its points, both in transactions of their own; a point that
comes late notes its window as due again. Points are let go of only when no window before them is due.
"""

from __future__ import annotations

import sqlite3

from skerry_server.stores.archive import NS_PER_S, ROLLUP_STEP_NS, Retention, Tended
from skerry_server.stores.sqlite_rows import Names, Numbers, pack_summaries
from skerry_server.stores.sqlite_schema import Marks, mark, transaction
from skerry_server.stores.sqlite_windows import summed_until
from skerry_server.stores.summaries import Summaries, of_point, take_in

WINDOWS_AT_ONCE = 500
ROWS_AT_ONCE = 10_000
STRETCH_NS = 12 * ROLLUP_STEP_NS
"""How much time is looked through for windows at once."""
GRACE_NS = 120 * NS_PER_S
"""How long after its end a window is left for those that come a little late."""
_NOTE_DUE = f"""
INSERT OR IGNORE INTO due (time_ns, series)
SELECT DISTINCT points.time_ns / {ROLLUP_STEP_NS} * {ROLLUP_STEP_NS}, series.id
FROM series CROSS JOIN points ON points.series = series.id AND points.time_ns >= ? AND points.time_ns < ?
"""  # noqa: S608  # a constant of ours
# One seek a series; without the inner query SQLite would read every point. CROSS JOIN does the same below and above.
_OLDEST = """
SELECT min(oldest) FROM (
    SELECT (SELECT min(time_ns) FROM points WHERE points.series = series.id AND time_ns >= ?) AS oldest FROM series
)
"""
_NEWEST = """
SELECT max(newest) FROM (
    SELECT (SELECT max(time_ns) FROM points WHERE points.series = series.id AND time_ns <= ?) AS newest FROM series
)
"""
_WINDOW = "SELECT time_ns, fields FROM points WHERE series = ? AND time_ns >= ? AND time_ns < ? ORDER BY time_ns"
_KEEP_SUMMARY = (
    "INSERT INTO summaries (series, time_ns, fields) VALUES (?, ?, ?) "
    "ON CONFLICT (series, time_ns) DO UPDATE SET fields = excluded.fields"
)
_EMPTY_SERIES = """
DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM points WHERE points.series = series.id)
AND NOT EXISTS (SELECT 1 FROM summaries WHERE summaries.series = series.id)
"""


def tend(connection: sqlite3.Connection, retention: Retention, *, now_ns: int) -> Tended:
    """Do the first of the steps that finds work. Raises sqlite3.Error."""
    with transaction(connection):
        marks = Marks(connection)
        # A clock that was set far ahead must not empty the store: time is not later here than the newest point.
        (newest_ns,) = connection.execute(_NEWEST, (now_ns,)).fetchone()
        now_ns = min(now_ns, newest_ns or 0)
        target_ns = _begin_of_window(now_ns - GRACE_NS)
        detail = (
            _sum_up(connection, marks)
            or _note_due(connection, marks, target_ns)
            or _drop_points(connection, marks, now_ns - retention.raw_ns)
            or _drop_summaries(connection, marks, now_ns - retention.rollup_ns)
        )
        rolled_until_ns = summed_until(connection)
    return Tended(detail=detail or "nothing to do", is_done=not detail, rolled_until_ns=rolled_until_ns)


def _sum_up(connection: sqlite3.Connection, marks: Marks) -> str:
    due = connection.execute("SELECT time_ns, series FROM due LIMIT ?", (WINDOWS_AT_ONCE,)).fetchall()
    names, numbers = Names(connection), Numbers(erasures=marks.erasures)
    for time_ns, series in due:
        summaries: Summaries = {}
        for at_ns, fields in connection.execute(_WINDOW, (series, time_ns, time_ns + ROLLUP_STEP_NS)):
            take_in(summaries, of_point(names.fields(fields), at_ns))
        if summaries:
            layout = numbers.layout(connection, tuple(summaries))
            connection.execute(_KEEP_SUMMARY, (series, time_ns, pack_summaries(summaries, layout)))
    connection.executemany("DELETE FROM due WHERE time_ns = ? AND series = ?", due)
    return f"windows summed up: {len(due)}" if due else ""


def _note_due(connection: sqlite3.Connection, marks: Marks, target_ns: int) -> str:
    if marks.rolled_until_ns >= target_ns:
        return ""
    (oldest_ns,) = connection.execute(_OLDEST, (marks.rolled_until_ns,)).fetchone()
    start_ns = target_ns if oldest_ns is None else min(_begin_of_window(oldest_ns), target_ns)
    stop_ns = min(start_ns + STRETCH_NS, target_ns)
    noted = connection.execute(_NOTE_DUE, (start_ns, stop_ns)).rowcount
    mark(connection, rolled_until_ns=stop_ns)
    return f"windows found: {noted}"


def _drop_points(connection: sqlite3.Connection, marks: Marks, limit_ns: int) -> str:
    limit_ns = min(_begin_of_window(limit_ns), marks.rolled_until_ns)
    dropped = _drop(connection, "points", limit_ns)
    if limit_ns > marks.kept_since_ns:
        mark(connection, kept_since_ns=limit_ns)
    return f"old points let go of: {dropped}" if dropped else ""


def _drop_summaries(connection: sqlite3.Connection, marks: Marks, limit_ns: int) -> str:
    limit_ns = _begin_of_window(limit_ns)
    dropped = _drop(connection, "summaries", limit_ns)
    if dropped:
        return f"old roll-ups let go of: {dropped}"
    # Series end with their last roll-up; looking for them once a window is often enough.
    if limit_ns <= marks.rollups_since_ns:
        return ""
    mark(connection, rollups_since_ns=limit_ns)
    emptied = connection.execute(_EMPTY_SERIES).rowcount
    if emptied:
        mark(connection, erasures=marks.erasures + 1)
    return f"series without points let go of: {emptied}" if emptied else ""


def _drop(connection: sqlite3.Connection, table: str, limit_ns: int) -> int:
    old = connection.execute(
        f"SELECT rows.series, rows.time_ns FROM series CROSS JOIN {table} AS rows "  # noqa: S608  # our own words; all values are parameters
        "ON rows.series = series.id AND rows.time_ns < ? LIMIT ?",
        (limit_ns, ROWS_AT_ONCE),
    ).fetchall()
    connection.executemany(f"DELETE FROM {table} WHERE series = ? AND time_ns = ?", old)  # noqa: S608  # our own words
    return len(old)


def _begin_of_window(time_ns: int) -> int:
    return max(time_ns, 0) // ROLLUP_STEP_NS * ROLLUP_STEP_NS
