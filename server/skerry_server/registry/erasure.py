"""Erasure: one device with everything that the registry knows of it, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Table, delete, or_, text
from sqlalchemy.orm import Session

from skerry_edge.contracts.topics import ROOT
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.bindings import ERASE
from skerry_server.registry.database import Database, affected
from skerry_server.registry.fleet.changes import get_device
from skerry_server.registry.models import Base, DeadLetterRow, Device, table_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What was deleted: rows by table; ``tags`` are those of the device's points in the time-series store."""

    device: str
    rows: dict[str, int]
    tags: dict[str, str]


def erase_device(database: Database, author: Author, device: str) -> Erased:
    """Delete ``device`` and every row that belongs to it. Raises NotFoundError and RegistryError.

    In SQLite's file what the rows held is overwritten; PostgreSQL does so when it next vacuums the tables. The audit
    keeps that the device was erased and what people did to it before, by its id: without that there is no chain. A
    device that publishes again is bound anew, as one never heard of; workers learn of it within about a second, and
    then drop what they received before and have not stored yet.
    """
    with database.transaction() as session:
        get_device(session, device)
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("PRAGMA secure_delete = ON"))
            rows = _delete_all(session, device)
            session.execute(text("PRAGMA secure_delete = OFF"))
        else:
            # A device with millions of events takes longer than any question may.
            session.execute(text("SET LOCAL statement_timeout = 0"))
            rows = _delete_all(session, device)
        note(session, author, ERASE, device, {"rows": rows})
    database.forget_log()
    return Erased(device=device, rows=rows, tags={"device": device})


def _delete_all(session: Session, device: str) -> dict[str, int]:
    rows = {"dead_letters": _erase_letters(session, device)}
    for table in reversed(Base.metadata.sorted_tables):
        for name in _device_columns(table):
            gone = session.execute(delete(table).where(table.c[name] == device))
            rows[table.name] = affected(gone)
    return rows


def _device_columns(table: Table) -> list[str]:
    """Return the columns that say which device a row belongs to: a table that is added later has them as well."""
    if table is table_of(Device):
        return ["id"]
    return [key.parent.name for key in table.foreign_keys if key.column is table_of(Device).c.id]


def _erase_letters(session: Session, device: str) -> int:
    # Names hold neither of the signs that LIKE gives a meaning.
    topics = [f"{ROOT}/%/{device}", f"{ROOT}/%/{device}/%"]
    is_of_device = or_(*(DeadLetterRow.topic.like(pattern) for pattern in topics))
    gone = session.execute(delete(DeadLetterRow).where(is_of_device).execution_options(synchronize_session=False))
    return affected(gone)
