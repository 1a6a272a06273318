"""What the API answers of rollouts and releases, as its OpenAPI document describes it. Times are Unix milliseconds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_server.rollouts.states import DeviceState, RolloutState


class RolloutOut(BaseModel):
    """A rollout; ``devices`` counts them by state, ``stage`` is the one under way, from 0, of ``stages``."""

    id: int
    kind: Literal["model", "agent"]
    name: str
    version: str
    counter: int
    state: RolloutState
    stage: int
    stages: int
    devices: dict[str, int]
    author: str
    created_ms: int
    needs_approval: bool
    approved_by: str | None
    approved_ms: int | None
    started_ms: int | None
    ended_ms: int | None
    reason: str | None = Field(description="Why it stands as it does, in one word.")
    detail: str | None


class RolloutsOut(BaseModel):
    """One page of rollouts, newest first; ``next`` is the cursor of the following page, if there is one."""

    rollouts: list[RolloutOut]
    next: str | None


class FailuresOut(BaseModel):
    """Devices that failed alike, and what one of them said."""

    state: DeviceState
    reason: str | None
    devices: int
    detail: str | None


class RolloutDetailOut(RolloutOut):
    """A rollout with what it is to do, its devices by stage and state, and its failures, the most frequent first."""

    spec: dict[str, Any]
    by_stage: list[dict[str, int]]
    failures: list[FailuresOut]


class RolloutDeviceOut(BaseModel):
    """How a device does in a rollout; ``phase`` is the state of its own machine."""

    device: str
    stage: int
    state: DeviceState
    phase: str | None
    from_version: str | None
    attempts: int
    ordered_ms: int | None
    deadline_ms: int | None
    ended_ms: int | None
    reason: str | None
    detail: str | None
    progress_bytes: int | None
    total_bytes: int | None


class RolloutDevicesOut(BaseModel):
    """One page of a rollout's devices, by name; ``next`` is the cursor of the following page, if there is one."""

    devices: list[RolloutDeviceOut]
    next: str | None


class DeviceRolloutOut(RolloutDeviceOut):
    """How a device does in one rollout, and what that brings."""

    rollout: int
    rollout_state: RolloutState
    kind: Literal["model", "agent"]
    name: str
    version: str


class DeviceRolloutsOut(BaseModel):
    """One page of a device's rollouts, newest first; ``next`` is the cursor of the following page, if there is one."""

    rollouts: list[DeviceRolloutOut]
    next: str | None


class StoryOut(RolloutDeviceOut):
    """A device of a rollout with all that happened to it, oldest first."""

    history: list[dict[str, Any]]


class PlannedOut(BaseModel):
    """What a device would get: its stage, or why nothing."""

    device: str
    site: str
    board: str | None
    from_version: str | None
    online: bool
    stage: int | None
    why_not: str | None


class PlanOut(BaseModel):
    """Who would get a release now and who not: how many in each stage, how many are left out for which reason.

    ``planned`` names the first 1000 of them, those that would begin first; ``fits_nobody`` is what the target asks
    for and no device has.
    """

    stages: list[int]
    left_out: dict[str, int]
    fits_nobody: list[str]
    planned: list[PlannedOut]


class RetryIn(BaseModel):
    """Which of the devices that failed are to have another try; none named stands for all."""

    devices: list[Annotated[str, Field(pattern=NAME_PATTERN)]] = Field(default=[], max_length=10_000)


class RetriedOut(BaseModel):
    """How many devices wait for another order."""

    id: int
    devices: int


class ReleaseOut(BaseModel):
    """A release that can be rolled out; ``files`` are lengths in bytes, by variant or wheel tags."""

    kind: Literal["model", "agent"]
    name: str
    version: str
    counter: int
    boards: list[str]
    files: dict[str, int]


class ReleasesOut(BaseModel):
    """What the repository of this server holds."""

    releases: list[ReleaseOut]
