"""What a rollout is to do, as people write it down: which release, to whom, in which steps, and what must hold."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from skerry_edge.contracts.patterns import whole
from skerry_edge.contracts.release import BoardId, Counter, ReleaseName, ReleaseVersion
from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import ConflictError

_SHARE = r"100|[1-9][0-9]?(\.[0-9]{1,3})?|0\.([0-9]{0,2}[1-9]|[0-9]?[1-9]0|[1-9]00)"
SIZE_PATTERN = rf"^([1-9][0-9]{{0,6}}|({_SHARE})%)$"
"""A number of devices, or a share of all of them, more than nothing: `5`, `2.5%`."""
MAX_STEPS = 50
MAX_NAMES = 1_000
MIN_DEADLINE_S = 10
REPORT_GRACE_S = 300
"""For so long after a device's own deadline the server waits for what it has to say of it."""

Size = Annotated[str, Meta(pattern=whole(SIZE_PATTERN))]
Name = Annotated[str, Meta(pattern=whole(NAME_PATTERN))]
Text = Annotated[str, Meta(max_length=256)]
Share = Annotated[float, Meta(ge=0.0, le=100.0)]
Seconds = Annotated[int, Meta(ge=0, le=2_592_000)]


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what people write down: nothing is passed over."""


class Target(_Part, frozen=True, kw_only=True):
    """Which devices are meant: those that fit every field that is not empty; one of its entries is enough.

    ``tags`` must all be there; an empty value stands for any. ``versions`` are those of the same model or agent that
    run now.
    """

    groups: Annotated[tuple[Name, ...], Meta(max_length=MAX_NAMES)] = ()
    tags: Annotated[dict[Text, Text], Meta(max_length=16)] = field(default_factory=dict)
    boards: Annotated[tuple[BoardId, ...], Meta(max_length=64)] = ()
    sites: Annotated[tuple[Name, ...], Meta(max_length=MAX_NAMES)] = ()
    versions: Annotated[tuple[ReleaseVersion, ...], Meta(max_length=64)] = ()
    devices: Annotated[tuple[Name, ...], Meta(max_length=MAX_NAMES)] = ()


class Gates(_Part, frozen=True, kw_only=True):
    """What must hold before the next stage begins; a gate that is None is not judged.

    - ``success_percent``: of a stage's devices that reported or whose time ran out, so many must have succeeded.
    - ``minimum_sample``: so many devices of a stage, or all where it has fewer, must have reported themselves.
    - ``soak_s``: how long a stage is watched after the last of its devices has ended.
    - ``crash_free_hours``: how long each device must run the release without a crash and without falling silent.
    - ``latency_ratio``: the release's 95th percentile of inference against that of the version before, at most.
    - ``confidence_drop``: by how much its mean score may be lower; at least ``minimum_events`` are needed of both.
    """

    success_percent: Share = 95.0
    minimum_sample: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    soak_s: Seconds = 600
    crash_free_hours: Annotated[float, Meta(ge=0.0, le=720.0)] = 0.0
    latency_ratio: Annotated[float, Meta(gt=0.0, le=100.0)] | None = None
    confidence_drop: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    minimum_events: Annotated[int, Meta(ge=1, le=1_000_000)] = 20

    @property
    def compares(self) -> bool:
        """Tell whether the release is to be held against the version before."""
        return self.latency_ratio is not None or self.confidence_drop is not None

    @property
    def watch_ms(self) -> int:
        """For how long (ms) a stage is watched after the last of its devices has ended."""
        return round(max(self.soak_s, self.crash_free_hours * 3600) * 1000)


class Spec(_Part, frozen=True, kw_only=True):
    """One rollout; it never changes once it is made, so that what was approved is what is done.

    - ``boards`` are those that the release is signed for; with none, nobody is left out for the board's sake.
    - ``canary`` is how many devices begin, or ``canary_group`` which; ``steps`` are how many follow each time. The
      last step is repeated until all have it.
    - ``probation_s`` and ``deadline_s`` go to the device: for how long a new version must be healthy, and within
      which running time the order must have ended. REPORT_GRACE_S later the server counts a device as timed out.
    - ``rolls_back``: where a gate fails, devices that took the release are ordered back as well.
    - ``needs_approval``: somebody else than the author must approve before it starts.
    """

    kind: Literal["model", "agent"]
    name: ReleaseName
    version: ReleaseVersion
    counter: Counter
    boards: Annotated[tuple[BoardId, ...], Meta(max_length=64)] = ()
    target: Target = field(default_factory=Target)
    canary: Size = "5%"
    canary_group: Name | None = None
    steps: Annotated[tuple[Size, ...], Meta(min_length=1, max_length=MAX_STEPS)] = ("25%", "100%")
    gates: Gates = field(default_factory=Gates)
    probation_s: Annotated[int, Meta(ge=1, le=604_800)] = 600
    deadline_s: Annotated[int, Meta(ge=MIN_DEADLINE_S, le=2_592_000)] = 14_400
    rolls_back: bool = False
    needs_approval: bool = False

    @property
    def subject(self) -> str:
        """What the orders are about: `model/NAME` or `agent/skerry`."""
        return f"{self.kind}/{self.name}"

    @property
    def wait_ms(self) -> int:
        """How long (ms) a device may take before it counts as timed out."""
        return (self.deadline_s + REPORT_GRACE_S) * 1000


def read_spec(given: object) -> Spec:
    """Return what was written down, checked. Raises ConfigError; ConflictError for what does not go together."""
    try:
        spec = msgspec.convert(given, Spec)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ConfigError("this is no rollout", where="the rollout", found=str(error)) from error
    if spec.probation_s >= spec.deadline_s:
        raise ConflictError(
            "the deadline must leave time after the probation",
            where="deadline_s",
            found=f"deadline {spec.deadline_s} s, probation {spec.probation_s} s",
        )
    if spec.kind == "agent" and spec.gates.compares:
        raise ConflictError(
            "latency and confidence are told by model version",
            where="gates",
            found="a release of the agent",
            todo="use crash_free_hours",
        )
    return spec


def size_of(size: str, total: int) -> int:
    """Return how many of ``total`` devices ``size`` stands for: at least one, at most all."""
    if not re.match(SIZE_PATTERN.rstrip("$") + r"\Z", size):
        raise ConfigError("a size is a number of devices or a share", where="size", found=repr(size), todo="5, or 10%")
    wanted = -(-float(size[:-1]) * total // 100) if size.endswith("%") else int(size)
    return max(min(1, total), min(int(wanted), total))
