"""Names beside points of a picture, moved until none covers another name or point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

_GLYPH, _LINE = 6.8, 14.0
"""About the width of a letter and the height of a line at 12 units, generously."""
_GAP = 15.0
_MOST_LINES = 6

Spot = tuple[str, float, float]
"""A name, and the place of its point."""
Area = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """Where a name begins or ends, and on which height its line stands."""

    x: float
    y: float
    anchor: Literal["start", "end"]


def place_labels(spots: Sequence[Spot], *, right: float, top: float, bottom: float) -> list[Label]:
    """Return a label for each spot, in their order: beside its point, on the first line where it covers nothing.

    Where every line is taken, it stands right beside its point.
    """
    taken = [(x - 6, y - 6, x + 6, y + 6) for _, x, y in spots]
    placed = []
    for spot in spots:
        tries = [label for label in _tries(spot, right) if top <= label.y <= bottom]
        free = (label for label in tries if not any(_overlap(_area(spot[0], label), other) for other in taken))
        label = next(free, next(_tries(spot, right)))
        taken.append(_area(spot[0], label))
        placed.append(label)
    return placed


def _tries(spot: Spot, right: float) -> Iterator[Label]:
    name, x, y = spot
    fits = x + _GAP + _GLYPH * len(name) <= right
    for lines in range(_MOST_LINES):
        for offset in sorted({-lines * _LINE, lines * _LINE}):
            if fits:
                yield Label(x=x + _GAP, y=y + 4 + offset, anchor="start")
            yield Label(x=x - _GAP, y=y + 4 + offset, anchor="end")


def _area(name: str, label: Label) -> Area:
    width = _GLYPH * len(name)
    left = label.x if label.anchor == "start" else label.x - width
    return left, label.y - _LINE + 3, left + width, label.y + 3


def _overlap(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
