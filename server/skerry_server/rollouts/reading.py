"""Rollouts as people look at them: lists, counts by stage and state, failures by reason, one device's story."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skerry_server.errors import NotFoundError
from skerry_server.registry.models import RolloutDeviceRow, RolloutRow
from skerry_server.rollouts.states import FAILURES

Tally = Mapping[str, int]
"""How many devices are in each state."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureGroup:
    """Devices of a rollout that failed alike; ``detail`` is what one of them said."""

    state: str
    reason: str | None
    devices: int
    detail: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceSearch:
    """Which devices of a rollout are wanted; an empty field asks for nothing."""

    state: str | None = None
    stage: int | None = None
    reason: str | None = None
    after: str | None = None
    limit: int = 50


def list_rollouts(
    session: Session, *, limit: int, before_id: int | None = None, state: str | None = None
) -> list[RolloutRow]:
    """Return at most ``limit`` rollouts, newest first."""
    query = select(RolloutRow).order_by(RolloutRow.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(RolloutRow.id < before_id)
    if state is not None:
        query = query.where(RolloutRow.state == state)
    return list(session.scalars(query))


def find_rollout(session: Session, rollout: int) -> RolloutRow:
    """Return a rollout to look at. Raises NotFoundError."""
    row = session.get(RolloutRow, rollout)
    if row is None:
        raise NotFoundError("there is no such rollout", found=str(rollout))
    return row


def tallies(session: Session, rollouts: Collection[int]) -> dict[int, Tally]:
    """Return how many devices of each rollout are in each state."""
    counts: dict[int, dict[str, int]] = {rollout: {} for rollout in rollouts}
    query = select(RolloutDeviceRow.rollout, RolloutDeviceRow.state, func.count())
    query = query.where(RolloutDeviceRow.rollout.in_(rollouts))
    for rollout, state, count in session.execute(query.group_by(RolloutDeviceRow.rollout, RolloutDeviceRow.state)):
        counts[rollout][state] = count
    return dict(counts)


def stage_tallies(session: Session, rollout: int) -> list[Tally]:
    """Return how many devices of each stage are in each state, the canary first."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    query = select(RolloutDeviceRow.stage, RolloutDeviceRow.state, func.count())
    query = query.where(RolloutDeviceRow.rollout == rollout)
    for stage, state, count in session.execute(query.group_by(RolloutDeviceRow.stage, RolloutDeviceRow.state)):
        counts[stage][state] = count
    return [counts[stage] for stage in sorted(counts)]


def failure_groups(session: Session, rollout: int) -> list[FailureGroup]:
    """Return what failed, the most frequent first."""
    number = func.count()
    query = (
        select(RolloutDeviceRow.state, RolloutDeviceRow.reason, number, func.min(RolloutDeviceRow.detail))
        .where(RolloutDeviceRow.rollout == rollout, RolloutDeviceRow.state.in_((*FAILURES, "not-returned")))
        .group_by(RolloutDeviceRow.state, RolloutDeviceRow.reason)
        .order_by(number.desc(), RolloutDeviceRow.state, RolloutDeviceRow.reason)
    )
    return [FailureGroup(state=row[0], reason=row[1], devices=row[2], detail=row[3]) for row in session.execute(query)]


def find_devices(session: Session, rollout: int, wanted: DeviceSearch) -> list[RolloutDeviceRow]:
    """Return at most ``wanted.limit`` devices of a rollout, in the order of their names."""
    query = select(RolloutDeviceRow).where(RolloutDeviceRow.rollout == rollout)
    for column, value in (
        (RolloutDeviceRow.state, wanted.state),
        (RolloutDeviceRow.stage, wanted.stage),
        (RolloutDeviceRow.reason, wanted.reason),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.after is not None:
        query = query.where(RolloutDeviceRow.device > wanted.after)
    return list(session.scalars(query.order_by(RolloutDeviceRow.device).limit(wanted.limit)))


def rollouts_of_device(
    session: Session, device: str, *, limit: int, before_id: int | None = None
) -> list[tuple[RolloutRow, RolloutDeviceRow]]:
    """Return at most ``limit`` rollouts that mean a device, newest first, and how it does in each."""
    query = select(RolloutRow, RolloutDeviceRow).join(RolloutDeviceRow, RolloutDeviceRow.rollout == RolloutRow.id)
    query = query.where(RolloutDeviceRow.device == device)
    if before_id is not None:
        query = query.where(RolloutRow.id < before_id)
    return [(row[0], row[1]) for row in session.execute(query.order_by(RolloutRow.id.desc()).limit(limit))]


def device_story(session: Session, rollout: int, device: str) -> RolloutDeviceRow:
    """Return a device of a rollout with its history. Raises NotFoundError."""
    find_rollout(session, rollout)
    row = session.get(RolloutDeviceRow, (rollout, device))
    if row is None:
        raise NotFoundError("the device is not in this rollout", found=repr(device))
    return row
