"""Soft state in the registry: written in bulk, and held against what the rows of presence say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry_edge.contracts.messages import Heartbeat
from skerry_server.registry.bulk import execute_many
from skerry_server.registry.chunks import chunks
from skerry_server.registry.models import Device, PresenceRow
from skerry_server.registry.text import storable

_VITALS = (
    "uptime_s",
    "cpu_percent",
    "temperature_c",
    "throttled",
    "outbox_depth",
    "outbox_dropped",
    "undervoltage",
)
_read_vitals = attrgetter(*_VITALS)
# Only forward, and only where the row is as the worker believed: what disagrees is decided one by one.
_HEARD = (
    "UPDATE presence SET seq = ?, ts_ms = ?, is_synced = ? "  # one statement
    "WHERE device = ? AND session = ? AND state <> 'offline' AND seq < ?"
)
_LAST = "last_received_ms = CASE WHEN last_received_ms > ? THEN last_received_ms ELSE ? END"
_TOUCH = f"UPDATE devices SET {_LAST} WHERE id = ?"  # noqa: S608  # constants
_UPDATE = (
    f"UPDATE devices SET {_LAST}, board = ?, agent_version = ?, models = ?, heartbeat_interval_s = ?, "  # noqa: S608  # constants
    f"{', '.join(f'{name} = ?' for name in _VITALS)}, heartbeat = ? WHERE id = ?"
)


class SoftRow(Struct, frozen=True, kw_only=True):
    """What a device's newest message says; ``vitals`` and ``heartbeat`` are of its newest heartbeat, if one came."""

    site: str
    session: str
    seq: int
    ts_ms: int
    clock: str
    heard_ms: int
    vitals: tuple[Any, ...] | None
    heartbeat: bytes | None


def vitals_of(heartbeat: Heartbeat) -> tuple[Any, ...]:
    """Return the columns of a device's row that a heartbeat fills, but for the heartbeat itself."""
    return (
        storable(heartbeat.board),
        storable(heartbeat.agent_version),
        _models(tuple((one.model, one.model_version) for one in heartbeat.pipelines)),
        heartbeat.interval_s,
        *_read_vitals(heartbeat),
    )


# Devices of one kind run the same models.
@lru_cache(maxsize=4096)
def _models(pipelines: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(sorted({storable(f"{model} {version}") for model, version in pipelines}))


def save_soft_rows(session: Session, rows: Mapping[str, SoftRow]) -> list[str]:
    """Write ``rows``, and return the devices whose presence is not what made their rows soft: decide those again."""
    ordered = sorted(rows.items())
    _lock(session, [device for device, _ in ordered])
    touched = [(one.heard_ms, one.heard_ms, device) for device, one in ordered if one.vitals is None]
    execute_many(session, _TOUCH, touched)
    updated = [
        (one.heard_ms, one.heard_ms, *one.vitals, one.heartbeat, device)
        for device, one in ordered
        if one.vitals is not None
    ]
    execute_many(session, _UPDATE, updated)
    heard = [(one.seq, one.ts_ms, one.clock == "synced", device, one.session, one.seq) for device, one in ordered]
    moved = execute_many(session, _HEARD, heard)
    return [] if moved == len(heard) else _disagreeing(session, rows)


def _lock(session: Session, devices: Sequence[str]) -> None:
    """Lock the devices, in order, in the one order in which everybody does who then changes what is theirs."""
    if session.get_bind().dialect.name == "sqlite":
        return  # A transaction that writes has the whole file.
    query = select(Device.id).order_by(Device.id).with_for_update(key_share=True)
    for piece in chunks(devices):
        session.execute(query.where(Device.id.in_(piece)))


def _disagreeing(session: Session, rows: Mapping[str, SoftRow]) -> list[str]:
    found = []
    devices = sorted(rows)
    for piece in chunks(devices):
        row = PresenceRow
        query = select(row.device, row.session, row.state).where(row.device.in_(piece))
        found += [
            one.device
            for one in session.execute(query)
            if one.session != rows[one.device].session or one.state == "offline"
        ]
    return found
