"""What the planner sees: a rollout, its devices and what telemetry says, at one moment. Pure values."""

from __future__ import annotations

from msgspec import Struct

from skerry_server.rollouts.spec import Spec
from skerry_server.rollouts.states import DeviceState, RolloutState


# Structs: a fleet has ten thousand of the first, and they are made anew with every look.
class Member(Struct, frozen=True, kw_only=True, gc=False):
    """A device of a rollout. Times are Unix milliseconds by the server's clock.

    ``has_begun`` says that it answered its order in any way; ``deadline_ms`` is when its time is over, while it is
    under way; ``ended_ms`` is when it reached the state that it is in. ``from_version`` is what it ran before.
    ``unsound_ms`` is when it crashed or fell silent after it had taken the release, where that is judged.
    ``is_gone`` says that it is out of service.
    """

    device: str
    stage: int
    state: DeviceState
    has_begun: bool = False
    deadline_ms: int | None = None
    ended_ms: int | None = None
    from_version: str | None = None
    unsound_ms: int | None = None
    is_gone: bool = False


class Progress(Struct, frozen=True, kw_only=True):
    """A rollout as it stands. Stages count from 0, the canary; ``stages`` is how many there are.

    Failures up to ``excused_ms`` and the other gates of ``excused_stage`` were seen by whoever resumed it.
    ``heard_since_ms`` is since when the server hears what devices answer, ``hears`` whether it does now;
    ``unwatched_ms`` is for how long it did not while the stage was watched.
    """

    spec: Spec
    state: RolloutState
    stage: int
    stages: int
    excused_ms: int | None = None
    excused_stage: int | None = None
    heard_since_ms: int | None = None
    hears: bool = True
    unwatched_ms: int = 0


class Figures(Struct, frozen=True, kw_only=True):
    """What telemetry says of one model version; a figure that nobody reported is None."""

    inference_p95_ms: float | None
    confidence: float | None
    events: int


class Comparison(Struct, frozen=True, kw_only=True):
    """The release and the version that most of its devices ran before."""

    new: Figures
    old: Figures
