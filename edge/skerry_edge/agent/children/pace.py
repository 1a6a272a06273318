"""How soon a silent child is told of, and how soon it is taken for hung: learned from its own work; pure.

Only work counts. A child that waits for a picture beats all the same, and how quickly it does says nothing of how long
its network takes: after a night with the gate shut, on a board whose memory was swapped out meanwhile, the first
inference may take as long as the very first one did. So beats without work teach nothing shorter, and the first work
after a quiet time has all the time that the configuration allows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

LEARNED_AFTER_STEPS = 20
SHORTEST_S = 1.5
"""A child that is only slow for a moment (a page read from a slow card, a busy processor) is left alone this long."""
TIMES_LONGEST = 4.0
TIMES_SLOWEST = 2.0
HALF_LIFE_S = 60.0
"""In this time of work a long silence loses half of its weight, down to that of the child's slowest step."""
UNLEARNED_S = 2.5
"""What `SHORTEST_S` is while only the trial run of the model is known, as for that run itself (see `loading`)."""
QUIET_S = 10.0
"""A child that has done no work for this long has to find its way back into it."""
TOLD_AFTER_S = 2.0
TOLD_TIMES = 2.0
"""A silence is told of after so many times the longest one, and after `TOLD_AFTER_S` at the earliest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """The beats of one child so far; times on the monotonic clock, in seconds.

    ``longest_s`` is the longest silence, fading with work, ``slowest_s`` the longest that ended with work, and
    ``first_s`` how long the trial run of the model took, None where there was none. ``is_told``: that it is silent now
    was told.
    """

    last_s: float
    worked_s: float
    beats: int = 0
    steps: int = 0
    longest_s: float = 0.0
    slowest_s: float = 0.0
    first_s: float | None = None
    is_told: bool = False


def begun(now_s: float, first_s: float | None) -> Pace:
    """Return the pace of a child that begins its work now, whose model took ``first_s`` for its trial run."""
    return Pace(last_s=now_s, worked_s=now_s, first_s=first_s)


def beat(pace: Pace, now_s: float, *, has_worked: bool) -> Pace:
    """Return the pace after a beat, which tells of work or only that the child waits."""
    silence_s = max(0.0, now_s - pace.last_s)
    pace = replace(pace, last_s=now_s, beats=pace.beats + 1, is_told=False)
    if not has_worked:
        return replace(pace, longest_s=max(silence_s, pace.longest_s))
    return replace(
        pace,
        worked_s=now_s,
        steps=pace.steps + 1,
        longest_s=max(silence_s, pace.longest_s * 0.5 ** (silence_s / HALF_LIFE_S)),
        slowest_s=max(silence_s, pace.slowest_s),
    )


def patience_s(pace: Pace, limit_s: float) -> float:
    """Return how long the child may be silent from now on: never longer than ``limit_s``.

    All of that before the first beat, which a source that opens slowly delays, and after a quiet time.
    """
    if not pace.beats or pace.last_s - pace.worked_s >= QUIET_S:
        return limit_s
    if pace.steps >= LEARNED_AFTER_STEPS:
        return min(limit_s, max(SHORTEST_S, TIMES_LONGEST * pace.longest_s, TIMES_SLOWEST * pace.slowest_s))
    if pace.first_s is None:
        return limit_s
    return min(limit_s, max(UNLEARNED_S, TIMES_LONGEST * _usual_s(pace)))


def tell_due_s(pace: Pace) -> float:
    """Return when it is to be told that the child is silent; once for each silence."""
    return float("inf") if pace.is_told else pace.last_s + max(TOLD_AFTER_S, TOLD_TIMES * _usual_s(pace))


def told(pace: Pace, now_s: float) -> tuple[Pace, str]:
    """Return the pace after it was told that the child is silent, and the words for it."""
    usual_s = _usual_s(pace)
    usually = f"usually {usual_s:.2g} s" if usual_s else "and nothing is known of its pace"
    return replace(pace, is_told=True), f"no progress for {now_s - pace.last_s:.2g} s, {usually}"


def _usual_s(pace: Pace) -> float:
    """Return the longest silence that is known of, 0.0 where none is."""
    return max(pace.longest_s, pace.first_s or 0.0) if pace.steps < LEARNED_AFTER_STEPS else pace.longest_s
