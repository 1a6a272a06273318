"""Small pictures drawn as SVG inside the page, in its own colours."""

from __future__ import annotations

from collections.abc import Sequence

from skerry_converters.gates.accuracy import AccuracyFigures
from skerry_converters.page.content import LayerError
from skerry_converters.page.markup import Html, tag

_WIDTH = 640
_LABEL = 170
_ROW = 26
_TOP = 22
_LAYER_BAR = 220
_HIGHEST_DB = 60.0
MOST_POINTS = 20.0
"""Points lost beyond this are drawn at the edge: one broken file must not press all others together."""


def drop_chart(rows: Sequence[tuple[str, AccuracyFigures]], limit: float) -> Html:
    """Return the points of mAP that each file lost, with intervals, and the limit as a line."""
    widest = max(MOST_POINTS, 2 * limit)
    low = max(-widest, min(0.0, *(figures.drop_low for _, figures in rows)))
    high = min(widest, max(limit, *(figures.drop_high for _, figures in rows)))
    margin = 0.05 * (high - low)
    scale = (_WIDTH - _LABEL) / (high - low + 2 * margin)

    def x(points: float) -> float:
        return round(_LABEL + (min(max(points, low), high) - low + margin) * scale, 1)

    height = _TOP + _ROW * len(rows) + 4
    parts = [
        _rule(x(0.0), height, ("0", "end", "zero")),
        _rule(x(limit), height, (f"{limit:g} allowed", "start", "limit")),
    ]
    for place, (name, figures) in enumerate(rows):
        y = _TOP + _ROW * place + _ROW / 2
        kind = "bad" if figures.drop > limit else "good"
        parts += [
            tag("text", name, x=0, y=y + 4),
            tag("line", x1=x(figures.drop_low), x2=x(figures.drop_high), y1=y, y2=y, class_=f"span {kind}"),
            tag("circle", cx=x(figures.drop), cy=y, r=5, class_=kind),
        ]
    title = tag("title", "Points of mAP lost by each file, with 95 % intervals")
    return tag("svg", title, *parts, viewBox=f"0 0 {_WIDTH} {height}", role="img", class_="chart")


def _rule(x: float, height: int, label: tuple[str, str, str]) -> Html:
    text, anchor, kind = label
    return tag(
        "g",
        tag("line", x1=x, x2=x, y1=_TOP - 6, y2=height, class_=kind),
        tag("text", text, x=x, y=_TOP - 10, text_anchor=anchor, class_="note"),
    )


def layer_bar(layer: LayerError) -> Html:
    """Return a layer's SQNR as a bar, full at 60 dB."""
    ratio = _HIGHEST_DB if layer.sqnr_db is None else layer.sqnr_db
    width = round(_LAYER_BAR * min(max(ratio, 0.0), _HIGHEST_DB) / _HIGHEST_DB, 1)
    kind = "float" if layer.kept_float else "good"
    return tag(
        "svg",
        tag("rect", x=0, y=3, width=_LAYER_BAR, height=8, rx=4, class_="track"),
        tag("rect", x=0, y=3, width=width, height=8, rx=4, class_=kind),
        viewBox=f"0 0 {_LAYER_BAR} 14",
        width=_LAYER_BAR,
        height=14,
        class_="bar",
        aria_hidden="true",
    )


def size_bar(size_bytes: int, largest_bytes: int) -> Html:
    """Return a file's size as a bar beside that of the largest."""
    width = round(90 * size_bytes / max(1, largest_bytes), 1)
    return tag(
        "svg",
        tag("rect", x=0, y=3, width=width, height=8, rx=2, class_="size"),
        viewBox="0 0 90 14",
        width=90,
        height=14,
        class_="bar",
        aria_hidden="true",
    )
