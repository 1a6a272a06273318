"""Pictures drawn as SVG inside the page, in its own colours; their texts are HTML, which no width makes too small."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from skerry_converters.gates.accuracy import AccuracyFigures
from skerry_edge.bench.page.markup import Markup, element

MOST_POINTS = 20.0
"""Points lost beyond this are drawn at the edge: one broken file must not press all others together."""
_WIDTH = 1000
_WIDEST_COLUMN_PX = 30
_LEAST_CHART_PX = 220
_STUB = 0.012
"""The share of the height that even a column of no height has: it is there, and it is bad."""

ColumnKind = Literal["good", "float", "bad", "exact"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of a chart: ``height_db`` above the ground line, what it means, and the words of its tooltip."""

    height_db: float
    kind: ColumnKind
    title: str


def column_chart(
    columns: Sequence[Column], *, name: str, top_db: float, step_db: float, floor_db: float | None = None
) -> Markup:
    """Return columns side by side from 0 to ``top_db``, with a line each ``step_db`` and a dashed one at ``floor_db``.

    What is higher than ``top_db`` ends there; ``name`` is the whole chart's tooltip.
    """
    marks = [step_db * place for place in range(int(top_db / step_db) + 1)]
    floor = [] if floor_db is None else [_level(floor_db, top_db, len(columns), "floor")]
    drawn = element(
        "svg",
        element("title", name),
        *(_level(one, top_db, len(columns), "grid") for one in marks),
        *(_column(place, one, top_db) for place, one in enumerate(columns)),
        *floor,
        viewBox=f"0 0 {len(columns)} {top_db:g}",
        preserveAspectRatio="none",
        role="img",
    )
    scale = [
        element("span", f"{one:g}" if one < top_db else f"{one:g} dB", style=f"bottom:{100 * one / top_db:.1f}%")
        for one in marks
    ]
    widest_px = max(_LEAST_CHART_PX, _WIDEST_COLUMN_PX * len(columns))
    return element(
        "div", element("div", *scale, class_="scale"), drawn, class_="columns", style=f"max-width:{widest_px + 48}px"
    )


def _level(value_db: float, top_db: float, width: int, kind: str) -> Markup:
    y = round(top_db - value_db, 2)
    return element("line", x1=0, x2=width, y1=y, y2=y, class_=kind)


def _column(place: int, column: Column, top_db: float) -> Markup:
    height = round(min(max(column.height_db, _STUB * top_db), top_db), 2)
    return element(
        "rect",
        element("title", column.title),
        x=round(place + 0.14, 2),
        y=round(top_db - height, 2),
        width=0.72,
        height=height,
        class_=column.kind,
    )


def legend(kinds: Collection[ColumnKind], meanings: Mapping[ColumnKind, str]) -> Markup:
    """Return what the colours of a chart's columns mean, in that order; nothing for one of one colour."""
    if len(kinds) < 2:
        return Markup("")
    return element(
        "p", *(element("span", text, class_=kind) for kind, text in meanings.items() if kind in kinds), class_="legend"
    )


def drop_chart(rows: Sequence[tuple[str, AccuracyFigures]], limit: float) -> Markup:
    """Return the points of mAP that each file lost, with intervals, and the limit as a line."""
    widest = max(MOST_POINTS, 2 * limit)
    low = max(-widest, min(0.0, *(figures.drop_low for _, figures in rows)))
    high = min(widest, max(limit, *(figures.drop_high for _, figures in rows)))
    margin = 0.05 * (high - low or 1.0)
    reach = high - low + 2 * margin

    def x(points: float) -> float:
        return round(_WIDTH * (min(max(points, low), high) - low + margin) / reach, 1)

    parts = []
    for name, figures in rows:
        kind = "bad" if figures.drop > limit else "good"
        lines = [
            _upright(x(0.0), "zero"),
            _upright(x(limit), "limit"),
            element("line", x1=x(figures.drop_low), x2=x(figures.drop_high), y1=5, y2=5, class_=f"span {kind}"),
            # A line of no length with round ends is a dot that stretching leaves round.
            element("line", x1=x(figures.drop), x2=x(figures.drop), y1=5, y2=5, class_=f"dot {kind}"),
        ]
        words = f"{name}: {figures.drop:+.1f} points ({figures.drop_low:+.1f} to {figures.drop_high:+.1f})"
        drawn = element(
            "svg", element("title", words), *lines, viewBox=f"0 0 {_WIDTH} 10", preserveAspectRatio="none", role="img"
        )
        parts += [element("span", name), drawn]
    labels = [
        element("span", "0", style=f"right:{100 - x(0.0) * 100 / _WIDTH:.1f}%"),
        element("span", f"{limit:g} allowed", class_="limit", style=f"left:{x(limit) * 100 / _WIDTH:.1f}%"),
    ]
    return element("div", element("span", ""), element("div", *labels, class_="above"), *parts, class_="drops")


def _upright(x: float, kind: str) -> Markup:
    return element("line", x1=x, x2=x, y1=0, y2=10, class_=kind)


def size_bar(size_bytes: int, largest_bytes: int) -> Markup:
    """Return a file's size as a bar beside that of the largest."""
    width = round(90 * size_bytes / max(1, largest_bytes), 1)
    return element(
        "svg",
        element("rect", x=0, y=3, width=width, height=8, rx=2, class_="size"),
        viewBox="0 0 90 14",
        width=90,
        height=14,
        class_="bar",
        aria_hidden="true",
    )
