"""The faces of the 20 signs."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from skerry_converters.rendering.art import BLACK, Art, Colour, Layer, Style
from skerry_converters.rendering.glyphs import Shape, write_text
from skerry_converters.rendering.outlines import band, diamond, disc, octagon, rectangle, rounded, triangle
from skerry_converters.rendering.paths import Points
from skerry_converters.rendering.pictograms import Shapes, mirrored, pictogram, placed

SOUTH_WEST_TO_NORTH_EAST = -math.pi / 4
NORTH_WEST_TO_SOUTH_EAST = math.pi / 4
_WIDEST_NUMBER = 1.56
"""How wide a speed limit's figures may be, in radii of the sign's white face."""


def sign_art(name: str, style: Style) -> Art:
    """Return the face of the sign with this label in a style."""
    return _FACES[name](style)


def speed_limit(number: str, style: Style) -> Art:
    """Return a speed limit: black figures in a red ring."""
    face = 1 - style.rim
    digits = write_text(number, height=style.digit_height * face, weight=style.weight, condense=style.condense)
    wide = max(float(line[:, 0].max()) for shape in digits for line in shape) * 2
    if wide > _WIDEST_NUMBER * face:
        # Three figures are narrowed rather than shrunk, as on the road.
        narrow = style.condense * _WIDEST_NUMBER * face / wide
        digits = write_text(
            number, height=style.digit_height * face * 0.94, weight=style.weight * 0.92, condense=narrow
        )
    return prohibition(style, Layer(BLACK, digits))


def prohibition(style: Style, *layers: Layer) -> Art:
    """Return a disc with a red ring around ``layers``."""
    ring = (whole(disc(1 - style.border), style.red), whole(disc(1 - style.rim), style.face))
    return Art(disc(), (whole(disc(), style.white), *ring, *layers))


def danger(style: Style, shapes: Shapes) -> Art:
    """Return a warning triangle with a pictogram."""
    inner = triangle(2 - style.triangle_rim * math.sqrt(3), 0.07)
    edge = triangle(2 - style.border * math.sqrt(3) * 0.8, 0.12)
    rim = (whole(triangle(rounding=0.13), style.white), whole(edge, style.red), whole(inner, style.face))
    return Art(triangle(rounding=0.13), (*rim, Layer(BLACK, shapes)))


def order(style: Style, shapes: Shapes) -> Art:
    """Return a blue disc with white arrows."""
    edge = (whole(disc(), style.white), whole(disc(1 - max(style.border, 0.02)), style.blue))
    return Art(disc(), (*edge, Layer(style.white, shapes)))


def _stop(style: Style) -> Art:
    text = write_text("STOP", height=0.66 * style.figure, weight=0.17, condense=0.86)
    return Art(
        octagon(),
        (
            whole(octagon(), style.white),
            whole(octagon(1 - max(style.border, 0.03)), style.red),
            Layer(style.white, text),
        ),
    )


def _give_way(style: Style) -> Art:
    outer = triangle(points_up=False, rounding=0.13)
    edge = triangle(2 - style.border * math.sqrt(3) * 0.8, 0.12, points_up=False)
    inner = triangle(2 - (style.triangle_rim + 0.06) * math.sqrt(3), 0.06, points_up=False)
    return Art(outer, (whole(outer, style.white), whole(edge, style.red), whole(inner, style.face)))


def _priority_road(style: Style) -> Art:
    line = whole(diamond(0.955, 0.07), BLACK)
    inside = whole(diamond(0.93, 0.07), style.white)
    return Art(diamond(), (whole(diamond(), style.white), line, inside, whole(diamond(0.64, 0.05), style.yellow)))


def _no_entry(style: Style) -> Art:
    bar = rectangle(0.76 * style.figure, 0.17, 0.02)
    edge = (whole(disc(), style.white), whole(disc(1 - max(style.border, 0.02)), style.red))
    return Art(disc(), (*edge, whole(bar, style.white)))


def _no_parking(style: Style) -> Art:
    slash = band(NORTH_WEST_TO_SOUTH_EAST, 0.09, 1 - style.rim * 0.6)
    faces = (whole(disc(1 - style.border), style.red), whole(disc(1 - style.rim), style.blue))
    return Art(disc(), (whole(disc(), style.white), *faces, whole(slash, style.red)))


def _no_overtaking(style: Style) -> Art:
    car = placed(pictogram("car"), scale=0.34 * style.figure)
    left, right = (placed(car, at=(x, 0.02)) for x in (-0.36, 0.36))
    return prohibition(style, Layer(style.red, left), Layer(BLACK, right))


def _end_of_limits(style: Style) -> Art:
    pale = whole(disc(0.9), style.white)
    if style.weight > 0.165:
        slash: tuple[Shape, ...] = ((band(SOUTH_WEST_TO_NORTH_EAST, 0.11, 0.92),),)
    else:
        slash = tuple((band(SOUTH_WEST_TO_NORTH_EAST, 0.036, 0.92, offset),) for offset in np.linspace(-0.26, 0.26, 5))
    return Art(disc(), (whole(disc(), style.white), whole(disc(0.955), BLACK), pale, Layer(BLACK, slash)))


def _roundabout(style: Style) -> Art:
    arrow = placed(pictogram("roundabout-arrow"), scale=0.7 * style.figure)
    return order(style, tuple(shape for third in range(3) for shape in placed(arrow, turn=third * math.tau / 3)))


def _ahead_only(style: Style) -> Art:
    name = "arrow-up-heavy" if style.weight > 0.165 else "arrow-up"
    return order(style, placed(pictogram(name), scale=0.72 * style.figure))


def _turn_right(style: Style) -> Art:
    return order(style, _right(style))


def _turn_left(style: Style) -> Art:
    return order(style, mirrored(_right(style)))


def _right(style: Style) -> Shapes:
    """Return D,1a's arrow: some countries point across the sign, some bend it where the turn lies ahead."""
    if style.condense < 1:
        return placed(pictogram("arrow-bent-right"), scale=0.66 * style.figure, at=(-0.04, -0.04))
    name = "arrow-up-heavy" if style.weight > 0.165 else "arrow-up"
    return placed(pictogram(name), scale=0.72 * style.figure, turn=math.pi / 2)


def _pedestrian_crossing(style: Style) -> Art:
    inside = triangle(1.62, 0.02)
    stripes = tuple((rounded(np.array(corners, np.float64), 0.0),) for corners in _zebra())
    walker = placed(pictogram("pedestrian"), scale=0.44, at=(0.02, 0.1))
    edge = (whole(rectangle(), style.white), whole(rectangle(0.96, 0.96, 0.07), style.blue))
    return Art(rectangle(), (*edge, whole(inside, style.white), Layer(BLACK, stripes), Layer(BLACK, walker)))


def _zebra() -> list[list[tuple[float, float]]]:
    starts = (-0.52, -0.28, -0.04, 0.2, 0.44)
    return [[(x, 0.5), (x + 0.13, 0.5), (x + 0.13 + x * 0.14, 0.6), (x + x * 0.14, 0.6)] for x in starts]


def _children(style: Style) -> Art:
    return danger(style, placed(pictogram("children"), scale=0.44 * style.figure, at=(0.0, 0.22)))


def _road_works(style: Style) -> Art:
    return danger(style, placed(pictogram("road-works"), scale=0.46 * style.figure, at=(0.04, 0.2)))


def _general_danger(style: Style) -> Art:
    return danger(style, placed(pictogram("exclamation"), scale=0.44 * style.figure, at=(0.0, 0.16)))


def whole(outline: Points, colour: Colour) -> Layer:
    """Return a layer of one shape."""
    return Layer(colour, ((outline,),))


_FACES: dict[str, Callable[[Style], Art]] = {
    "stop": _stop,
    "give-way": _give_way,
    "priority-road": _priority_road,
    "no-entry": _no_entry,
    "no-parking": _no_parking,
    "no-overtaking": _no_overtaking,
    **{f"speed-limit-{number}": partial(speed_limit, number) for number in ("30", "50", "80", "100", "120")},
    "end-of-limits": _end_of_limits,
    "roundabout": _roundabout,
    "ahead-only": _ahead_only,
    "turn-right": _turn_right,
    "turn-left": _turn_left,
    "pedestrian-crossing": _pedestrian_crossing,
    "children": _children,
    "road-works": _road_works,
    "general-danger": _general_danger,
}
