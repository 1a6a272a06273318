"""Whether a device that took a release is still well: it has not crashed since, and it is heard. Pure but for rows."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from skerry_server.registry.chunks import chunks
from skerry_server.registry.models import Device, PresenceRow, RolloutDeviceRow, RolloutRow, table_of

SILENT_MS = 600_000
"""A device that took the release and has been offline for so long counts as one that crashed."""


class Wellbeing(Struct, frozen=True):
    """The part of `messages.Heartbeat` that tells of crashes."""

    agent_crashes: int = 0
    reboots_unexpected: int = 0


_DECODE = msgspec.json.Decoder(Wellbeing).decode


def crashes_of(heartbeat: bytes | None) -> int:
    """Return how often the agent crashed and the machine rebooted unasked, in all; 0 where nothing is known."""
    if heartbeat is None:
        return 0
    try:
        read = _DECODE(heartbeat)
    except msgspec.MsgspecError:
        # A worker of a later version wrote it; such a device is judged by its presence alone.
        return 0
    return read.agent_crashes + read.reboots_unexpected


def is_unsound(
    *, crashes: int, crashes_before: int, presence: str | None, since_ms: int | None, ended_ms: int, now_ms: int
) -> bool:
    """Tell whether a device crashed since it took the release, or has been silent for SILENT_MS since then."""
    if crashes > crashes_before:
        return True
    return presence == "offline" and now_ms - max(since_ms or 0, ended_ms) >= SILENT_MS


def look_after(session: Session, rollout: RolloutRow, *, now_ms: int) -> None:
    """Note which devices of a rollout that took the release are unsound, for good; one is looked at until it is."""
    watched = (
        select(
            RolloutDeviceRow.device,
            RolloutDeviceRow.crashes,
            RolloutDeviceRow.ended_ms,
            Device.heartbeat,
            PresenceRow.state,
            PresenceRow.since_ms,
        )
        .join(Device, Device.id == RolloutDeviceRow.device)
        .outerjoin(PresenceRow, PresenceRow.device == RolloutDeviceRow.device)
        .where(
            RolloutDeviceRow.rollout == rollout.id,
            RolloutDeviceRow.state == "committed",
            RolloutDeviceRow.unsound_ms.is_(None),
        )
    )
    fresh: dict[int, list[str]] = defaultdict(list)
    unsound: list[str] = []
    for row in session.execute(watched):
        crashes = crashes_of(row.heartbeat)
        if row.crashes is None:
            fresh[crashes].append(row.device)
        elif is_unsound(
            crashes=crashes,
            crashes_before=row.crashes,
            presence=row.state,
            since_ms=row.since_ms,
            # What was said while nobody listened has yet to come.
            ended_ms=max(row.ended_ms or 0, rollout.heard_since_ms or 0),
            now_ms=now_ms,
        ):
            unsound.append(row.device)
    for number, devices in fresh.items():
        for piece in chunks(devices):
            session.execute(_of(rollout.id, piece).values(crashes=number))
    for piece in chunks(unsound):
        session.execute(_of(rollout.id, piece).values(unsound_ms=now_ms))


def _of(rollout: int, devices: list[str]) -> Any:  # noqa: ANN401  # SQLAlchemy's Update, generic over nothing here
    table = table_of(RolloutDeviceRow)
    return update(table).where(table.c.rollout == rollout, table.c.device.in_(devices))
