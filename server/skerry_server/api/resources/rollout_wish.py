"""What a request for a rollout carries; skerry_server.rollouts.spec says what each of it means."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from skerry_edge.contracts.manifest import NAME_PATTERN as RELEASE_PATTERN
from skerry_edge.contracts.release import BOARD_PATTERN, VERSION_PATTERN
from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_server.api.context import AS_WHOLE, MAX_ID, Wish
from skerry_server.api.queries import TEXT_PATTERN
from skerry_server.rollouts.spec import MAX_NAMES, MAX_STEPS, MIN_DEADLINE_S, SIZE_PATTERN

_Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
_Board = Annotated[str, StringConstraints(pattern=BOARD_PATTERN)]
_Version = Annotated[str, StringConstraints(pattern=VERSION_PATTERN)]
_Text = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, max_length=256)]
_Whole = Annotated[int, AS_WHOLE]
_Size = Annotated[str, StringConstraints(pattern=SIZE_PATTERN)]


class TargetIn(Wish):
    """Which devices are meant: those that fit every field that is not empty; one of its entries is enough."""

    groups: list[_Name] = Field(default=[], max_length=MAX_NAMES)
    tags: dict[_Text, _Text] = Field(default={}, max_length=16, description="All of them; '' stands for any value.")
    boards: list[_Board] = Field(default=[], max_length=64)
    sites: list[_Name] = Field(default=[], max_length=MAX_NAMES)
    versions: list[_Version] = Field(default=[], max_length=64, description="Those that run now.")
    devices: list[_Name] = Field(default=[], max_length=MAX_NAMES)


class GatesIn(Wish):
    """What must hold before the next stage begins; null judges nothing."""

    success_percent: float = Field(default=95.0, ge=0, le=100)
    minimum_sample: _Whole = Field(default=1, ge=1, le=1_000_000)
    soak_s: _Whole = Field(default=600, ge=0, le=2_592_000)
    crash_free_hours: float = Field(default=0.0, ge=0, le=720)
    latency_ratio: float | None = Field(default=None, gt=0, le=100)
    confidence_drop: float | None = Field(default=None, ge=0, le=1)
    minimum_events: _Whole = Field(default=20, ge=1, le=1_000_000)


class RolloutIn(Wish):
    """A release, to whom, in which steps, and what must hold. Sizes are numbers of devices or shares: `5`, `2.5%`."""

    kind: Literal["model", "agent"]
    name: Annotated[str, StringConstraints(pattern=RELEASE_PATTERN)]
    version: _Version
    counter: _Whole | None = Field(
        default=None, ge=1, le=MAX_ID, description="From the repository where it is not given."
    )
    boards: list[_Board] = Field(default=[], max_length=64, description="From the repository where none is given.")
    target: TargetIn = TargetIn()
    canary: _Size = "5%"
    canary_group: _Name | None = None
    steps: list[_Size] = Field(default=["25%", "100%"], min_length=1, max_length=MAX_STEPS)
    gates: GatesIn = GatesIn()
    probation_s: _Whole = Field(default=600, ge=1, le=604_800)
    deadline_s: _Whole = Field(default=14_400, ge=MIN_DEADLINE_S, le=2_592_000)
    rolls_back: bool = False
    needs_approval: bool = False

    def given(self) -> dict[str, Any]:
        """Return the wish as `read_spec` takes it."""
        return self.model_dump()
