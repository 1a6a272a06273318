"""Snapshots in the registry: those of the newest events of each device, bounded in number and bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

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


class Taken(NamedTuple):
    """The event that a kept snapshot came with: its row's id, its message id, when it happened, and its own box."""

    id: int
    message_id: str
    ts_ms: int
    box: list[float] | None


def pictures_of(session: Session, events: Collection[EventRow]) -> dict[int, Taken]:
    """Return the kept snapshot of each of ``events`` that has one, by the event's id.

    An event of an object without a picture of its own has the newest one of that object up to then.
    """
    single = {one.id for one in events if one.track is None}
    devices = {one.device for one in events if one.track is not None}
    tracks = {one.track for one in events if one.track is not None}
    query = select(EventRow.id, EventRow.message_id, EventRow.ts_ms, EventRow.box, EventRow.device, EventRow.track)
    query = query.join(
        ReportRow,
        (ReportRow.device == EventRow.device) & (ReportRow.item == EventRow.message_id) & (ReportRow.kind == SNAPSHOT),
    )
    is_of_track = EventRow.device.in_(devices) & EventRow.track.in_(tracks)
    rows = session.execute(query.where(EventRow.id.in_(single) | is_of_track).order_by(EventRow.id))
    taken = [(Taken(row.id, row.message_id, row.ts_ms, row.box), (row.device, row.track)) for row in rows]
    found = {}
    for one in events:
        own = [picture for picture, of in taken if picture.id == one.id or _is_earlier(picture, of, one)]
        if own:
            found[one.id] = own[-1]
    return found


def _is_earlier(picture: Taken, of: tuple[str, str | None], event: EventRow) -> bool:
    return event.track is not None and of == (event.device, event.track) and picture.id < event.id


def _of(device: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ReportRow.device == device, ReportRow.kind == SNAPSHOT
