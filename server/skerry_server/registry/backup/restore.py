"""A backup restored: checked whole before anything is touched, and then in one transaction or not at all."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.orm import Session

from skerry_server.errors import ConflictError
from skerry_server.registry import schema
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.backup.archive import Archive, opened
from skerry_server.registry.backup.manifest import Manifest, SavedTable
from skerry_server.registry.backup.rows import row_decoder, target
from skerry_server.registry.backup.save import CHUNK_ROWS, Progress
from skerry_server.registry.backup.telemetry import is_filled, put_in_place
from skerry_server.registry.database import Database
from skerry_server.registry.models import AuditHeadRow, Base, table_of


def require_empty(database: Database, telemetry: Path | None) -> None:
    """Raise ConflictError where a restore would replace something. Raises RegistryError and StoreError."""
    with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            rows = session.scalar(select(func.count()).select_from(table))
            if rows and table is not table_of(AuditHeadRow):
                raise _not_empty(database.where, f"{rows} rows in the table '{table.name}'")
    if telemetry is not None and is_filled(telemetry):
        raise _not_empty(str(telemetry), "a file of time series")


def restore_backup(
    database: Database, path: Path, *, telemetry: Path | None, author: Author, progress: Progress
) -> Manifest:
    """Make the registry what it was when the backup ``path`` was made, and return what that says of itself.

    An older schema is brought up to this version. ``telemetry`` is the embedded store's file, which is replaced where
    the backup has one. Raises DataError, ReachError, ConfigError, RegistryError and StoreError; the registry is what
    it was then, unless the time series alone could not be put in place.
    """
    with opened(path) as archive:
        manifest = archive.manifest
        schema.require_known(manifest.revision)
        _verify(archive, progress)
        with database.reported(), database.engine.begin() as connection:
            schema.hold_alone(connection)
            _clear(connection)
            schema.migrate_to(connection, manifest.revision)
            for table in manifest.tables:
                _load(connection, archive, table, progress)
            schema.migrate_to(connection, schema.newest())
            with Session(connection) as session:
                told = {"created_ms": manifest.created_ms, "revision": manifest.revision, "program": manifest.program}
                note(session, author, "registry.restore", "", told)
                session.flush()
        if telemetry is not None and manifest.telemetry is not None:
            put_in_place(archive.blocks(manifest.telemetry), telemetry)
    return manifest


def _verify(archive: Archive, progress: Progress) -> None:
    """Read everything once. Raises DataError."""
    total = sum(member.size_bytes for member in archive.members())
    done = 0
    for member in archive.members():
        for block in archive.blocks(member):
            done += len(block)
            progress("checking", done, total)


def _clear(connection: Connection) -> None:
    Base.metadata.drop_all(connection)
    connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


def _load(connection: Connection, archive: Archive, table: SavedTable, progress: Progress) -> None:
    into = target(table.name, table.columns)
    # A migration may have put rows there: what was saved is all there is to be.
    connection.execute(into.delete())
    decode = row_decoder(table.columns, where=f"the table '{table.name}'")
    lines = archive.lines(table.member)
    done = 0
    while rows := [decode(line) for line in islice(lines, CHUNK_ROWS)]:
        connection.execute(insert(into), rows)
        done += len(rows)
        progress(table.name, done, table.rows)
    if connection.dialect.name == "postgresql" and "id" in table.columns:
        _count_on(connection, table.name)


def _count_on(connection: Connection, table: str) -> None:
    """Let PostgreSQL number new rows from the highest on; SQLite does so by itself."""
    sequence = connection.scalar(select(func.pg_get_serial_sequence(table, "id")))
    highest = connection.scalar(select(func.max(text("id"))).select_from(text(f'"{table}"')))
    if sequence is not None and highest is not None:
        connection.execute(select(func.setval(sequence, highest)))


def _not_empty(where: str, found: str) -> ConflictError:
    return ConflictError(
        "there is something already that restoring would replace",
        where=where,
        found=found,
        todo="save it with 'skerry server backup', then give --force",
    )
