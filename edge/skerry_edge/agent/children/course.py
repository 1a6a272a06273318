"""A pipeline's course: how its child fares and on which backend, decided together; pure.

`supervision` decides about a child whatever it runs on, `failover` about backends whatever their children do; here is
what one means for the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from skerry_edge.agent.children import failover, supervision
from skerry_edge.agent.children.failover import Choices
from skerry_edge.agent.children.supervision import Deadlines, Life
from skerry_edge.agent.line.blame import Blame
from skerry_edge.foundation.backoff import Backoff

MAX_REASON_CHARS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """Where a pipeline is."""

    life: Life
    choices: Choices


def course_of(backends: tuple[str, ...]) -> Course:
    """Return the course of a pipeline that has not run yet."""
    return Course(life=Life(), choices=failover.choices_of(backends))


def current_backend(course: Course) -> str | None:
    """Return the backend that the child runs on, None where it is the model's own choice."""
    return failover.name_of(course.choices, course.choices.current)


def trouble(course: Course) -> str | None:
    """Say why the pipeline is not as it should be, None where it is."""
    return course.life.reason or failover.second_choice(course.choices)


def may_return(course: Course) -> bool:
    """Tell whether an earlier backend may be tried: not while it goes badly on this one."""
    return course.choices.current > 0 and supervision.is_well(course.life)


def progressed(course: Course, now_s: float, deadlines: Deadlines, *, frames: int) -> Course:
    """Return the course after a beat; a child that has run long enough clears its backend, too."""
    life = supervision.progressed(course.life, now_s, deadlines, frames=frames)
    choices = failover.stable(course.choices) if supervision.is_stable(life, now_s) else course.choices
    return Course(life=life, choices=choices)


def failed(course: Course, now_s: float, blame: Blame, reason: str, *, backoff: Backoff, chance: float) -> Course:
    """Return the course after a failure: on the same backend after a while, or on the next one at once."""
    reason = (f"wrong configuration: {reason}" if blame == "configuration" else reason)[:MAX_REASON_CHARS]
    choices = failover.failed(course.choices, now_s, blame, reason)
    if failover.has_moved_on(course.choices, choices):
        return Course(life=supervision.moved_on(course.life, now_s, reason), choices=choices)
    return Course(life=supervision.failed(course.life, now_s, reason, backoff, chance), choices=choices)


def interrupted(course: Course, now_s: float, reason: str) -> Course:
    """Return the course after an end that was not the pipeline's own doing."""
    life = supervision.interrupted(course.life, now_s, reason)
    return Course(life=life, choices=failover.untried(course.choices))


def returned(course: Course, now_s: float, deadlines: Deadlines) -> Course:
    """Return the course after the child that was tried on an earlier backend has taken over."""
    life = supervision.spawned(course.life, now_s, deadlines)
    return Course(life=life, choices=failover.returned(course.choices, now_s))


def trial_failed(course: Course, now_s: float, reason: str) -> Course:
    """Return the course after an earlier backend was tried in vain."""
    return replace(course, choices=failover.trial_failed(course.choices, now_s, reason[:MAX_REASON_CHARS]))
