"""Lines over time as SVG paths: scaled, broken where nothing was heard, with the texts beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skerry_server.ui.rows import clock_time

WIDTH, HEIGHT = 600, 100
GAP_STEPS = 2.5
"""A line is broken where the next point is further away than so many steps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """The time that a chart shows, in Unix milliseconds, and how far apart points are."""

    start_ms: int
    end_ms: int
    step_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line; ``path`` is for an SVG of WIDTH x HEIGHT, ``newest`` the last value as text."""

    name: str
    path: str
    newest: str
    largest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A chart with its scale and what it says in words, for whoever cannot see it."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    top: str
    bottom: str
    begin: str
    end: str
    words: str


Points = Sequence[tuple[int, float]]
"""(Unix ms, value), oldest first."""


def chart(
    title: str, unit: str, series: Mapping[str, Points], span: Span, *, floor: float | None = 0.0
) -> Chart | None:
    """Return a chart of ``series`` by name, None where there is no point.

    Its scale begins at ``floor``, or with None at the smallest value.
    """
    values = [value for points in series.values() for _, value in points]
    if not values:
        return None
    low = min(values) if floor is None else min(floor, *values)
    high = max(values)
    if high - low < 1e-9:
        high = low + max(1.0, abs(low) * 0.1)
    lines = tuple(
        Line(
            name=name,
            path=_path(points, span, low, high),
            newest=_figure(points[-1][1]),
            largest=_figure(max(value for _, value in points)),
        )
        for name, points in series.items()
        if points
    )
    words = "; ".join(f"{one.name}: newest {one.newest}, largest {one.largest} {unit}".strip() for one in lines)
    return Chart(
        title=title,
        unit=unit,
        lines=lines,
        top=_figure(high),
        bottom=_figure(low),
        begin=clock_time(span.start_ms),
        end=clock_time(span.end_ms),
        words=words,
    )


def _path(points: Points, span: Span, low: float, high: float) -> str:
    parts: list[str] = []
    before_ms: int | None = None
    for at_ms, value in points:
        x = WIDTH * (at_ms - span.start_ms) / (span.end_ms - span.start_ms)
        y = HEIGHT * (1 - (value - low) / (high - low))
        is_gap = before_ms is None or at_ms - before_ms > GAP_STEPS * span.step_ms
        # A point alone is a line of no length, which round caps make a dot.
        parts.append(f"M{x:.1f} {y:.1f}h0" if is_gap else f"L{x:.1f} {y:.1f}")
        before_ms = at_ms
    return "".join(parts)


def _figure(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.1f}"
