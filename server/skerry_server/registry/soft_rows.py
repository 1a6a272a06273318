"""Soft state in the registry: written in bulk, and held against what the rows of presence say."""

from __future__ import annotations

import json
import time
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
# A time still to come was noted before the server's clock was set back: it would keep all later ones out.
_LAST = "last_received_ms = CASE WHEN last_received_ms > ? AND last_received_ms <= ? THEN last_received_ms ELSE ? END"
_TOUCH = f"UPDATE devices SET {_LAST} WHERE id = ?"  # noqa: S608  # constants
# SQLite writes the indexes of what is set, changed or not: a third of the time. So this sets neither of the two that
# have one, and tells by the number of rows whether one of them changed.
_UPDATE = (
    f"UPDATE devices SET {_LAST}, models = ?, heartbeat_interval_s = ?, "  # noqa: S608  # constants
    f"{', '.join(f'{name} = ?' for name in _VITALS)}, heartbeat = ? WHERE id = ? AND board = ? AND agent_version = ?"
)
_MAKE = "UPDATE devices SET board = ?, agent_version = ? WHERE id = ?"


class Shown(Struct, frozen=True, gc=False):
    """The columns of a device's row that a heartbeat fills; ``make`` is the board and the version of the agent."""

    make: tuple[str, str]
    vitals: tuple[Any, ...]


class SoftRow(Struct, frozen=True, kw_only=True, gc=False):
    """What a device's newest message says; ``shown`` and ``heartbeat`` are of its newest heartbeat, if one came."""

    site: str
    session: str
    seq: int
    ts_ms: int
    clock: str
    heard_ms: int
    shown: Shown | None
    heartbeat: bytes | None


def shown_of(heartbeat: Heartbeat) -> Shown:
    """Return the columns of a device's row that a heartbeat fills, but for the heartbeat itself."""
    vitals = (
        _models(tuple((one.model, one.model_version) for one in heartbeat.pipelines)),
        heartbeat.interval_s,
        *_read_vitals(heartbeat),
    )
    return Shown(_make(heartbeat.board, heartbeat.agent_version), vitals)


@lru_cache(maxsize=4096)
def _make(board: str, agent_version: str) -> tuple[str, str]:
    """Return what hardly ever changes, one tuple for all devices that are alike."""
    return storable(board), storable(agent_version)


# Devices of one kind run the same models.
@lru_cache(maxsize=4096)
def _models(pipelines: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(sorted({storable(f"{model} {version}") for model, version in pipelines}))


def save_soft_rows(session: Session, rows: Mapping[str, SoftRow]) -> list[str]:
    """Write ``rows``, and return the devices whose presence is not what made their rows soft: decide those again."""
    ordered = sorted(rows.items())
    _lock(session, [device for device, _ in ordered])
    now_ms = time.time_ns() // 1_000_000
    touched = [(one.heard_ms, now_ms, one.heard_ms, device) for device, one in ordered if one.shown is None]
    execute_many(session, _TOUCH, touched)
    updated = [
        (one.heard_ms, now_ms, one.heard_ms, *one.shown.vitals, one.heartbeat, device, *one.shown.make)
        for device, one in ordered
        if one.shown is not None
    ]
    if execute_many(session, _UPDATE, updated) != len(updated):
        changed = _of_another_make(session, rows)
        execute_many(session, _MAKE, [(*make, device) for device, make in changed.items()])
        execute_many(session, _UPDATE, [row for row in updated if row[-3] in changed])
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


def _of_another_make(session: Session, rows: Mapping[str, SoftRow]) -> dict[str, tuple[str, str]]:
    """Return the make of the devices whose rows have none or another."""
    found = {}
    for piece in chunks(sorted(rows)):
        query = select(Device.id, Device.board, Device.agent_version).where(Device.id.in_(piece))
        for one in session.execute(query):
            shown = rows[one.id].shown
            if shown is not None and shown.make != (one.board, one.agent_version):
                found[one.id] = shown.make
    return found


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
