"""When upkeep does its next step: soon where there is work, seldom where there is none, ever later after failures."""

from __future__ import annotations

from dataclasses import dataclass, replace

IDLE_S = 60.0
"""How long after a step that found nothing the next one looks."""
LEAST_PAUSE_S = 0.05
FIRST_RETRY_S = 5.0
LAST_RETRY_S = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """How a chore is getting on. Times are Unix milliseconds.

    ``detail`` is what the last step did or why it failed; ``failures`` are those in a row. ``is_done`` says that the
    last step found no more work.
    """

    detail: str = "not begun yet"
    steps: int = 0
    failures: int = 0
    is_done: bool = False
    since_ms: int | None = None
    done_ms: int | None = None


def after_step(course: Course, detail: str, *, is_done: bool, now_ms: int) -> Course:
    """Return ``course`` after a step that went well; what did nothing does not hide what was done last."""
    return replace(
        course,
        detail=course.detail if is_done and course.steps and not course.failures else detail,
        steps=course.steps + 1,
        failures=0,
        is_done=is_done,
        since_ms=now_ms,
        done_ms=now_ms if is_done else course.done_ms,
    )


def after_failure(course: Course, reason: str, *, now_ms: int) -> Course:
    """Return ``course`` after a step that failed."""
    return replace(course, detail=reason, failures=course.failures + 1, is_done=False, since_ms=now_ms)


def pause_s(course: Course, *, took_s: float, asked_for_s: float | None = None) -> float:
    """Return how long to wait before the next step.

    ``took_s`` is how long the last one took: upkeep takes at most half of the time, so that ingest gets the other. A
    store that ``asked_for_s`` to be left alone is.
    """
    if course.failures:
        retry_s = FIRST_RETRY_S * 2.0 ** min(course.failures - 1, 10)
        return max(min(retry_s, LAST_RETRY_S), asked_for_s or 0.0)
    return IDLE_S if course.is_done else max(took_s, LEAST_PAUSE_S)
