"""What to do with a child and when: every decision of the supervisor, without clock, process or pipe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from skerry_edge.foundation.backoff import Backoff

MAX_REASON_CHARS = 4000
"""Within the contract's 4096, however many pipelines are in trouble."""
STABLE_AFTER_S = 60.0
"""A child that has run this long is healthy again: its next failure is the first of a row."""
MESSAGE_S = 0.2
"""A child that is silent in the middle of a message is looked at again after this long."""
HELD_AFTER = 10
"""After this many failures in a row a pipeline is held: it is tried only rarely, ..."""
HOLD = Backoff(first_s=300.0, max_s=3600.0)
"""... so that one that cannot run costs the device next to nothing. A try that lasts ends the row."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadlines:
    """How soon a child must be ready, and how often it must show progress; ``is_learned``: sooner than it was set.

    ``stage_s`` is how long the present stage of its loading may last, ``hung`` what is said where it lasts longer.
    """

    start_s: float
    progress_s: float
    is_learned: bool = False
    stage_s: float = float("inf")
    hung: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """Where a pipeline's child is; all times on the monotonic clock, in seconds.

    ``due_s`` is when the next thing is due: the start of a waiting one, readiness of a starting one, progress of
    a running one. ``reason`` says why the pipeline is not well, until it has done its work again. An ended life
    stays ended, whatever a late report says.
    """

    phase: Literal["waiting", "starting", "running", "ended"] = "waiting"
    since_s: float = 0.0
    due_s: float = 0.0
    failures: int = 0
    reason: str | None = None


def spawned(life: Life, now_s: float, deadlines: Deadlines) -> Life:
    """Return the life after its child was started."""
    life = replace(life, phase="starting", since_s=now_s)
    return replace(life, due_s=_due_s(life, now_s, deadlines))


def stage_reached(life: Life, now_s: float, deadlines: Deadlines) -> Life:
    """Return the life after the next stage of its child's loading began."""
    return replace(life, due_s=_due_s(life, now_s, deadlines)) if life.phase == "starting" else life


def _due_s(life: Life, now_s: float, deadlines: Deadlines) -> float:
    if life.phase == "running":
        return now_s + deadlines.progress_s
    return min(life.since_s + deadlines.start_s, now_s + deadlines.stage_s)


def became_ready(life: Life, now_s: float, deadlines: Deadlines) -> Life:
    """Return the life after its child said that its model is loaded and runs."""
    if life.phase == "ended":
        return life
    life = replace(life, phase="running", since_s=now_s)
    return replace(life, due_s=_due_s(life, now_s, deadlines))


def progressed(life: Life, now_s: float, deadlines: Deadlines, *, frames: int) -> Life:
    """Return the life after a beat; only work done, not the beat alone, makes a failing pipeline well."""
    if life.phase != "running":
        return life
    failures = 0 if is_stable(life, now_s) else life.failures
    return replace(
        life, due_s=_due_s(life, now_s, deadlines), failures=failures, reason=None if frames else life.reason
    )


def is_stable(life: Life, now_s: float) -> bool:
    """Tell whether the child has run long enough for its next failure to be the first of a row."""
    return life.phase == "running" and now_s - life.since_s >= STABLE_AFTER_S


def is_well(life: Life) -> bool:
    """Tell whether the pipeline does its work."""
    return life.phase == "running" and life.reason is None


def pardoned(life: Life, now_s: float, deadlines: Deadlines) -> Life:
    """Return the life with its deadline given once more: the machine stood still, and the child may not be at fault."""
    if life.phase == "starting":
        return spawned(life, now_s, deadlines)
    return replace(life, due_s=_due_s(life, now_s, deadlines))


def heard(life: Life, now_s: float) -> Life:
    """Return the life of a child that was overdue in the middle of a message: the rest of that comes first."""
    return replace(life, due_s=now_s + MESSAGE_S)


def failed(life: Life, now_s: float, reason: str, backoff: Backoff, chance: float) -> Life:
    """Return the life after its child died, was killed or gave up: it waits, longer each time, and then is held."""
    if life.phase == "ended":
        return life
    failures = life.failures + 1
    wait_s = backoff.delay_s(failures, chance)
    if failures >= HELD_AFTER:
        wait_s = HOLD.delay_s(failures - HELD_AFTER + 1, chance)
        reason = f"held after {failures} failures in a row, next try in {wait_s / 60:.0f} min: {reason}"
    return replace(life, phase="waiting", since_s=now_s, due_s=now_s + wait_s, failures=failures, reason=reason)


def moved_on(life: Life, now_s: float, reason: str) -> Life:
    """Return the life after a failure that made it leave its backend for another: it starts on that at once."""
    if life.phase == "ended":
        return life
    return replace(life, phase="waiting", since_s=now_s, due_s=now_s, failures=life.failures + 1, reason=reason)


def interrupted(life: Life, now_s: float, reason: str) -> Life:
    """Return the life after its child was ended for another pipeline's sake: it starts again, and has not failed."""
    if life.phase == "ended":
        return life
    return replace(life, phase="waiting", since_s=now_s, due_s=now_s, reason=reason)


def is_held(life: Life) -> bool:
    """Tell whether the pipeline is tried only rarely; one that has come to do its work is not."""
    return life.failures >= HELD_AFTER and not is_well(life)


def ended(life: Life, now_s: float) -> Life:
    """Return the life after its source came to its end; it is not started again."""
    return replace(life, phase="ended", since_s=now_s, due_s=float("inf"), reason=None)


def due_action(life: Life, now_s: float) -> Literal["spawn", "kill"] | None:
    """Tell what is due now: starting a child, killing one that missed its deadline, or nothing."""
    if now_s < life.due_s or life.phase == "ended":
        return None
    return "spawn" if life.phase == "waiting" else "kill"


def overdue_reason(life: Life, deadlines: Deadlines) -> str:
    """Say which deadline the child missed, and which key sets it."""
    if life.phase == "starting" and life.due_s < life.since_s + deadlines.start_s:
        return deadlines.hung
    if life.phase == "starting":
        return f"not ready within {deadlines.start_s:g} s (start_deadline_s)"
    why = "learned from its pace" if deadlines.is_learned else "progress_deadline_s"
    return f"no progress for {deadlines.progress_s:.3g} s ({why})"


def vitals_state(life: Life) -> Literal["starting", "running", "failing", "ended"]:
    """Return the pipeline's state as the heartbeat names it."""
    if life.phase == "ended":
        return "ended"
    if life.reason is not None:
        return "failing"
    return "running" if life.phase == "running" else "starting"


def device_status(troubles: Iterable[tuple[str, str]]) -> tuple[Literal["online", "degraded"], str | None]:
    """Return the device's state and its reason from (pipeline, trouble) pairs."""
    reason = "; ".join(f"{name}: {trouble}" for name, trouble in troubles)[:MAX_REASON_CHARS]
    return ("degraded", reason) if reason else ("online", None)
