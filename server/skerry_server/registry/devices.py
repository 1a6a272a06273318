"""Devices in the registry: bound to a site when first heard, and read with presence and the vitals last heard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skerry_server.registry.database import insert_new
from skerry_server.registry.models import Device, PresenceRow, table_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A device heard under a site."""

    device: str
    site: str
    received_ms: int


def bind(session: Session, claims: Iterable[Claim], *, max_devices: int) -> dict[str, str]:
    """Bind each device that is new to the site it claims, and return the site of every device in ``claims``.

    A new one beyond ``max_devices`` is not bound, and has none.
    """
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
        rows = rows[: max(0, max_devices - count_all(session))]
        # In one order, so that two workers with the same new devices wait for each other instead of both.
        insert_new(session, table_of(Device), sorted(rows, key=itemgetter("id")))
        # Read again rather than taken for granted: another server may have bound one of them meanwhile.
        known = sites(session, first)
    return known


def count_all(session: Session) -> int:
    """Return how many devices there are."""
    return session.scalar(select(func.count()).select_from(Device)) or 0


def sites(session: Session, devices: Iterable[str]) -> dict[str, str]:
    """Return the site of each of ``devices`` that the registry knows."""
    rows = session.execute(select(Device.id, Device.site).where(Device.id.in_(list(devices))))
    return {row.id: row.site for row in rows}


def sessions_of(session: Session, devices: Iterable[str]) -> dict[str, str]:
    """Return the session that each of ``devices`` is in, as far as it has been heard."""
    rows = session.execute(select(PresenceRow.device, PresenceRow.session).where(PresenceRow.device.in_(list(devices))))
    return {row.device: row.session for row in rows}


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
