"""Figures of a recommendation as they are read: milliseconds, frames a second and points."""

from __future__ import annotations

import math

from skerry_edge.bench.evaluation import words
from skerry_edge.bench.recommendation.result import Drop
from skerry_edge.bench.speed.wording import milliseconds

__all__ = ["allowance", "fps_within", "milliseconds", "points", "span"]


def points(value: float) -> str:
    """Return points with one digit; what rounds to nothing has no sign."""
    return f"{round(value, 1) + 0.0:.1f}"


def allowance(value: float) -> str:
    """Return how many points may be lost: "1 point", "0.5 points"."""
    return f"{value:g} point{'' if value == 1 else 's'}"


def span(drop: Drop) -> str | None:
    """Return both ends of a drop's interval, or None where it has none."""
    if drop.low is None or drop.high is None:
        return None
    return words.between(points(drop.low), points(drop.high))


def fps_within(latency_ms: float) -> float:
    """Return frames a second that a latency keeps up with, rounded down to three digits that count."""
    exact = 1e3 / latency_ms
    digits = 2 - math.floor(math.log10(exact))
    return math.floor(exact * 10.0**digits) / 10.0**digits
