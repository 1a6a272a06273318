"""Groups and stages as rows of text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skerry_server.registry.models import DesiredStageRow, GroupRow
from skerry_server.registry.orders.standing import Standing, rollout_text
from skerry_server.ui.rows import clock_time


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupLine:
    """A group."""

    name: str
    note: str
    devices: int
    made: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StageLine:
    """A stage, who prepared and who decided it; ``rollout`` is what devices made of it, empty where untold."""

    id: int
    group: str
    state: str
    who: str
    what: str
    is_staged: bool
    rollout: str
    is_refused: bool


def group_line(row: GroupRow, devices: int) -> GroupLine:
    """Return a group."""
    return GroupLine(name=row.name, note=row.note or "", devices=devices, made=clock_time(row.created_ms))


def stage_line(row: DesiredStageRow, rollout: Sequence[Standing]) -> StageLine:
    """Return a stage, with what devices made of it."""
    who = f"by {row.author}, {clock_time(row.ts_ms)}"
    if row.decided_by is not None and row.decided_ms is not None:
        who += f"; {row.state} by {row.decided_by}, {clock_time(row.decided_ms)}"
    return StageLine(
        id=row.id,
        group=row.group,
        state=row.state,
        who=who,
        what=wish_text(row.config, row.models),
        is_staged=row.state == "staged",
        rollout=rollout_text(rollout) if rollout else "",
        is_refused=any(one.progress == "refused" for one in rollout),
    )


def wish_text(config: Mapping[str, Any], models: Mapping[str, str]) -> str:
    """Return a desired state in lines: its models, then its configuration as JSON."""
    lines = [f"{pipeline} = {model}" for pipeline, model in sorted(models.items())]
    if config:
        lines.append(json.dumps(config, indent=2, sort_keys=True))
    return "\n".join(lines) or "nothing: the device's own file holds"
