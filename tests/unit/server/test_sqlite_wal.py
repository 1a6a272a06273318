"""A file is switched to its write-ahead log while another holds it, or not in silence."""

import sqlite3

import pytest

from skerry_server.sqlite_wal import switch_to_wal


@pytest.fixture
def held(tmp_path):
    """A new file, and the connection that is writing to it."""
    path = tmp_path / "registry.sqlite"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE devices (id TEXT)")
    holder.execute("BEGIN EXCLUSIVE")
    yield path, holder
    holder.close()


@pytest.fixture
def impatient(held):
    """A connection that SQLite refuses at once, as it refuses one of two that want the same lock."""
    connection = sqlite3.connect(held[0], timeout=0)
    yield connection
    connection.close()


def test_the_switch_waits_until_the_other_has_let_go(held, impatient, monkeypatch):
    waits = []
    monkeypatch.setattr("time.sleep", lambda seconds: (waits.append(seconds), held[1].close()))
    switch_to_wal(impatient, patience_s=60)
    assert len(waits) == 1
    assert impatient.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_when_its_patience_ends_it_tells_who_is_in_the_way(held, impatient):
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        switch_to_wal(impatient, patience_s=0)


def test_another_fault_is_told_at_once(tmp_path):
    path = tmp_path / "registry.sqlite"
    path.write_bytes(b"no database at all" * 100)
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        switch_to_wal(connection, patience_s=60)
    connection.close()


class Keeping(sqlite3.Connection):
    """Keeps its cursors, as now and then nothing has reset them yet when the connection's first transaction ends."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.cursors = []

    def execute(self, *arguments):
        self.cursors.append(super().execute(*arguments))
        return self.cursors[-1]


def test_nothing_of_the_switch_is_under_way_when_the_first_transaction_is_committed(tmp_path):
    connection = sqlite3.connect(tmp_path / "registry.sqlite", isolation_level=None, factory=Keeping)
    switch_to_wal(connection, patience_s=60)
    for statement in ("BEGIN IMMEDIATE", "CREATE TABLE devices (id TEXT)", "COMMIT"):
        connection.execute(statement)
    assert not connection.in_transaction
    connection.close()
