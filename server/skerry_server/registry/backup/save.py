"""A backup made: every table as it is at one moment, while the server runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, cast

from msgspec.structs import replace
from sqlalchemy import Table, func, select, text
from sqlalchemy.orm import Session

from skerry_server.registry import schema
from skerry_server.registry.backup.archive import ArchiveWriter, new_archive
from skerry_server.registry.backup.manifest import FORMAT, Manifest, SavedTable
from skerry_server.registry.backup.rows import encode_row, kind_of
from skerry_server.registry.backup.telemetry import copied, file_blocks
from skerry_server.registry.database import Database
from skerry_server.registry.models import Base, LeaseRow, WebSessionRow, WorkerHealthRow, table_of

Progress = Callable[[str, int, int], None]
"""Told what is worked on, how much of it is done, and of how much."""
CHUNK_ROWS = 1000
LEFT_OUT = (LeaseRow, WebSessionRow, WorkerHealthRow)
"""What means nothing later: who does which job now, how workers are, and who is signed in."""


def save_backup(
    database: Database, path: Path, *, telemetry: Path | None, program: str, now_ms: int, progress: Progress
) -> Manifest:
    """Write a backup to ``path`` and return what it says of itself.

    ``telemetry`` is the embedded store's file; None where the time series live elsewhere, and are to be saved there.
    Raises RegistryError, StoreError and ReachError; nothing is left at ``path`` then but what was there before.
    """
    with new_archive(path) as archive:
        with database.reading() as session:
            manifest = Manifest(
                format=FORMAT,
                program=program,
                revision=schema.current(session.connection()) or "",
                database=cast("Literal['sqlite', 'postgresql']", session.get_bind().dialect.name),
                created_ms=now_ms,
                tables=list(_tables(session, archive, progress)),
            )
        if telemetry is not None and telemetry.exists():
            with copied(telemetry, beside=path.parent) as copy:
                blocks = _counted(file_blocks(copy), copy.stat().st_size, progress)
                manifest = replace(manifest, telemetry=archive.add("telemetry.sqlite", blocks))
        archive.finish(manifest)
    return manifest


def _tables(session: Session, archive: ArchiveWriter, progress: Progress) -> Iterator[SavedTable]:
    if session.get_bind().dialect.name == "postgresql":
        # A table of millions of rows takes longer than any question.
        session.execute(text("SET LOCAL statement_timeout = 0"))
    left_out = [table_of(one) for one in LEFT_OUT]
    for table in Base.metadata.sorted_tables:
        if table not in left_out:
            rows = _Rows(session, table, progress)
            member = archive.add(f"registry/{table.name}.jsonl", rows)
            columns = {str(column.name): kind_of(column) for column in table.columns}
            yield SavedTable(name=str(table.name), columns=columns, rows=rows.done, member=member)


class _Rows:
    """The lines of a table, counted as they are read."""

    def __init__(self, session: Session, table: Table, progress: Progress) -> None:
        self._session = session
        self._table = table
        self._progress = progress
        self.done = 0

    def __iter__(self) -> Iterator[bytes]:
        total = self._session.scalar(select(func.count()).select_from(self._table)) or 0
        query = select(self._table).order_by(*self._table.primary_key.columns)
        # Read as they are written: a table may be larger than memory.
        result = self._session.execute(query.execution_options(yield_per=CHUNK_ROWS))
        for chunk in result.partitions():
            yield b"".join(encode_row(row) for row in chunk)
            self.done += len(chunk)
            self._progress(self._table.name, self.done, total)


def _counted(blocks: Iterator[bytes], total: int, progress: Progress) -> Iterator[bytes]:
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        progress("telemetry", done, total)
