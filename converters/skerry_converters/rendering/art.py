"""What a sign's face is made of, and the national styles that it varies by."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_converters.rendering.glyphs import Shape
from skerry_converters.rendering.paths import Points

Colour = tuple[int, int, int]
"""Blue, green, red, 0 to 255."""

BLACK: Colour = (24, 22, 22)


@dataclass(frozen=True, slots=True)
class Layer:
    """Shapes of one colour, painted over the layers before."""

    colour: Colour
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Art:
    """A sign's face in the square from -1 to 1: its outer edge, and what is painted within."""

    outline: Points
    layers: tuple[Layer, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """How one country, and one decade, draws the convention's signs."""

    red: Colour = (38, 26, 196)
    blue: Colour = (172, 84, 20)
    yellow: Colour = (20, 190, 246)
    white: Colour = (240, 242, 242)
    face: Colour = (240, 242, 242)
    """Of warnings and prohibitions: white, in some countries yellow."""
    rim: float = 0.2
    """Width of a prohibition's red ring, in radii."""
    border: float = 0.035
    """Width of the pale line around red and blue signs, in radii; 0 is none."""
    triangle_rim: float = 0.34
    weight: float = 0.165
    condense: float = 1.0
    digit_height: float = 1.06
    figure: float = 1.0
    """Size of pictograms and arrows."""


STYLES: tuple[Style, ...] = (
    Style(),
    Style(rim=0.24, weight=0.18, digit_height=0.98, border=0.0, red=(44, 34, 208), blue=(160, 70, 14)),
    Style(rim=0.17, weight=0.15, digit_height=1.14, condense=0.94, border=0.05, triangle_rim=0.28, figure=0.94),
    Style(rim=0.22, face=(40, 206, 250), weight=0.17, border=0.03, triangle_rim=0.38, red=(36, 30, 184)),
    Style(rim=0.19, weight=0.19, digit_height=1.1, condense=0.9, figure=1.06, blue=(190, 104, 30), red=(52, 36, 214)),
    Style(rim=0.26, weight=0.16, digit_height=0.96, condense=1.04, triangle_rim=0.4, figure=0.9, border=0.06),
)
