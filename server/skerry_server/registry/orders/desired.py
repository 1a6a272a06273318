"""Desired state: the versions of what each device is to run; the newest holds, and no version is used twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from skerry_edge.contracts.messages import MAX_JSON_BYTES, State
from skerry_server.errors import OutdatedError
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.checks import check_json
from skerry_server.registry.chunks import chunks
from skerry_server.registry.fleet.changes import get_device, lock_devices
from skerry_server.registry.models import DesiredRow, ReportRow

ENVELOPE_BYTES = 512
"""What the message `Desired` needs beside configuration and models."""


def put_desired(
    session: Session,
    author: Author,
    device: str,
    *,
    config: Mapping[str, Any],
    models: Mapping[str, str],
    from_version: int | None = None,
) -> DesiredRow:
    """Make the next version for ``device``, to be published. Raises ConfigError and NotFoundError.

    A version is whole: what it does not name is as the device's own file has it. ``from_version`` is the one that the
    author looked at, 0 where there was none; where another holds, OutdatedError is raised.
    """
    check_wish(config, models)
    get_device(session, device)
    if from_version is not None:
        newest = newest_desired(session, device)
        holds = newest.version if newest is not None else 0
        if holds != from_version:
            raise OutdatedError(
                "another version holds by now",
                where=f"the desired state of '{device}'",
                found=f"version {holds}, not {from_version}",
                todo="look at what changed, and put yours again",
            )
    (row,) = add_versions(session, author, [device], config=config, models=models)
    note(session, author, "desired.put", device, {"version": row.version, "config": config, "models": models})
    return row


def check_wish(config: Mapping[str, Any], models: Mapping[str, str]) -> None:
    """Refuse what no message could carry. Raises ConfigError."""
    check_json(
        {"config": config, "models": models}, where="the desired state", max_bytes=MAX_JSON_BYTES - ENVELOPE_BYTES
    )


def add_versions(
    session: Session, author: Author, devices: Iterable[str], *, config: Mapping[str, Any], models: Mapping[str, str]
) -> list[DesiredRow]:
    """Add the next version for each of ``devices`` without a note in the audit. Raises NotFoundError."""
    added = []
    for piece in chunks(sorted(devices)):
        # Their rows are locked, so that two people cannot be given the same version.
        lock_devices(session, piece)
        newest = _newest_versions(session, piece)
        for device in piece:
            row = DesiredRow(
                device=device,
                version=newest.get(device, 0) + 1,
                ts_ms=author.ts_ms,
                config=dict(config),
                models=dict(models),
                author=author.name,
            )
            added.append(row)
    session.add_all(added)
    session.flush()
    return added


def newest_desired(session: Session, device: str) -> DesiredRow | None:
    """Return the version that holds for ``device``; None where none was ever made."""
    query = select(DesiredRow).where(DesiredRow.device == device).order_by(DesiredRow.version.desc()).limit(1)
    return session.scalar(query)


def newest_of(session: Session, devices: Iterable[str]) -> dict[str, DesiredRow]:
    """Return the version that holds for each of ``devices`` that has one."""
    found: dict[str, DesiredRow] = {}
    later = aliased(DesiredRow)
    is_surpassed = select(later.version).where(later.device == DesiredRow.device, later.version > DesiredRow.version)
    for piece in chunks(devices):
        query = select(DesiredRow).where(DesiredRow.device.in_(piece), ~is_surpassed.exists())
        found |= {row.device: row for row in session.scalars(query)}
    return found


def list_desired(session: Session, device: str, *, limit: int, before_version: int | None = None) -> list[DesiredRow]:
    """Return at most ``limit`` versions for ``device``, newest first."""
    query = select(DesiredRow).where(DesiredRow.device == device).order_by(DesiredRow.version.desc()).limit(limit)
    if before_version is not None:
        query = query.where(DesiredRow.version < before_version)
    return list(session.scalars(query))


def unpublished(session: Session, *, limit: int) -> list[DesiredRow]:
    """Return at most ``limit`` versions that hold and have yet to be published, oldest first."""
    later = aliased(DesiredRow)
    is_surpassed = select(later.version).where(later.device == DesiredRow.device, later.version > DesiredRow.version)
    query = select(DesiredRow).where(DesiredRow.published_ms.is_(None), ~is_surpassed.exists())
    return list(session.scalars(query.order_by(DesiredRow.ts_ms, DesiredRow.device).limit(limit)))


def mark_published(session: Session, device: str, version: int, *, now_ms: int) -> None:
    """Note that ``version`` was published, and with it that no older one ever needs to be."""
    is_done = (DesiredRow.device == device) & (DesiredRow.version <= version) & DesiredRow.published_ms.is_(None)
    session.execute(update(DesiredRow).where(is_done).values(published_ms=now_ms))
    publish_later_again(session, device, version)


def publish_later_again(session: Session, device: str, version: int) -> None:
    """Have what is later than ``version`` published once more, as that may have reached the broker after it."""
    is_later = (DesiredRow.device == device) & (DesiredRow.version > version) & DesiredRow.published_ms.is_not(None)
    session.execute(update(DesiredRow).where(is_later).values(published_ms=None))


def publish_again(session: Session, device: str) -> None:
    """Have the version that holds published once more, as when the device has another topic now."""
    newest = newest_desired(session, device)
    if newest is not None:
        newest.published_ms = None
        session.flush()


def _newest_versions(session: Session, devices: list[str]) -> dict[str, int]:
    """Return the highest version of each device that the registry or the device itself knows of.

    After a restore, or for a device that was erased and came back, the device may know of a later one, and would
    refuse what has a lower number.
    """
    ours = select(DesiredRow.device, func.max(DesiredRow.version)).where(DesiredRow.device.in_(devices))
    newest = {row[0]: row[1] for row in session.execute(ours.group_by(DesiredRow.device))}
    applied = select(ReportRow.device, ReportRow.payload).where(
        ReportRow.device.in_(devices), ReportRow.kind == "state"
    )
    for device, payload in session.execute(applied):
        newest[device] = max(newest.get(device, 0), msgspec.json.decode(payload, type=State).config_version)
    return newest
