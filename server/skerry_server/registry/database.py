"""The registry's connection: opened by address, its schema brought up to date, and every failure one typed error."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Insert, Result, Table, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from skerry_edge.foundation.redaction import redact
from skerry_server.errors import RegistryError
from skerry_server.registry import schema
from skerry_server.registry.engine import MOST_CONNECTIONS, READS, open_engine
from skerry_server.registry.models import Device

PATIENCE_S = 5.0
"""How long a connection, or what another has locked, is waited for."""
COUNTED = {"preserve_rowcount": True}
"""Execution options for an insertion: without them SQLAlchemy forgets how many rows it inserted."""


class Database:
    """A relational database with the registry's tables; it need not be there before it is used."""

    def __init__(self, url: str, *, patience_s: float = PATIENCE_S, connections: int = MOST_CONNECTIONS) -> None:
        self.where = redact(url)
        self._engine = open_engine(url, patience_s=patience_s, connections=connections)
        self._reading = self._engine.execution_options(**_reads(self._engine))
        self._is_current = False

    @property
    def engine(self) -> Engine:
        """The engine, for what works on whole tables."""
        return self._engine

    def is_present(self) -> bool:
        """Tell whether there are tables of ours, of whatever version; makes nothing. Raises RegistryError."""
        file = self._file()
        with self.reported():
            if file is not None and not file.exists():
                return False
            with self._reading.begin() as connection:
                return inspect(connection).has_table(Device.__tablename__)

    def pending(self) -> list[schema.Migration]:
        """Return what `migrate` would do. Raises RegistryError and ConfigError."""
        self._make_folder()
        with self.reported(), self._reading.begin() as connection:
            return schema.pending(connection)

    def migrate(self) -> list[schema.Migration]:
        """Bring the tables up to this version, and return what was done for it. Raises RegistryError, ConfigError."""
        if self._is_current:
            return []
        done: list[schema.Migration] = []
        # Looked at first: changing the schema waits for whoever writes, which a process that only reads must not.
        if self.pending():
            with self.reported(), self._engine.begin() as connection:
                done = schema.migrate(connection)
        self._is_current = True
        return done

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Session]:
        """Give a session that may write, and commits when the block ends well. Raises RegistryError.

        On SQLite it holds the write lock from its beginning, so that nothing it has read can change under it; on
        PostgreSQL rows that a decision stands on are to be locked (`with_for_update`).
        """
        yield from self._session(self._engine)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the registry, waits for no writer, and cannot write.

        Raises RegistryError.
        """
        yield from self._session(self._reading)

    def probe(self) -> None:
        """Raise RegistryError unless the database answers a query."""
        with self.reading() as session:
            session.execute(select(Device.id).limit(1))

    def forget_log(self) -> None:
        """Bring SQLite's log into its file and empty it, as far as readers let it; the log holds what was deleted.

        Raises RegistryError.
        """
        if self._engine.dialect.name != "sqlite":
            return
        with self.reported(), contextlib.closing(self._engine.raw_connection()) as raw:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextlib.contextmanager
    def reported(self) -> Iterator[None]:
        """Make whatever the database or its driver raises in the block a RegistryError."""
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            cause = getattr(error, "orig", None) or error
            raise RegistryError(
                "the registry's database cannot be used",
                where=self.where,
                found=redact(f"{type(cause).__name__}: {cause}"),
            ) from error

    def _session(self, engine: Engine) -> Iterator[Session]:
        self.migrate()
        # Rows are read after the block as well.
        with self.reported(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def _make_folder(self) -> None:
        file = self._file()
        if file is not None:
            with self.reported():
                file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _file(self) -> Path | None:
        database = self._engine.url.database
        return Path(database) if self._engine.dialect.name == "sqlite" and database else None


def insert_new(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert ``rows``, leaving out those that break a unique constraint; return how many are new."""
    if not rows:
        return 0
    return affected(session.execute(insert_or_leave(session, table), rows, execution_options=COUNTED))


def insert_or_leave(session: Session, table: Table) -> Insert:
    """Return an insertion into ``table`` that leaves out what breaks a unique constraint."""
    return insertion(session, table).on_conflict_do_nothing()


def insertion(session: Session, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an insertion into ``table`` that may say what becomes of a row that is there already.

    Both databases have the same words for it (PostgreSQL 9.5, SQLite 3.24).
    """
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if is_postgresql else sqlite.insert(table)


def affected(result: Result[Any]) -> int:
    """Return how many rows a statement changed; one that inserts must be executed with COUNTED."""
    return int(result.rowcount)  # type: ignore[attr-defined]  # what changes rows gives a CursorResult


def _reads(engine: Engine) -> dict[str, Any]:
    if engine.dialect.name == "postgresql":
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {READS: True}
