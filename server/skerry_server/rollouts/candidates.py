"""The fleet as a rollout aims at it, read by a few queries whatever the number of devices."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry_server.registry.fleet.groups import find_group
from skerry_server.registry.models import (
    Device,
    DeviceTagRow,
    GroupMemberRow,
    PresenceRow,
    RolloutDeviceRow,
    RolloutRow,
)
from skerry_server.rollouts.eligibility import Candidate
from skerry_server.rollouts.past import TAKEN, Taken, past_of
from skerry_server.rollouts.spec import Spec


def read_candidates(session: Session, spec: Spec) -> list[Candidate]:
    """Return all devices in service, with what ``spec`` asks about. Raises NotFoundError for a group that is none."""
    groups = _groups(session, spec)
    tags = _tags(session, spec)
    query = (
        select(Device.id, Device.site, Device.board, Device.agent_version, Device.models, PresenceRow.state)
        .outerjoin(PresenceRow, PresenceRow.device == Device.id)
        .where(Device.decommissioned_ms.is_(None))
    )
    found = [
        Candidate(
            device=row.id,
            site=row.site,
            board=row.board,
            agent_version=row.agent_version,
            models=tuple(row.models),
            is_present=row.state in ("online", "degraded"),
            groups=frozenset(groups.get(row.id, ())),
            tags=tags.get(row.id, {}),
        )
        for row in session.execute(query)
    ]
    taken, counters = _taken(session, spec), _counters(session, spec)
    return [
        replace(
            one,
            past=past_of(taken.get(one.device, ()), running=one.version_of(spec.kind, spec.name), counters=counters),
        )
        for one in found
    ]


def _taken(session: Session, spec: Spec) -> dict[str, list[Taken]]:
    """Return what each device took of the same model, or of the agent, oldest first."""
    found: dict[str, list[Taken]] = defaultdict(list)
    query = (
        select(
            RolloutDeviceRow.device,
            RolloutDeviceRow.state,
            RolloutDeviceRow.from_version,
            RolloutRow.version,
            RolloutRow.counter,
        )
        .join(RolloutRow, RolloutRow.id == RolloutDeviceRow.rollout)
        .where(RolloutRow.kind == spec.kind, RolloutRow.name == spec.name, RolloutDeviceRow.state.in_(TAKEN))
        .order_by(RolloutDeviceRow.ordered_ms, RolloutRow.id)
    )
    for row in session.execute(query):
        one = Taken(version=row.version, counter=row.counter, from_version=row.from_version, state=row.state)
        found[row.device].append(one)
    return found


def _counters(session: Session, spec: Spec) -> dict[str, int]:
    query = select(RolloutRow.version, RolloutRow.counter).where(
        RolloutRow.kind == spec.kind, RolloutRow.name == spec.name
    )
    return {row.version: row.counter for row in session.execute(query)}


def _groups(session: Session, spec: Spec) -> dict[str, set[str]]:
    wanted = {*spec.target.groups, *([spec.canary_group] if spec.canary_group else [])}
    for group in sorted(wanted):
        find_group(session, group)
    found: dict[str, set[str]] = defaultdict(set)
    query = select(GroupMemberRow.group, GroupMemberRow.device).where(GroupMemberRow.group.in_(wanted))
    for group, device in session.execute(query):
        found[device].add(group)
    return found


def _tags(session: Session, spec: Spec) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    query = select(DeviceTagRow.device, DeviceTagRow.key, DeviceTagRow.value)
    for device, key, value in session.execute(query.where(DeviceTagRow.key.in_(spec.target.tags))):
        found[device][key] = value
    return found
