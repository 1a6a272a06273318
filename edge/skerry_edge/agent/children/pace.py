"""How soon a silent child is taken for hung: learned from its own beat, within what the configuration allows; pure."""

from __future__ import annotations

from dataclasses import dataclass

LEARNED_AFTER_BEATS = 20
SHORTEST_S = 1.5
"""A child that is only slow for a moment (a page read from a slow card, a busy processor) is left alone this long."""
TIMES_LONGEST = 4.0
HALF_LIFE_S = 60.0
"""In this time a long silence loses half of its weight."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """The beats of one child so far; ``longest_s`` is the longest silence between two, fading with time."""

    beats: int = 0
    last_s: float = 0.0
    longest_s: float = 0.0


def beat(pace: Pace, now_s: float) -> Pace:
    """Return the pace after a beat at ``now_s`` (monotonic seconds)."""
    if not pace.beats:
        return Pace(beats=1, last_s=now_s)
    silence_s = max(0.0, now_s - pace.last_s)
    faded_s = pace.longest_s * 0.5 ** (silence_s / HALF_LIFE_S)
    return Pace(beats=pace.beats + 1, last_s=now_s, longest_s=max(silence_s, faded_s))


def patience_s(pace: Pace, limit_s: float) -> float:
    """Return how long the child may be silent: ``limit_s`` until its pace is known, and never more."""
    if pace.beats < LEARNED_AFTER_BEATS:
        return limit_s
    return min(limit_s, max(SHORTEST_S, TIMES_LONGEST * pace.longest_s))
