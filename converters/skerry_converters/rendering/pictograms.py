"""The pictograms on signs, from pictograms.toml."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files

import numpy as np
from msgspec import Struct

from skerry_converters.rendering.glyphs import Shape
from skerry_converters.rendering.outlines import disc, ring
from skerry_converters.rendering.paths import limb, parse_path
from skerry_edge.foundation.config import parse_toml

Shapes = tuple[Shape, ...]


class _Pictogram(Struct, frozen=True):
    discs: list[tuple[float, float, float]] = []
    rings: list[tuple[float, float, float, float]] = []
    limbs: list[tuple[float, float, float, float, float, float]] = []
    paths: list[str] = []


class _Pictograms(Struct, frozen=True):
    pictogram: dict[str, _Pictogram]


@cache
def pictogram(name: str) -> Shapes:
    """Return the shapes of a pictogram within the square from -1 to 1, to be drawn one after the other."""
    one = _table()[name]
    discs = [(disc(radius, (x, y)),) for x, y, radius in one.discs]
    rings = [ring(outer, inner, (x, y)) for x, y, outer, inner in one.rings]
    limbs = [(limb((a, b), (c, d), start, end),) for a, b, start, c, d, end in one.limbs]
    return (*discs, *rings, *limbs, *(parse_path(text) for text in one.paths))


def placed(shapes: Shapes, *, scale: float = 1.0, at: tuple[float, float] = (0.0, 0.0), turn: float = 0.0) -> Shapes:
    """Return ``shapes`` scaled, turned clockwise by ``turn`` radians and moved."""
    cos, sin = math.cos(turn) * scale, math.sin(turn) * scale
    matrix = np.array([[cos, sin], [-sin, cos]])
    return tuple(tuple(line @ matrix + at for line in shape) for shape in shapes)


def mirrored(shapes: Shapes) -> Shapes:
    """Return ``shapes`` with left and right exchanged."""
    return tuple(tuple(line * [-1, 1] for line in shape) for shape in shapes)


@cache
def _table() -> dict[str, _Pictogram]:
    text = files("skerry_converters.rendering").joinpath("pictograms.toml").read_text(encoding="utf-8")
    return parse_toml(text, _Pictograms, name="pictograms.toml").pictogram
