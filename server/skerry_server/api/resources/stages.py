"""Desired state staged for a group: looked at as what would change where, then applied or discarded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_server.api.context import (
    Asking,
    Context,
    Cursor,
    Limit,
    RowNumber,
    answers,
    before_id,
    cut,
)
from skerry_server.api.resources.desired import DesiredIn
from skerry_server.api.visibility import require_whole_group, visible_stage
from skerry_server.registry.fleet.groups import visible_members
from skerry_server.registry.models import DesiredRow, DesiredStageRow
from skerry_server.registry.orders.desired import newest_of
from skerry_server.registry.orders.stages import apply_stage, discard_stage, list_stages, stage
from skerry_server.registry.orders.standing import Progress, rollout_text, standings, versions_of_stage

MAX_SHOWN = 1000
"""Devices that one look at a stage names; it counts all."""
MAX_KEYS = 200
_ORDER: tuple[Progress, ...] = ("refused", "waiting", "surpassed", "applied")
_NO_STAGE = "No such stage, or none of a group that is wholly at your sites."
_DECIDED = answers(_404=_NO_STAGE, _409="It was applied or discarded before.")


class StageIn(DesiredIn):
    """What a group's devices are to run."""

    group: str = Field(pattern=NAME_PATTERN)


class StageOut(BaseModel):
    """What is prepared for a group."""

    id: int
    group: str
    state: Literal["staged", "applied", "discarded"]
    author: str
    ts_ms: int
    decided_by: str | None
    decided_ms: int | None
    config: dict[str, Any]
    models: dict[str, str]


class ChangeOut(BaseModel):
    """One value that would be another; null stands for none, which is what the device's own file has."""

    key: str
    before: Any = None
    after: Any = None


class EffectOut(BaseModel):
    """What a stage would change on a device that has ``version`` now."""

    device: str
    version: int
    changes: list[ChangeOut]


class StandingOut(BaseModel):
    """What became of the version that a device got; ``reason`` is the device's own where it refused."""

    device: str
    version: int
    progress: Progress
    reason: str | None


class RolloutOut(BaseModel):
    """How far an applied stage has come with the group's devices that got it; ``devices`` are the first 1000.

    Those that have it in force come last.
    """

    summary: str
    counts: dict[Progress, int]
    devices: list[StandingOut]


class StageDetailOut(StageOut):
    """A stage and whom it would change, at your sites: ``devices`` is how many, ``effects`` tells of the first 1000.

    ``rollout`` is null before it is applied.
    """

    devices: int
    effects: list[EffectOut]
    rollout: RolloutOut | None


class StagesOut(BaseModel):
    """One page of stages, newest first; ``next`` is the cursor of the following page, if there is one."""

    stages: list[StageOut]
    next: str | None


class AppliedOut(BaseModel):
    """The version that each device got."""

    id: int
    versions: dict[str, int]


def add_stages(router: APIRouter, context: Context) -> None:
    """Add the routes of stages."""
    _add_decisions(router, context)

    @router.get("/stages")
    def stages(visitor: Asking, limit: Limit = 50, cursor: Cursor | None = None) -> StagesOut:
        """Stages of groups whose devices are all at your sites, newest first."""
        sites = visitor.principal.sites
        with context.database.reading() as session:
            rows = list_stages(session, limit=limit + 1, before_id=before_id(cursor), sites=sites)
        page, last = cut(rows, limit)
        return StagesOut(stages=[stage_out(row) for row in page], next=str(last.id) if last else None)

    @router.get("/stages/{stage}", responses=answers(_404=_NO_STAGE))
    def one_stage(stage: RowNumber, visitor: Asking) -> StageDetailOut:
        """One stage, and what it would change on which device if it were applied now."""
        with context.database.reading() as session:
            row = visible_stage(session, visitor, stage)
            devices = visible_members(session, row.group, sites=visitor.principal.sites)
            held = newest_of(session, devices[:MAX_SHOWN])
            rollout = _rollout(session, row, devices)
        effects = [effect(device, held.get(device), row) for device in devices[:MAX_SHOWN]]
        return StageDetailOut(**stage_out(row).model_dump(), devices=len(devices), effects=effects, rollout=rollout)


def _add_decisions(router: APIRouter, context: Context) -> None:
    @router.post("/stages", status_code=201, responses=answers(_404="No such group."))
    def prepare(wish: StageIn, visitor: Asking) -> StageOut:
        """Prepare what the devices of a group are to run; nothing is sent yet."""
        with context.database.transaction() as session:
            require_whole_group(session, visitor, wish.group)
            author = context.doorkeeper.author(visitor)
            row = stage(session, author, wish.group, config=wish.config, models=wish.models)
        return stage_out(row)

    @router.post("/stages/{stage}/apply", responses=_DECIDED)
    def apply(stage: RowNumber, visitor: Asking) -> AppliedOut:
        """Make what is staged the next version of every device that is in the group now."""
        with context.database.transaction() as session:
            visible_stage(session, visitor, stage)
            versions = apply_stage(session, context.doorkeeper.author(visitor), stage)
        context.downlink.wake()
        return AppliedOut(id=stage, versions={one.device: one.version for one in versions})

    @router.post("/stages/{stage}/discard", responses=_DECIDED)
    def discard(stage: RowNumber, visitor: Asking) -> StageOut:
        """Let go what is staged."""
        with context.database.transaction() as session:
            row = visible_stage(session, visitor, stage)
            discard_stage(session, context.doorkeeper.author(visitor), stage)
        return stage_out(row)


def stage_out(row: DesiredStageRow) -> StageOut:
    """Return a stage."""
    return StageOut(
        id=row.id,
        group=row.group,
        state=row.state,  # type: ignore[arg-type]  # checked by pydantic
        author=row.author,
        ts_ms=row.ts_ms,
        decided_by=row.decided_by,
        decided_ms=row.decided_ms,
        config=row.config,
        models=row.models,
    )


def _rollout(session: Session, row: DesiredStageRow, devices: Sequence[str]) -> RolloutOut | None:
    if row.state != "applied":
        return None
    found = standings(session, versions_of_stage(session, row, devices))
    in_order = sorted(found, key=lambda one: (_ORDER.index(one.progress), one.device))
    counts = Counter(one.progress for one in found)
    return RolloutOut(
        summary=rollout_text(found),
        counts={progress: counts[progress] for progress in _ORDER},
        devices=[
            StandingOut(device=one.device, version=one.version, progress=one.progress, reason=one.reason)
            for one in in_order[:MAX_SHOWN]
        ],
    )


def effect(device: str, held: DesiredRow | None, row: DesiredStageRow) -> EffectOut:
    """Return what a stage would change on a device that holds ``held``."""
    before = _flat({"config": held.config, "models": held.models}) if held is not None else {}
    after = _flat({"config": row.config, "models": row.models})
    changed = [key for key in sorted(before.keys() | after.keys()) if before.get(key) != after.get(key)]
    return EffectOut(
        device=device,
        version=held.version if held is not None else 0,
        changes=[ChangeOut(key=key, before=before.get(key), after=after.get(key)) for key in changed[:MAX_KEYS]],
    )


def _flat(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return the leaves of nested tables by their whole key; as deep as text that was read as JSON can be."""
    leaves: dict[str, Any] = {}
    waiting: list[tuple[str, Mapping[str, Any]]] = [("", tree)]
    while waiting:
        prefix, table = waiting.pop()
        for key, value in table.items():
            if isinstance(value, dict) and value:
                waiting.append((f"{prefix}{key}.", value))
            elif not (isinstance(value, dict) and not prefix):
                leaves[f"{prefix}{key}"] = value
    return leaves
