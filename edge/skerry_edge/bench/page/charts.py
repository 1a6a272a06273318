"""Charts drawn as SVG in the page's own colours: lines over an axis, and values with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skerry_edge.bench.page.axes import Axis, level_grid, upright_grid
from skerry_edge.bench.page.markup import Markup, element

COLOURS = 8
"""As many series have colours of their own; a ninth has the first one's again."""
_WIDTH = 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 10, 40
_ROW, _NAME_ROW = 40, 14

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """A line by name; ``mark`` is drawn as a dot, ``band`` (x, low, high) as a shade behind the line."""

    name: str
    points: Sequence[Point]
    mark: Point | None = None
    band: Sequence[tuple[float, float, float]] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """One axis of a chart: its words and its ends."""

    title: str
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A value with its interval, and the words that stand beside it; ``colour`` is that of a series."""

    name: str
    value: float
    low: float
    high: float
    words: str
    colour: int


def line_chart(
    title: str, across: Scale, up: Scale, series: Sequence[Series], *, rule: float | None = None, height: int = 300
) -> Markup:
    """Return lines over ``across``; ``rule`` is a value of it that a line marks. The picture is 420 units wide."""
    x = Axis(low=across.low, high=across.high, start=_LEFT, end=_WIDTH - _RIGHT)
    y = Axis(low=up.low, high=up.high, start=height - _BOTTOM, end=_TOP)
    parts = [
        *upright_grid(y, x),
        *level_grid(x, y),
        element("text", across.title, x=(x.start + x.end) / 2, y=height - 6, text_anchor="middle", class_="axis"),
        element("text", up.title, transform=f"translate(11 {(y.start + y.end) / 2}) rotate(-90)", class_="axis turned"),
    ]
    if rule is not None:
        parts.append(element("line", x1=x.at(rule), x2=x.at(rule), y1=y.start, y2=y.end, class_="rule"))
    parts += _lines(series, x, y)
    return _svg(title, parts, _WIDTH, height, "chart")


def small_chart(title: str, series: Sequence[Series]) -> Markup:
    """Return lines in a unit square, small enough to stand among many."""
    width, height = 150, 110
    x = Axis(low=0.0, high=1.0, start=8, end=width - 8)
    y = Axis(low=0.0, high=1.0, start=height - 8, end=8)
    halves = [0.0, 0.5, 1.0]
    grid = [
        *(element("line", x1=x.start, x2=x.end, y1=y.at(value), y2=y.at(value), class_="grid") for value in halves),
        *(element("line", x1=x.at(value), x2=x.at(value), y1=y.start, y2=y.end, class_="grid") for value in halves),
    ]
    return _svg(title, [*grid, *_lines(series, x, y)], width, height, "small")


def interval_chart(title: str, across: Scale, rows: Sequence[Estimate], *, rule: float | None = None) -> Markup:
    """Return one row a value: its name, the value as a dot and its interval as a bar; ``rule`` marks a value."""
    height = _TOP + _ROW * len(rows) + _BOTTOM
    x = Axis(low=across.low, high=across.high, start=10, end=_WIDTH - 10)
    y = Axis(low=0.0, high=1.0, start=height - _BOTTOM, end=_TOP)
    parts = [
        *level_grid(x, y),
        element("text", across.title, x=_WIDTH / 2, y=height - 6, text_anchor="middle", class_="axis"),
    ]
    if rule is not None:
        parts.append(element("line", x1=x.at(rule), x2=x.at(rule), y1=y.start, y2=y.end, class_="rule"))
    for place, row in enumerate(rows):
        parts += _estimate(row, x, _TOP + _ROW * place)
    return _svg(title, parts, _WIDTH, height, "chart")


def legend(names: Sequence[str]) -> Markup:
    """Return the names of series beside their colours."""
    keys = [element("span", class_=f"key {colour_class(place)}") for place in range(len(names))]
    items = [element("li", key, name) for key, name in zip(keys, names, strict=True)]
    return element("ul", *items, class_="legend")


def colour_class(place: int) -> str:
    """Return the style sheet's class for the colour of the series at ``place``."""
    return f"s{place % COLOURS + 1}"


def _estimate(row: Estimate, x: Axis, top: float) -> list[Markup]:
    kind, bar = colour_class(row.colour), top + _NAME_ROW + 9
    return [
        element("text", row.name, x=x.start, y=top + _NAME_ROW, class_="name"),
        element("text", row.words, x=x.end, y=top + _NAME_ROW, text_anchor="end", class_="name value"),
        element("line", x1=x.at(row.low), x2=x.at(row.high), y1=bar, y2=bar, class_=f"span {kind}"),
        element("circle", cx=x.at(row.value), cy=bar, r=4.5, class_=f"dot {kind}"),
    ]


def _lines(series: Sequence[Series], x: Axis, y: Axis) -> list[Markup]:
    """Return all lines; the first lies on top, where several are the same."""
    drawn = [_line(one, colour_class(place), x, y) for place, one in enumerate(series)]
    return [part for parts in reversed(drawn) for part in parts]


def _line(one: Series, kind: str, x: Axis, y: Axis) -> list[Markup]:
    parts = []
    if one.band:
        edge = [(at, high) for at, _, high in one.band] + [(at, low) for at, low, _ in reversed(one.band)]
        parts.append(element("polygon", points=_places(edge, x, y), class_=f"band {kind}"))
    parts.append(element("polyline", points=_places(one.points, x, y), class_=f"line {kind}"))
    if one.mark is not None:
        parts.append(element("circle", cx=x.at(one.mark[0]), cy=y.at(one.mark[1]), r=4, class_=f"dot {kind}"))
    return parts


def _places(points: Sequence[Point], x: Axis, y: Axis) -> str:
    """Return the points' places; of several that lie in a row on one height, both ends are enough."""
    places = [(x.at(across), y.at(up)) for across, up in points]
    kept = [
        place
        for number, place in enumerate(places)
        if not 0 < number < len(places) - 1 or {places[number - 1][1], places[number + 1][1]} != {place[1]}
    ]
    return " ".join(f"{across:g},{up:g}" for across, up in kept)


def _svg(title: str, parts: Sequence[Markup], width: int, height: int, kind: str) -> Markup:
    return element("svg", element("title", title), *parts, viewBox=f"0 0 {width} {height}", role="img", class_=kind)
