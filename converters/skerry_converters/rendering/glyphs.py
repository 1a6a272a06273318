"""Lettering of our own for signs: strokes along the skeletons in glyphs.toml."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
from msgspec import Struct

from skerry_converters.rendering.paths import Points, parse_path, stroke
from skerry_edge.foundation.config import parse_toml

Shape = tuple[Points, ...]
"""Closed lines that are filled together by the even-odd rule."""


class _Glyph(Struct, frozen=True):
    width: float
    path: str


class _Glyphs(Struct, frozen=True):
    glyph: dict[str, _Glyph]


@cache
def _skeletons() -> dict[str, tuple[float, tuple[Points, ...]]]:
    text = files("skerry_converters.rendering").joinpath("glyphs.toml").read_text(encoding="utf-8")
    table = parse_toml(text, _Glyphs, name="glyphs.toml").glyph
    return {name: (one.width, parse_path(one.path)) for name, one in table.items()}


def known_characters() -> str:
    """Return all characters that there is a glyph for."""
    return "".join(_skeletons())


def write_text(text: str, *, height: float, weight: float = 0.16, condense: float = 1.0) -> tuple[Shape, ...]:
    """Return the strokes of ``text`` in one line around the origin, to be drawn one after the other.

    ``height`` is that of a capital, ``weight`` a stroke's width as a share of it; ``condense`` below 1 narrows the
    letters and not their strokes. A blank is as wide as a digit.
    """
    thick = weight * height
    gap = height * 0.14 * condense
    pen = 0.0
    shapes: list[Shape] = []
    for character in text:
        width, lines = _skeletons()[character] if character != " " else (0.4, ())
        wide = max(width * condense * height, thick)
        for line in lines:
            placed = line * [wide - thick, height - thick] + [pen + thick / 2, (thick - height) / 2]
            shapes.append(stroke(placed, thick))
        pen += wide + gap
    middle = np.array([(pen - gap) / 2, 0.0])
    return tuple(tuple(line - middle for line in shape) for shape in shapes)
