"""Snapshots in the registry: those of the newest events of each device, bounded in number and bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from skerry_server.registry.models import EventRow, ReportRow

SNAPSHOT = "snapshot"
MAX_SNAPSHOTS = 100
MAX_BYTES = 8 * 1024 * 1024
"""How much is kept of one device; the oldest make room."""


def trim_snapshots(session: Session, devices: Iterable[str]) -> None:
    """Delete the oldest snapshots of ``devices`` above MAX_SNAPSHOTS or MAX_BYTES a device."""
    for device in devices:
        query = select(ReportRow.item, func.length(ReportRow.payload)).where(*_of(device))
        kept_bytes, excess = 0, []
        newest_first = session.execute(query.order_by(ReportRow.received_ms.desc(), ReportRow.item))
        for number, (item, size) in enumerate(newest_first, start=1):
            kept_bytes += size
            if number > MAX_SNAPSHOTS or kept_bytes > MAX_BYTES:
                excess.append(item)
        if excess:
            session.execute(delete(ReportRow).where(*_of(device), ReportRow.item.in_(excess)))


def read_snapshot(session: Session, device: str, event: str) -> bytes | None:
    """Return the JPEG of the event with the message id ``event``, None where none is kept."""
    return session.scalar(select(ReportRow.payload).where(*_of(device), ReportRow.item == event))


def pictured(session: Session, events: Collection[EventRow]) -> set[int]:
    """Return the ids of those of ``events`` of which a snapshot is kept."""
    query = select(ReportRow.device, ReportRow.item).where(
        ReportRow.kind == SNAPSHOT,
        ReportRow.device.in_({one.device for one in events}),
        ReportRow.item.in_({one.message_id for one in events}),
    )
    kept = {(device, item) for device, item in session.execute(query)}
    return {one.id for one in events if (one.device, one.message_id) in kept}


def _of(device: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ReportRow.device == device, ReportRow.kind == SNAPSHOT
