"""Presence in the registry: decided on the row as the database has it, under its lock, so that all workers agree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from skerry_server.presence import Facts, Presence, SilenceRules, is_silent, silent
from skerry_server.registry.bulk import execute_many
from skerry_server.registry.chunks import chunks
from skerry_server.registry.models import Device, PresenceRow, table_of
from skerry_server.registry.presence_history import Transition, save_transitions
from skerry_server.registry.text import storable

_FACTS = msgspec.json.Decoder(Facts)
_COLUMNS = ("state", "reason", "since_ms", "session", "seq", "ts_ms", "is_synced", "facts")
_CHANGE = f"UPDATE presence SET {', '.join(f'{name} = ?' for name in _COLUMNS)} WHERE device = ?"  # noqa: S608  # constants
_BEGIN = f"INSERT INTO presence ({', '.join(_COLUMNS)}, device) VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"  # noqa: S608  # constants


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A device whose row is locked: its presence if it has one, when it was last heard, and its own interval."""

    presence: Presence | None
    heard_ms: int | None
    interval_s: float | None


def lock_presences(session: Session, devices: Collection[str]) -> dict[str, Held]:
    """Return what the registry has of each of ``devices``, which nobody else changes until this transaction ends."""
    # In one order, so that two workers with the same devices wait for each other instead of both.
    query = select(Device.id, Device.last_received_ms, Device.heartbeat_interval_s)
    # FOR NO KEY UPDATE, as rows that refer to a device lock its key alone, in whatever order they come.
    query = query.order_by(Device.id).with_for_update(key_share=True)
    pieces = chunks(sorted(devices))
    rows = [row for piece in pieces for row in session.execute(query.where(Device.id.in_(piece)))]
    known = {row.device: to_presence(row) for row in _presence_rows(session, devices)}
    return {
        row.id: Held(presence=known.get(row.id), heard_ms=row.last_received_ms, interval_s=row.heartbeat_interval_s)
        for row in rows
    }


def save_presences(session: Session, presences: Mapping[str, Presence], transitions: Iterable[Transition]) -> None:
    """Write the presence of each device, and what it became in between."""
    known = {row.device for row in _presence_rows(session, presences)}
    rows = [_row_of(device, one) for device, one in presences.items()]
    execute_many(session, _CHANGE, [row for row in rows if row[-1] in known])
    execute_many(session, _BEGIN, [row for row in rows if row[-1] not in known])
    save_transitions(session, transitions)


def find_silent(session: Session, rules: SilenceRules, *, floor_ms: int, now_ms: int) -> list[str]:
    """Return the devices that count as there and have been silent for too long, by the server's clock.

    ``floor_ms`` is when the server began to hear, as in `skerry_server.presence.is_silent`.
    """
    query = select(Device.id, Device.last_received_ms, Device.heartbeat_interval_s, PresenceRow.since_ms)
    query = query.join(PresenceRow, PresenceRow.device == Device.id).where(PresenceRow.state != "offline")
    # The database leaves out the many that were just heard; what it lets through is decided below.
    limit_ms = func.coalesce(Device.heartbeat_interval_s, rules.heartbeat_s) * (rules.missed * 1000)
    last_ms = func.coalesce(Device.last_received_ms, 0)
    query = query.where((last_ms + limit_ms < now_ms) | (last_ms > now_ms)).order_by(Device.id)
    return [
        row.id
        for row in session.execute(query)
        if is_silent(
            _heard_ms(row.last_received_ms, row.since_ms, now_ms),
            limit_s=rules.limit_s(row.heartbeat_interval_s),
            floor_ms=floor_ms,
            now_ms=now_ms,
        )
    ]


def mark_silent(
    session: Session, devices: Collection[str], rules: SilenceRules, *, floor_ms: int, now_ms: int
) -> list[str]:
    """Note those of ``devices`` as gone that are silent still, and return them; the others were heard meanwhile.

    It locks them all until the transaction ends, so give it few at once.
    """
    fallen: dict[str, Presence] = {}
    for device, held in lock_presences(session, devices).items():
        limit_s = rules.limit_s(held.interval_s)
        if held.presence is None:
            continue
        heard_ms = _heard_ms(held.heard_ms, held.presence.since_ms, now_ms)
        if is_silent(heard_ms, limit_s=limit_s, floor_ms=floor_ms, now_ms=now_ms):
            after = silent(held.presence, now_ms=now_ms, limit_s=limit_s)
            if after != held.presence:
                fallen[device] = after
    save_presences(session, fallen, [transition(device, one) for device, one in fallen.items()])
    return sorted(fallen)


def transition(device: str, presence: Presence) -> Transition:
    """Return what a device's presence became, for its history."""
    return Transition(
        device=device,
        state=presence.state,
        reason=presence.reason,
        session=presence.session,
        at_ms=presence.since_ms,
    )


def to_presence(row: PresenceRow | Row[Any]) -> Presence:
    """Return a row as the pure value that decisions are made on; one of an earlier version has no facts."""
    return Presence(
        state=row.state,  # type: ignore[arg-type]  # only save_presences writes this column
        reason=row.reason,
        since_ms=row.since_ms,
        session=row.session,
        seq=row.seq,
        ts_ms=row.ts_ms,
        is_synced=row.is_synced,
        facts=_facts_of(row),
    )


def _heard_ms(last_ms: int | None, since_ms: int, now_ms: int) -> int:
    """Return when a device that counts as there was last heard, at least when it came.

    That is written at once, and when it was last heard only with the next flush of soft state.
    """
    return max(last_ms or 0, since_ms if since_ms <= now_ms else 0)


def _row_of(device: str, one: Presence) -> tuple[Any, ...]:
    """Return the values of _COLUMNS, and last the device."""
    now = (one.session, one.seq, one.ts_ms, one.is_synced)
    return (one.state, storable(one.reason), one.since_ms, *now, msgspec.json.encode(one.facts), device)


def _facts_of(row: PresenceRow | Row[Any]) -> Facts:
    if row.facts is not None:
        return _FACTS.decode(row.facts)
    if row.state == "offline":
        return Facts(gone_seq=row.seq, gone_reason=row.reason)
    return Facts(said=row.state, said_reason=row.reason, said_seq=row.seq)  # type: ignore[arg-type]  # as above


def _presence_rows(session: Session, devices: Iterable[str]) -> list[Row[Any]]:
    # Rows and no objects, of which the session would remember what it read before this transaction had its locks.
    query = select(table_of(PresenceRow))
    return [row for piece in chunks(devices) for row in session.execute(query.where(PresenceRow.device.in_(piece)))]
