"""Figures in words, the same on the terminal and on the page."""

from __future__ import annotations

NONE = "-"


def share(value: float | None) -> str:
    """Return a share of 1 with three digits, or a dash."""
    return NONE if value is None else f"{value:.3f}"


def percent(value: float | None) -> str:
    """Return a share as a percentage."""
    return NONE if value is None else f"{value:.1%}"


def points(difference: float) -> str:
    """Return a difference of shares in points of 100, with its sign; what rounds to nothing has none."""
    rounded = round(100 * difference, 1)
    return f"{rounded:+.1f}" if rounded else "0.0"


def rate(value: float) -> str:
    """Return how many there are of something on average: two digits of what is small, whole numbers of what is not."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def between(low: str, high: str) -> str:
    """Return an interval."""
    return f"{low} to {high}"


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number of things: "1 picture", "2 pictures"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
