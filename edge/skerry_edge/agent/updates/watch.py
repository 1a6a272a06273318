"""How the device does, before a switch and after: what the verdict on a new version is made from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from skerry_edge.agent.children.tally import Tally
from skerry_edge.agent.children.usage import UsageMeter
from skerry_edge.ota.machine.figures import Before, Figures
from skerry_edge.ota.machine.health import After, Trial

SAMPLE_S = 30.0
_SAMPLES = 20
"""So many samples reach back: the figures of the version before are those of its last ten minutes."""
_SETTLED_FRAMES = 20
"""After so many frames a process has what it needs; what it takes later is growth."""


class Pipelines(Protocol):
    """What is asked of the supervisor."""

    def tally(self, pipeline: str) -> Tally | None:
        """Return what a pipeline did since it was set up."""
        ...

    def pid(self, pipeline: str) -> int | None:
        """Return the process id of a pipeline's child."""
        ...


class Surroundings(Protocol):
    """What is asked of the machine and its connection."""

    @property
    def is_connected(self) -> bool:
        """Whether the broker has taken the connection."""
        ...

    def heat(self) -> dict[str, Any]:
        """Return the fields of a Heartbeat that are about temperatures."""
        ...


@dataclass(frozen=True, slots=True)
class _Sample:
    at_s: float
    tally: Tally
    frames: int
    errors: int
    drops: int
    findings: int


class Watch:
    """Samples the pipelines all the time, so that there is something to compare with once a switch comes."""

    def __init__(self, pipelines: Pipelines, surroundings: Surroundings) -> None:
        self._pipelines = pipelines
        self._surroundings = surroundings
        self._samples: dict[str, deque[_Sample]] = {}
        self._due_s = 0.0
        self._trial_s = 0.0
        self._offline_since_s: float | None = None
        self._settled_mb: dict[str, float] = {}

    def sample(self, names: Iterable[str], now_s: float) -> float:
        """Note how the pipelines stand, where that is due; return when it is due next."""
        if now_s >= self._due_s:
            self._due_s = now_s + SAMPLE_S
            for name in names:
                tally = self._pipelines.tally(name)
                if tally is not None:
                    samples = self._samples.setdefault(name, deque(maxlen=_SAMPLES))
                    samples.append(_Sample(now_s, tally, tally.frames, tally.errors, tally.drops, tally.findings))
        return self._due_s

    def before(self, names: Iterable[str], now_s: float) -> Before:
        """Return how these pipelines and the device have done until now."""
        return Before(
            pipelines={name: self._figures(name, now_s) for name in names},
            connected=self._surroundings.is_connected,
            temperature_c=self._surroundings.heat().get("temperature_c"),
        )

    def begin_trial(self, now_s: float) -> None:
        """Count from now on."""
        self._trial_s = now_s
        self._offline_since_s = None
        self._settled_mb = {}

    def after(self, names: Iterable[str], now_s: float) -> After:
        """Return how these pipelines and the device have done since the trial began."""
        heat = self._surroundings.heat()
        if self._surroundings.is_connected:
            self._offline_since_s = None
        elif self._offline_since_s is None:
            self._offline_since_s = now_s
        return After(
            pipelines={name: self._trial(name, now_s) for name in names},
            offline_s=0.0 if self._offline_since_s is None else max(0.001, now_s - self._offline_since_s),
            temperature_c=heat.get("temperature_c"),
            trip_c=heat.get("temperature_trip_c"),
        )

    def _figures(self, name: str, now_s: float) -> Figures:
        tally = self._pipelines.tally(name)
        if tally is None:
            return Figures()
        first = next((one for one in self._samples.get(name, ()) if one.tally is tally), None)
        if first is None:
            return _figures(tally)
        return Figures(
            ran_s=now_s - first.at_s,
            frames=tally.frames - first.frames,
            errors=tally.errors - first.errors,
            drops=tally.drops - first.drops,
            findings=tally.findings - first.findings,
            inference_ms=tally.inference_ms,
        )

    def _trial(self, name: str, now_s: float) -> Trial:
        tally = self._pipelines.tally(name)
        if tally is None:
            return Trial(figures=Figures(), silent_s=now_s - self._trial_s)
        since_s = max(self._trial_s, tally.frame_s or 0.0)
        return Trial(
            figures=_figures(tally),
            crashes=tally.crashes,
            hangs=tally.hangs,
            why=tally.why,
            silent_s=now_s - since_s,
            grew_mb=self._growth(name, tally),
        )

    def _growth(self, name: str, tally: Tally) -> float | None:
        memory_mb = UsageMeter().look(self._pipelines.pid(name)).memory_mb
        if memory_mb is None or tally.frames < _SETTLED_FRAMES:
            return None
        return memory_mb - self._settled_mb.setdefault(name, memory_mb)


def _figures(tally: Tally) -> Figures:
    return Figures(
        frames=tally.frames,
        errors=tally.errors,
        drops=tally.drops,
        findings=tally.findings,
        inference_ms=tally.inference_ms,
    )
