"""The frame of a chart: from values to places in the picture, with lines and numbers at round values."""

from __future__ import annotations

import math
from dataclasses import dataclass

from skerry_edge.bench.page.markup import Markup, element

_ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_TICKS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """Values from ``low`` to ``high``, drawn from ``start`` to ``end`` (units of the picture)."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the place of a value; one outside is drawn at the edge."""
        inside = min(max(value, self.low), self.high)
        share = (inside - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Return round values within the axis, at most six."""
        rough = (self.high - self.low) / (_MOST_TICKS - 1)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in _ROUND_STEPS if power * factor >= rough * (1 - 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(place * step, 10) for place in range(first, last + 1)]


def upright_grid(y: Axis, x: Axis, ticks: list[float] | None = None) -> list[Markup]:
    """Return a line across at each round value of ``y``, with its number to the left."""
    parts = []
    for value in y.ticks() if ticks is None else ticks:
        height = y.at(value)
        parts.append(element("line", x1=x.start, x2=x.end, y1=height, y2=height, class_="grid"))
        parts.append(element("text", f"{value:g}", x=x.start - 6, y=height + 4, text_anchor="end", class_="tick"))
    return parts


def level_grid(x: Axis, y: Axis, ticks: list[float] | None = None) -> list[Markup]:
    """Return a line down at each round value of ``x``, with its number below."""
    parts = []
    for value in x.ticks() if ticks is None else ticks:
        place = x.at(value)
        parts.append(element("line", x1=place, x2=place, y1=y.start, y2=y.end, class_="grid"))
        parts.append(element("text", f"{value:g}", x=place, y=y.start + 16, text_anchor="middle", class_="tick"))
    return parts
