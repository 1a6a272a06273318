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


def pictures_of(session: Session, events: Collection[EventRow]) -> dict[int, str]:
    """Return, by the id of each of ``events`` that has a kept snapshot, the message id of the event that it came with.

    An event of an object without a picture of its own has the newest one of that object up to then.
    """
    own = {one.id: one.message_id for one in events if one.track is None}
    tracks = {(one.device, one.track) for one in events if one.track is not None}
    query = select(EventRow.device, EventRow.message_id, EventRow.track, EventRow.id).join(
        ReportRow,
        (ReportRow.device == EventRow.device) & (ReportRow.item == EventRow.message_id) & (ReportRow.kind == SNAPSHOT),
    )
    is_one = EventRow.id.in_(own)
    is_of_track = EventRow.device.in_({device for device, _ in tracks}) & EventRow.track.in_(
        {track for _, track in tracks}
    )
    taken = list(session.execute(query.where(is_one | is_of_track).order_by(EventRow.id)))
    found = {row.id: row.message_id for row in taken if row.id in own}
    for one in events:
        of_track = [row for row in taken if row.track and (row.device, row.track) == (one.device, one.track)]
        earlier = [row.message_id for row in of_track if row.id <= one.id]
        if earlier:
            found[one.id] = earlier[-1]
    return found


def _of(device: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ReportRow.device == device, ReportRow.kind == SNAPSHOT
