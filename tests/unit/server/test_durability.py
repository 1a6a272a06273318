"""What is acknowledged survives a power cut: SQLite syncs every commit, which in WAL mode only `FULL` does."""

from __future__ import annotations

import sqlite3

from sqlalchemy import text

from skerry_server.stores.base import Point

FULL = 2
"""https://www.sqlite.org/pragma.html#pragma_synchronous"""


def test_the_registry_syncs_every_commit(database):
    with database.transaction() as session:
        assert session.scalar(text("PRAGMA synchronous")) == FULL
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"


def test_the_time_series_file_syncs_every_commit(store, monkeypatch):
    opened, connect = [], sqlite3.connect

    def watched(*arguments, **options):
        opened.append(connect(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", watched)
    tags = {"site": "home", "device": "cam-1", "board": "raspberry-pi-5"}
    store.write([Point(measurement="heartbeat", tags=tags, fields={"cpu_percent": 1.0}, time_ns=1)])
    (writer,) = opened
    assert writer.execute("PRAGMA synchronous").fetchone() == (FULL,)
    assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
