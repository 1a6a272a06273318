"""How a child comes to be ready: at what stage it is, and when a stage takes longer than it can be trusted to; pure.

A model may rightly take a minute to load on a small board, so no fixed time tells a slow one from one that hangs. What
tells them apart is how long each stage took before, on this device (see `load_times`). Where that is not known, a stage
is told of but left alone, until the pipeline's `start_deadline_s`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from skerry_edge.agent.line.protocol import Stage

TOLD_AFTER_S = 1.5
TOLD_TIMES = 2.0
"""A stage is told of as slow after so many times its usual length, and after `TOLD_AFTER_S` at the earliest."""
HUNG_AFTER_S = 2.5
HUNG_TIMES = 4.0
"""So it is taken for hung; a page read from a slow card is left alone."""
TOLD_UNKNOWN_S = 5.0
"""A stage of which nothing is known is told of after this long."""
_DOING: dict[Stage, str] = {
    "program": "starting its program",
    "model": "opening its model",
    "first-inference": "running its model for the first time",
}

Times = Mapping[Stage, float]
"""How long stages take, in seconds; one that is not known is absent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loading:
    """A child on its way: its stage ``since_s`` (monotonic seconds), how long those before took, how often it was told.

    ``usual_s`` is how long each stage may be expected to take.
    """

    stage: Stage = "program"
    since_s: float
    usual_s: Times = field(default_factory=dict)
    took_s: Times = field(default_factory=dict)
    tellings: int = 0


def reached(loading: Loading, stage: Stage, now_s: float) -> Loading:
    """Return the loading as its next stage begins."""
    return replace(loading, stage=stage, since_s=now_s, took_s=times_until(loading, now_s), tellings=0)


def times_until(loading: Loading, now_s: float) -> dict[Stage, float]:
    """Return how long each stage has taken, where the present one ends now."""
    lasted_s = loading.took_s.get(loading.stage, 0.0) + max(0.0, now_s - loading.since_s)
    return {**loading.took_s, loading.stage: lasted_s}


def patience_s(loading: Loading) -> float:
    """Return how long the present stage may last before it is taken for hung; for ever where it is not known."""
    usual_s = loading.usual_s.get(loading.stage)
    return math.inf if usual_s is None else max(HUNG_AFTER_S, HUNG_TIMES * usual_s)


def tell_due_s(loading: Loading) -> float:
    """Return when it is to be told that the present stage is slow: again each time that its length has doubled."""
    usual_s = loading.usual_s.get(loading.stage)
    first_s = TOLD_UNKNOWN_S if usual_s is None else max(TOLD_AFTER_S, TOLD_TIMES * usual_s)
    return loading.since_s + first_s * 2.0**loading.tellings


def told(loading: Loading, now_s: float) -> tuple[Loading, str]:
    """Return the loading after it was told that its present stage is slow, and the words for it."""
    lasts_s = now_s - loading.since_s
    words = f"{_DOING[loading.stage]} for {lasts_s:.2g} s, {_usually(loading)}"
    return replace(loading, tellings=loading.tellings + 1), words


def hung_reason(loading: Loading) -> str:
    """Say that the present stage was given up."""
    return f"hung while {_DOING[loading.stage]}: not done within {patience_s(loading):.3g} s, {_usually(loading)}"


def _usually(loading: Loading) -> str:
    usual_s = loading.usual_s.get(loading.stage)
    return "which has not been timed here before" if usual_s is None else f"usually {usual_s:.2g} s"
