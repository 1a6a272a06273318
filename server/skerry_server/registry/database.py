"""The registry's connection: opened by address, tables made, and every failure one typed error."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Insert, Table, create_engine, event, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import ConfigError, MissingError
from skerry_edge.foundation.redaction import redact
from skerry_server.errors import RegistryError
from skerry_server.registry.columns import add_missing
from skerry_server.registry.models import Base, Device

BUSY_TIMEOUT_S = 5


class Database:
    """A relational database with the registry's tables."""

    def __init__(self, url: str) -> None:
        self.where = redact(url)
        self._engine = _engine(url, self.where)
        self._is_made = False
        self._lock = threading.Lock()

    def make_tables(self) -> None:
        """Make the tables, and the columns of an earlier version's, that are not there. Raises RegistryError."""
        database = self._engine.url.database
        with self._lock, self._reported():
            if self._is_made:
                return
            if self._engine.dialect.name == "sqlite" and database:
                Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            Base.metadata.create_all(self._engine)
            with self._engine.begin() as connection:
                add_missing(connection)
            self._is_made = True

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Give a session that commits when the block ends well. Raises RegistryError."""
        self.make_tables()
        with self._reported(), Session(self._engine) as session, session.begin():
            yield session

    def probe(self) -> None:
        """Raise RegistryError unless the database answers a query."""
        with self.transaction() as session:
            session.execute(select(text("1")).select_from(Device).limit(1))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            cause = getattr(error, "orig", None) or error
            raise RegistryError(
                "the registry's database cannot be used",
                where=self.where,
                found=redact(f"{type(cause).__name__}: {cause}"),
            ) from error


def insert_new(session: Session, table: Table, rows: list[dict[str, Any]]) -> int:
    """Insert ``rows``, leaving out those that break a unique constraint; return how many are new."""
    if not rows:
        return 0
    statement: Insert
    if session.get_bind().dialect.name == "postgresql":
        statement = postgresql.insert(table).on_conflict_do_nothing()
    else:
        statement = sqlite.insert(table).on_conflict_do_nothing()
    added = 0
    for row in rows:
        result = session.execute(statement.values(row))
        added += result.rowcount  # type: ignore[attr-defined]  # an INSERT gives a CursorResult
    return added


def _engine(url: str, where: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise ConfigError(
                "the registry lives in SQLite or PostgreSQL", where=where, found=parsed.get_backend_name()
            )
        arguments = {"timeout": BUSY_TIMEOUT_S} if parsed.get_backend_name() == "sqlite" else {}
        engine = create_engine(parsed, connect_args=arguments, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigError("the registry's address is no SQLAlchemy URL", where=where, found=str(error)) from error
    except ModuleNotFoundError as error:
        raise MissingError(
            f"the registry's database needs the Python package '{error.name}'",
            where=where,
            todo=f"install it: pip install {error.name}",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's own connection
    # WAL lets the dashboard read while ingest writes; FULL makes a commit survive a power cut.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
