"""Devices in the registry: bound to a site when first heard, with presence and the vitals of the newest heartbeat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skerry_edge.contracts.messages import Heartbeat
from skerry_server.presence import Presence
from skerry_server.registry.database import insert_new
from skerry_server.registry.models import Device, PresenceRow, table_of
from skerry_server.registry.text import storable


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A device heard under a site."""

    device: str
    site: str
    received_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Beat:
    """A heartbeat, and the bytes that it came as."""

    heartbeat: Heartbeat
    payload: bytes


def bind(session: Session, claims: Iterable[Claim]) -> dict[str, str]:
    """Bind each device that is new to the site it claims, and return the site of every device in ``claims``."""
    first: dict[str, Claim] = {}
    for claim in claims:
        first.setdefault(claim.device, claim)
    known = sites(session, first)
    rows = [
        {"id": one.device, "site": one.site, "first_received_ms": one.received_ms, "models": []}
        for one in first.values()
        if one.device not in known
    ]
    if rows:
        insert_new(session, table_of(Device), rows)
        # Read again rather than taken for granted: another server may have bound one of them meanwhile.
        known = sites(session, first)
    return known


def sites(session: Session, devices: Iterable[str]) -> dict[str, str]:
    """Return the site of each of ``devices`` that the registry knows."""
    rows = session.execute(select(Device.id, Device.site).where(Device.id.in_(list(devices))))
    return {row.id: row.site for row in rows}


def presence_of(session: Session, devices: Iterable[str]) -> dict[str, Presence]:
    """Return the presence of each of ``devices`` that has one."""
    rows = session.scalars(select(PresenceRow).where(PresenceRow.device.in_(list(devices))))
    return {row.device: to_presence(row) for row in rows}


def present_devices(session: Session) -> list[str]:
    """Return the devices that count as there."""
    return list(session.scalars(select(PresenceRow.device).where(PresenceRow.state != "offline")))


def save_presence(session: Session, presences: Mapping[str, Presence]) -> None:
    """Write the presence of each device."""
    for device, one in presences.items():
        session.merge(
            PresenceRow(
                device=device,
                state=one.state,
                reason=storable(one.reason),
                since_ms=one.since_ms,
                session=one.session,
                seq=one.seq,
                ts_ms=one.ts_ms,
                is_synced=one.is_synced,
            )
        )


def save_heard(session: Session, heard_ms: Mapping[str, int], newest: Mapping[str, Beat]) -> None:
    """Note when each device was last heard, and the vitals of those that sent a heartbeat."""
    for row in session.scalars(select(Device).where(Device.id.in_(list(heard_ms)))):
        row.last_received_ms = max(heard_ms[row.id], row.last_received_ms or 0)
        beat = newest.get(row.id)
        if beat is not None:
            _set_vitals(row, beat.heartbeat)
            row.heartbeat = beat.payload


def heard_between(session: Session, devices: Iterable[str], *, after_ms: int, until_ms: int) -> frozenset[str]:
    """Return those of ``devices`` last heard after ``after_ms`` and no later than ``until_ms`` (Unix ms).

    A time still to come was noted before the clock was set back and proves nothing.
    """
    is_between = (Device.last_received_ms > after_ms) & (Device.last_received_ms <= until_ms)
    return frozenset(session.scalars(select(Device.id).where(Device.id.in_(list(devices)), is_between)))


def list_devices(session: Session, *, device: str | None = None) -> list[tuple[Device, PresenceRow | None]]:
    """Return all devices, or the one called ``device``, with their presence, in the order of their names."""
    query = select(Device, PresenceRow).outerjoin(PresenceRow, PresenceRow.device == Device.id).order_by(Device.id)
    if device is not None:
        query = query.where(Device.id == device)
    return [(row[0], row[1]) for row in session.execute(query)]


def newest_heartbeat(session: Session, device: str) -> bytes | None:
    """Return the newest heartbeat of a device as it came; None where it sent none, or there is no such device."""
    return session.scalar(select(Device.heartbeat).where(Device.id == device))


def count_devices(session: Session) -> dict[str, int]:
    """Return the number of devices by the state of their presence."""
    query = select(PresenceRow.state, func.count()).group_by(PresenceRow.state)
    return {row[0]: row[1] for row in session.execute(query)}


def to_presence(row: PresenceRow) -> Presence:
    """Return a row as the pure value that decisions are made on."""
    return Presence(
        state=row.state,  # type: ignore[arg-type]  # only save_presence writes this column
        reason=row.reason,
        since_ms=row.since_ms,
        session=row.session,
        seq=row.seq,
        ts_ms=row.ts_ms,
        is_synced=row.is_synced,
    )


def _set_vitals(row: Device, heartbeat: Heartbeat) -> None:
    row.board = storable(heartbeat.board)
    row.agent_version = storable(heartbeat.agent_version)
    row.models = sorted({storable(f"{one.model} {one.model_version}") for one in heartbeat.pipelines})
    row.uptime_s = heartbeat.uptime_s
    row.cpu_percent = heartbeat.cpu_percent
    row.temperature_c = heartbeat.temperature_c
    row.throttled = heartbeat.throttled
    row.outbox_depth = heartbeat.outbox_depth
    row.outbox_dropped = heartbeat.outbox_dropped
    row.undervoltage = heartbeat.undervoltage
