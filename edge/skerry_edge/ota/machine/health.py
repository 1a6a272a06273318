"""Whether a new version does as well as the one before it: what the device saw of both, and the verdict; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from skerry_edge.ota.machine.figures import Before, Figures
from skerry_edge.ota.machine.happenings import Done, Failed
from skerry_edge.ota.machine.limits import Limits

FEW_INFERENCES = 5
"""A time or a share of fewer says nothing; without so many, nothing is proved."""
MUCH_FOUND = 10
"""So much the version before must have found for a rate of it to mean something."""
SLOW_FLOOR_MS = 5.0
"""Below this, times are those of the scheduler and not of the model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """How one pipeline has done since the switch.

    ``crashes`` and ``hangs`` are ends of its process. ``silent_s`` is for how long no frame came, ``grew_mb`` by how
    much its process grew since its first frames, None where that is not known.
    """

    figures: Figures
    crashes: int = 0
    hangs: int = 0
    why: str = ""
    silent_s: float = 0.0
    grew_mb: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class After:
    """How the device has done since the switch; ``offline_s`` is for how long it has been without the broker now."""

    pipelines: Mapping[str, Trial] = field(default_factory=dict)
    offline_s: float = 0.0
    temperature_c: float | None = None
    trip_c: float | None = None


def verdict(before: Before, after: After, limits: Limits) -> Failed | None:
    """Return why the new version is bad, None where nothing speaks against it so far."""
    return next(_faults(before, after, limits), None)


def verdict_at_end(before: Before, after: After, limits: Limits) -> Failed | Done | None:
    """Return why the new version is bad, or Done where it has proved itself: it did enough, and nothing is amiss.

    None where it has not done enough yet to be judged by: it goes on being watched, up to the order's deadline.
    """
    found = verdict(before, after, limits)
    if found is not None:
        return found
    is_back = not before.connected or after.offline_s == 0
    pairs = [(before.pipelines.get(name, Figures()), trial.figures) for name, trial in after.pipelines.items()]
    return Done() if is_back and all(_has_done_enough(old, new) for old, new in pairs) else None


def _has_done_enough(old: Figures, new: Figures) -> bool:
    """Tell whether a pipeline has run often enough, and where the version before found much, to be held against it."""
    few = FEW_INFERENCES if old.frames >= FEW_INFERENCES else 1
    if new.frames < few:
        return False
    return old.findings < MUCH_FOUND or _expected(old, new) >= MUCH_FOUND


def _expected(old: Figures, new: Figures) -> float:
    """Return how much the version before would have found in as many frames."""
    return old.findings / old.frames * new.frames if old.frames else 0.0


def _faults(before: Before, after: After, limits: Limits) -> Iterator[Failed]:
    for name, trial in after.pipelines.items():
        old = before.pipelines.get(name, Figures())
        yield from (Failed(reason=one.reason, detail=f"pipeline {name}: {one.detail}") for one in _ends(trial))
        for one in (*_pace(old, trial, limits), *_work(old, trial, limits)):
            yield Failed(reason=one.reason, detail=f"pipeline {name}: {one.detail}")
    yield from _machine(before, after, limits)


def _ends(trial: Trial) -> Iterator[Failed]:
    if trial.hangs:
        yield Failed(reason="hung", detail=trial.why)
    if trial.crashes:
        yield Failed(reason="crashed", detail=trial.why)


def _pace(old: Figures, trial: Trial, limits: Limits) -> Iterator[Failed]:
    new = trial.figures
    if old.frames and trial.silent_s >= limits.silent_s:
        yield Failed(reason="starved", detail=f"no frame for {trial.silent_s:.0f} s")
    if new.frames >= FEW_INFERENCES and old.inference_ms is not None and new.inference_ms is not None:
        most_ms = limits.slower_times * max(old.inference_ms, SLOW_FLOOR_MS)
        if new.inference_ms > most_ms:
            found = f"{new.inference_ms:.1f} ms an inference, {old.inference_ms:.1f} ms before"
            yield Failed(reason="slow", detail=found)
    if new.frames + new.drops >= FEW_INFERENCES and new.drop_share > old.drop_share + limits.drop_share:
        found = f"{new.drop_share:.0%} of the frames dropped, {old.drop_share:.0%} before"
        yield Failed(reason="drops", detail=found)
    if trial.grew_mb is not None and trial.grew_mb > limits.memory_growth_mb:
        yield Failed(reason="memory", detail=f"its process grew by {trial.grew_mb:.0f} MB")


def _work(old: Figures, trial: Trial, limits: Limits) -> Iterator[Failed]:
    new = trial.figures
    tried = new.frames + new.errors
    if tried >= FEW_INFERENCES and new.errors > limits.error_share * tried:
        yield Failed(reason="errors", detail=f"{new.errors} of {tried} inferences failed")
    if old.findings < MUCH_FOUND:
        return
    expected = _expected(old, new)
    if expected >= MUCH_FOUND and not expected / limits.rate_times <= new.findings <= expected * limits.rate_times:
        found = f"{new.findings} findings in {new.frames} frames, about {expected:.0f} before"
        yield Failed(reason="accuracy", detail=found)


def _machine(before: Before, after: After, limits: Limits) -> Iterator[Failed]:
    limit_c = limits.hotter_than_c if limits.hotter_than_c is not None else after.trip_c
    was_hot = limit_c is not None and before.temperature_c is not None and before.temperature_c >= limit_c
    if limit_c is not None and after.temperature_c is not None and after.temperature_c >= limit_c and not was_hot:
        yield Failed(reason="hot", detail=f"{after.temperature_c:.1f} degrees C, at most {limit_c:.1f}")
    if before.connected and after.offline_s >= limits.offline_s:
        yield Failed(reason="offline", detail=f"without the broker for {after.offline_s:.0f} s")
