"""Desired state staged for a group: prepared by one person, applied to all members at once, or discarded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry_server.errors import ConflictError, NotFoundError
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.fleet.groups import get_group, is_whole_at, visible_members
from skerry_server.registry.models import DesiredRow, DesiredStageRow
from skerry_server.registry.orders.desired import add_versions, check_wish


def stage(
    session: Session, author: Author, group: str, *, config: Mapping[str, Any], models: Mapping[str, str]
) -> DesiredStageRow:
    """Prepare a state for the devices of ``group``; nothing is sent yet. Raises ConfigError and NotFoundError."""
    check_wish(config, models)
    get_group(session, group)
    row = DesiredStageRow(
        group=group,
        config=dict(config),
        models=dict(models),
        author=author.name,
        state="staged",
        ts_ms=author.ts_ms,
    )
    session.add(row)
    session.flush()
    note(session, author, "desired.stage", group, {"stage": row.id, "config": config, "models": models})
    return row


def apply_stage(session: Session, author: Author, stage_id: int) -> list[DesiredRow]:
    """Make what is staged the next version of every device in service that is in the group now; return the versions.

    Raises NotFoundError, and ConflictError where it was applied or discarded before.
    """
    row = _decide(session, author, stage_id, "applied")
    members = visible_members(session, row.group, sites=None)
    versions = add_versions(session, author, members, config=row.config, models=row.models)
    told = {"stage": stage_id, "versions": {one.device: one.version for one in versions}}
    note(session, author, "desired.apply", row.group, told)
    return versions


def discard_stage(session: Session, author: Author, stage_id: int) -> None:
    """Let go what is staged. Raises NotFoundError, and ConflictError where it was applied or discarded before."""
    row = _decide(session, author, stage_id, "discarded")
    note(session, author, "desired.discard", row.group, {"stage": stage_id})


def get_stage(session: Session, stage_id: int) -> DesiredStageRow:
    """Return a stage. Raises NotFoundError."""
    row = session.get(DesiredStageRow, stage_id)
    if row is None:
        raise NotFoundError("there is no such stage", found=str(stage_id))
    return row


def list_stages(
    session: Session, *, limit: int, before_id: int | None = None, sites: frozenset[str] | None = None
) -> list[DesiredStageRow]:
    """Return at most ``limit`` stages, newest first, of groups that are wholly at ``sites`` if given."""
    query = select(DesiredStageRow).where(is_whole_at(sites, DesiredStageRow.group))
    query = query.order_by(DesiredStageRow.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(DesiredStageRow.id < before_id)
    return list(session.scalars(query))


def _decide(session: Session, author: Author, stage_id: int, state: str) -> DesiredStageRow:
    row = session.scalar(select(DesiredStageRow).where(DesiredStageRow.id == stage_id).with_for_update())
    if row is None:
        raise NotFoundError("there is no such stage", found=str(stage_id))
    if row.state != "staged":
        raise ConflictError("the stage was decided before", found=f"{row.state} by '{row.decided_by}'")
    row.state, row.decided_by, row.decided_ms = state, author.name, author.ts_ms
    session.flush()
    return row
