"""What a device runs, what it is ordered to run, and how it did in each rollout, as rows of text. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skerry_edge.contracts.release import AGENT
from skerry_server.registry.models import Device, RolloutDeviceRow, RolloutRow
from skerry_server.ui.rows import NOTHING, clock_time, model_text
from skerry_server.ui.views.rollouts import DeviceLine, device_line, tone_of

Taken = tuple[RolloutRow, RolloutDeviceRow]
"""A rollout, and how one device does in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderLine:
    """A release that a device is ordered to run; ``rollout`` is 0 where no rollout is known to have ordered it."""

    subject: str
    version: str
    rollout: int
    since: str
    progress: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenLine:
    """A rollout as one device took it."""

    id: int
    release: str
    state: str
    tone: str
    device: DeviceLine


def runs_lines(device: Device | None) -> list[tuple[str, str]]:
    """Return what runs, as names and versions: the agent, then each model."""
    if device is None:
        return []
    models = (model_text(one).rpartition(" ") for one in device.models)
    return [("Agent", device.agent_version or NOTHING), *((name or version, version) for name, _, version in models)]


def order_lines(updates: Mapping[str, Mapping[str, Any]], taken: Sequence[Taken]) -> list[OrderLine]:
    """Return the orders that hold, each with the rollout of ``taken`` that gave it and what came of it."""
    givers = {of_device.order_id: (row, of_device) for row, of_device in taken}
    lines = []
    for subject, order in sorted(updates.items()):
        row, of_device = givers.get(order["id"], (None, None))
        line = device_line(of_device) if of_device is not None else None
        lines.append(
            OrderLine(
                subject="agent" if subject == f"agent/{AGENT}" else subject.partition("/")[2],
                version=order["version"],
                rollout=row.id if row is not None else 0,
                since=_since(of_device),
                progress=" · ".join(part for part in (line.state, line.phase) if part) if line is not None else NOTHING,
            )
        )
    return lines


def taken_line(row: RolloutRow, of_device: RolloutDeviceRow) -> TakenLine:
    """Return how a device does in a rollout."""
    return TakenLine(
        id=row.id,
        release=f"{row.name} {row.version}",
        state=row.state,
        tone=tone_of(row.state),
        device=device_line(of_device),
    )


def _since(of_device: RolloutDeviceRow | None) -> str:
    return clock_time(of_device.ordered_ms) if of_device is not None and of_device.ordered_ms else NOTHING
