"""SQLite's write-ahead log: how a file is switched to it while others may be doing the same."""

from __future__ import annotations

import sqlite3
import time

RETRY_S = 0.02


def switch_to_wal(connection: sqlite3.Connection, *, patience_s: float) -> None:
    """Switch the file of ``connection`` to WAL, waiting ``patience_s`` for others. Raises sqlite3.OperationalError.

    The connection's own time-out does not hold here: of two that hold the shared lock and both want the exclusive one,
    SQLite refuses one at once, so that the other may go on (https://www.sqlite.org/c3ref/busy_handler.html).
    """
    end = time.monotonic() + patience_s
    while not _has_switched(connection, is_last_try=time.monotonic() >= end):
        time.sleep(RETRY_S)


def _has_switched(connection: sqlite3.Connection, *, is_last_try: bool) -> bool:
    try:
        # Read to its end: where several connected at once, one that was left after its row was now and then still under
        # way, and the first transaction on its connection could not be committed ("SQL statements in progress").
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
    except sqlite3.OperationalError as error:
        # Only Python 3.11 and later have the code of the error.
        if is_last_try or "locked" not in str(error):
            raise
        return False
    return True
