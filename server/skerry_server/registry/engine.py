"""Engines of SQLAlchemy: one address, one of two databases, and no wait without an end."""

from __future__ import annotations

import math
import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from skerry_edge.foundation.errors import ConfigError, MissingError
from skerry_edge.foundation.extras import install_hint
from skerry_edge.foundation.redaction import redact
from skerry_server.sqlite_wal import switch_to_wal

STATEMENT_TIMEOUT_S = 30
UNANSWERED_S = 10
"""After so long without a sign from the other machine, a connection counts as gone."""
POOL_SIZE = 10
MOST_CONNECTIONS = 20
"""Beyond those that the pool keeps, connections are closed when they are no longer needed."""
DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
"""What an address may begin with, and what then does the work: waits are bounded in the words of each driver."""
READS = "skerry_reads"
"""Execution option of an engine whose transactions only read."""


def open_engine(address: str, *, patience_s: float, connections: int = MOST_CONNECTIONS) -> Engine:
    """Return an engine that has not connected yet. Raises ConfigError and MissingError.

    It has at most that many ``connections``. It waits ``patience_s`` for one, and as long for what another has locked.
    """
    url = parse_address(address)
    is_sqlite = url.get_backend_name() == "sqlite"
    try:
        engine = create_engine(
            url,
            connect_args={"timeout": patience_s} if is_sqlite else _libpq(patience_s),
            pool_pre_ping=not is_sqlite,
            pool_size=min(connections, POOL_SIZE),
            max_overflow=max(0, connections - POOL_SIZE),
            pool_timeout=patience_s,
        )
    except ImportError as error:
        package = error.name or "psycopg"
        raise MissingError(
            f"the registry's database needs the Python package '{package}'",
            where=redact(address),
            found=str(error),
            todo=install_hint("server"),
        ) from error
    if is_sqlite:
        event.listen(engine, "connect", lambda connection, _record: _prepare_sqlite(connection, patience_s))
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def parse_address(address: str) -> URL:
    """Return the parts of the address of an SQLite file or a PostgreSQL database. Raises ConfigError."""
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise _no_address(address, str(error)) from error
    driver = DRIVERS.get(url.drivername)
    if driver is None:
        raise ConfigError(
            "the registry lives in SQLite or PostgreSQL",
            where=redact(address),
            found=url.drivername,
            todo="write sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE",
        )
    if driver == "sqlite" and url.database in (None, "", ":memory:"):
        raise ConfigError("the registry needs a file to live in", where=redact(address))
    return url.set(drivername=driver)


def _libpq(patience_s: float) -> dict[str, Any]:
    """Return the parameters of a connection (PostgreSQL manual 34.1.2); ``options`` hold for all its statements."""
    # 0 would stand for no end at all.
    lock_ms, statement_ms = max(1, round(patience_s * 1000)), STATEMENT_TIMEOUT_S * 1000
    return {
        # libpq takes whole seconds, and 2 at least.
        "connect_timeout": max(2, math.ceil(patience_s)),
        "application_name": "skerry",
        "tcp_user_timeout": UNANSWERED_S * 1000,
        "keepalives_idle": UNANSWERED_S,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "options": f"-c lock_timeout={lock_ms} -c statement_timeout={statement_ms}",
    }


def _no_address(address: str, found: str) -> ConfigError:
    return ConfigError("the registry's address is no SQLAlchemy URL", where=redact(address), found=redact(found))


def _prepare_sqlite(connection: sqlite3.Connection, patience_s: float) -> None:
    # Left to itself the driver begins a transaction only at the first write, so what was read before could be outdated.
    connection.isolation_level = None
    # WAL lets the dashboard read while ingest writes; FULL makes a commit survive a power cut.
    switch_to_wal(connection, patience_s=patience_s)
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # Whoever may write waits for the write lock first: a reader cannot become a writer once another has written.
    is_reading = connection.get_execution_options().get(READS, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {int(is_reading)}")
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")
