"""The fleet as rules see it: every device in service with its presence and what its newest heartbeat says.

Read whole by four queries, whatever the number of devices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from sys import intern
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct, field
from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry_server.registry.models import Device, DeviceTagRow, GroupMemberRow, PresenceRow

NO_TAGS: Mapping[str, str] = MappingProxyType({})
FETCH_ROWS = 1000


# There is one of each for each device and for its pipelines, all at once: they are kept small, and out of the garbage
# collector's rounds, as what JSON says is a tree.
class Quantile(Struct, frozen=True, gc=False):
    """The part of `messages.Quantiles` that rules look at."""

    p95: float


class Stages(Struct, frozen=True, gc=False):
    """The stage of `messages.STAGES` that rules look at."""

    inference: Quantile | None = None


class Pipeline(Struct, frozen=True, gc=False):
    """The part of `messages.PipelineVitals` that rules look at."""

    name: str
    model: str
    model_version: str
    frames: int
    errors: int = 0
    drops: dict[str, int] = field(default_factory=dict)
    stages_ms: Stages = Stages()


class Vitals(Struct, frozen=True, gc=False):
    """The part of `messages.Heartbeat` that rules look at: decoding the whole would take twice as long."""

    clock: str
    temperature_c: float | None = None
    temperature_trip_c: float | None = None
    throttled: bool | None = None
    undervoltage: bool | None = None
    disk_free_mb: float | None = None
    disk_total_mb: float | None = None
    disk_inodes_free_percent: float | None = None
    disk_read_only: bool | None = None
    disk_life_used_percent: float | None = None
    disk_errors: int | None = None
    reboots_unexpected: int | None = None
    agent_crashes: int | None = None
    crash_free_s: float | None = None
    outbox_depth: int = 0
    outbox_dropped: int = 0
    outbox_oldest_s: float | None = None
    pipelines: list[Pipeline] = field(default_factory=list)


class Watched(Struct, frozen=True, kw_only=True, gc=False):
    """A device in service. ``state`` is its presence since ``since_ms``, None where it was never heard.

    ``vitals`` are those of its newest heartbeat, None while the device is not there: then they tell nothing about now.
    ``models`` are "name version".
    """

    id: str
    site: str
    board: str | None
    models: tuple[str, ...]
    state: str | None
    reason: str | None
    since_ms: int | None
    vitals: Vitals | None
    pipelines: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    tags: Mapping[str, str] = NO_TAGS


class Fleet(Struct, frozen=True, kw_only=True):
    """All devices in service by their id; of those in ``unreadable`` the heartbeat is of no version that is known."""

    devices: dict[str, Watched]
    unreadable: tuple[str, ...] = ()


_DECODE = msgspec.json.Decoder(Vitals).decode


def read_fleet(session: Session) -> Fleet:
    """Return all devices in service."""
    groups: dict[str, set[str]] = defaultdict(set)
    for group, device in session.execute(select(GroupMemberRow.group, GroupMemberRow.device)):
        groups[device].add(group)
    tags: dict[str, dict[str, str]] = defaultdict(dict)
    for device, key, value in session.execute(select(DeviceTagRow.device, DeviceTagRow.key, DeviceTagRow.value)):
        tags[device][key] = value
    query = (
        select(
            Device.id,
            Device.site,
            Device.board,
            Device.models,
            Device.heartbeat,
            PresenceRow.state,
            PresenceRow.reason,
            PresenceRow.since_ms,
        )
        .outerjoin(PresenceRow, PresenceRow.device == Device.id)
        .where(Device.decommissioned_ms.is_(None))
        .execution_options(yield_per=FETCH_ROWS)
    )
    devices: dict[str, Watched] = {}
    unreadable: list[str] = []
    for row in session.execute(query):
        try:
            vitals = None if row.heartbeat is None else _DECODE(row.heartbeat)
        except msgspec.MsgspecError:
            # A worker of a later version wrote it; one such device must not keep the others from being watched.
            vitals = None
            unreadable.append(row.id)
        devices[row.id] = _watched(row, vitals, frozenset(groups.get(row.id, ())), tags.get(row.id, NO_TAGS))
    return Fleet(devices=devices, unreadable=tuple(unreadable))


# Devices of a fleet are much alike.
@lru_cache(maxsize=10_000)
def _one_of_a_kind(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the same tuple for all that are equal."""
    return names


def _watched(row: Any, vitals: Vitals | None, groups: frozenset[str], tags: Mapping[str, str]) -> Watched:  # noqa: ANN401  # a row of the query above
    return Watched(
        id=row.id,
        site=intern(row.site),
        board=row.board and intern(row.board),
        models=_one_of_a_kind(tuple(row.models)),
        state=row.state and intern(row.state),
        reason=row.reason,
        since_ms=row.since_ms,
        vitals=vitals if row.state in ("online", "degraded") else None,
        pipelines=_one_of_a_kind(tuple([one.name for one in vitals.pipelines])) if vitals else (),
        groups=groups,
        tags=tags,
    )
