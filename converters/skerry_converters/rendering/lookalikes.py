"""Faces that a detector must not take for one of the 20 signs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from skerry_converters.rendering.art import BLACK, Art, Colour, Layer, Style
from skerry_converters.rendering.boards import BOARDS, board_art
from skerry_converters.rendering.glyphs import write_text
from skerry_converters.rendering.other_signs import OTHER_SIGNS
from skerry_converters.rendering.outlines import diamond, disc, moved, octagon, rectangle, triangle
from skerry_converters.rendering.paths import Points
from skerry_converters.rendering.signs import (
    sign_art,
    whole,
)

_GREEN: Colour = (70, 130, 30)
_ORANGE: Colour = (30, 120, 235)
_BROWN: Colour = (40, 66, 110)
_PALE: Colour = (214, 216, 214)
_ODD_STYLES: tuple[Style, ...] = (
    Style(red=_GREEN, blue=_ORANGE, yellow=(170, 90, 40)),
    Style(red=(160, 80, 20), blue=_GREEN, yellow=_GREEN),
    Style(red=(130, 40, 110), blue=(50, 60, 180), yellow=(60, 50, 190), face=(90, 220, 240)),
)
"""Colours that no country gives its signs."""


def lookalike_art(name: str, style: Style) -> Art:
    """Return the face of the look-alike of this name in a style."""
    return _FACES[name](style)


def lookalike_names() -> tuple[str, ...]:
    """Return the names of all look-alikes."""
    return tuple(_FACES)


def _plain_disc(colour: Colour, style: Style) -> Art:
    return Art(disc(), (whole(disc(), style.white), whole(disc(0.94), colour)))


def _pale_diamond(style: Style) -> Art:
    return Art(diamond(), (whole(diamond(), style.blue), whole(diamond(0.9), style.white)))


def _orange_diamond(style: Style) -> Art:
    return Art(diamond(), (whole(diamond(), style.white), whole(diamond(0.92), _ORANGE)))


def _blank_octagon(style: Style) -> Art:
    return Art(octagon(), (whole(octagon(), style.white), whole(octagon(0.95), _GREEN)))


def _bollard_stripes(style: Style) -> Art:
    slanted = tuple(
        (np.array([[-0.4, y], [0.4, y - 0.3], [0.4, y - 0.05], [-0.4, y + 0.25]]),) for y in np.linspace(-0.9, 0.9, 5)
    )
    return Art(rectangle(0.4, 1.0, 0.0), (whole(rectangle(0.4, 1.0, 0.0), style.white), Layer(style.red, slanted)))


def _clock(style: Style) -> Art:
    ticks = tuple(
        (moved(rectangle(0.03, 0.09, 0.0), 0, -0.78) @ _turn(a),) for a in np.linspace(0, math.tau, 12, endpoint=False)
    )
    hands = tuple(
        (moved(rectangle(0.04, long / 2, 0.0), 0, -long / 2) @ _turn(a),)
        for long, a in ((0.45, style.rim * 20), (0.7, 4.4))
    )
    rim = BLACK if style.weight > 0.16 else style.red
    return Art(disc(), (whole(disc(), rim), whole(disc(0.92), style.white), Layer(BLACK, ticks), Layer(BLACK, hands)))


def _mirror(style: Style) -> Art:
    sky, ground = disc(0.84), np.clip(disc(0.84), -1, 1)
    ground = ground[ground[:, 1] > 0.05]
    rim = style.red if style.weight > 0.16 else _ORANGE
    return Art(disc(), (whole(disc(), rim), whole(sky, (214, 190, 160)), whole(ground, (96, 104, 100))))


def _target(style: Style) -> Art:
    rings = (
        whole(disc(size), style.red if number % 2 else style.white) for number, size in enumerate((1, 0.8, 0.55, 0.3))
    )
    return Art(disc(), tuple(rings))


def _smiling_face(style: Style) -> Art:
    mouth = np.stack(
        [0.5 * np.cos(np.linspace(0, math.pi, 20)), 0.1 + 0.45 * np.sin(np.linspace(0, math.pi, 20))], axis=1
    )
    eyes = ((disc(0.12, (-0.32, -0.3)),), (disc(0.12, (0.32, -0.3)),), (mouth,))
    return Art(disc(), (whole(disc(), style.yellow), Layer(BLACK, eyes)))


def _shop_disc(style: Style) -> Art:
    letters = Layer(style.white, write_text("CAFE", height=0.5, weight=0.18))
    return Art(disc(), (whole(disc(), style.red), whole(disc(0.86), _BROWN), letters))


def _red_letters(style: Style) -> Art:
    letters = Layer(style.white, write_text("SALE", height=0.62, weight=0.2))
    return Art(rectangle(1.0, 0.55), (whole(rectangle(1.0, 0.55), style.red), letters))


def _house_number(style: Style) -> Art:
    number = Layer(style.white, write_text("80", height=0.9, weight=0.17))
    edge = (whole(rectangle(1.0, 0.8), style.white), whole(rectangle(0.94, 0.74), style.blue))
    return Art(rectangle(1.0, 0.8), (*edge, number))


def _poster(style: Style) -> Art:
    sun, hill = disc(0.36, (0.35, -0.4)), np.array([[-1, 1], [-1, 0.3], [-0.2, -0.1], [0.5, 0.4], [1, 0.1], [1, 1]])
    words = Layer(style.white, write_text("NEW", height=0.44, weight=0.2))
    ground = whole(rectangle(1.0, 1.0, 0.0), (190, 150, 90) if style.border else (120, 90, 200))
    return Art(rectangle(1.0, 1.0, 0.0), (ground, whole(sun, style.yellow), whole(hill, _GREEN), words))


def _signal(style: Style) -> Art:
    box, lit = rectangle(0.36, 1.0, 0.12), int(style.digit_height * 100) % 3
    lamps: tuple[tuple[Colour, Colour], ...] = (
        ((40, 40, 225), (24, 22, 60)),
        ((20, 170, 240), (20, 50, 60)),
        ((90, 200, 60), (26, 54, 24)),
    )
    shown = (whole(disc(0.24, (0.0, 0.62 * (n - 1))), on if n == lit else off) for n, (on, off) in enumerate(lamps))
    return Art(box, (whole(box, (30, 32, 30)), *shown))


def _back(outline: Callable[[], Points], style: Style) -> Art:
    clamp = rectangle(0.8, 0.05, 0.0)
    clamps = Layer((112, 114, 112), ((moved(clamp, 0, -0.3),), (moved(clamp, 0, 0.3),)))
    grey = int(120 + 200 * style.border)
    return Art(outline(), (whole(outline(), (grey, grey, grey - 4)), clamps))


def _odd(name: str, colours: Style, style: Style) -> Art:
    return sign_art(name, replace(style, red=colours.red, blue=colours.blue, yellow=colours.yellow, face=colours.face))


def _turn(angle: float) -> Points:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, sin], [-sin, cos]])


_FACES: dict[str, Callable[[Style], Art]] = {
    **OTHER_SIGNS,
    "red-disc": partial(_plain_disc, (40, 30, 200)),
    "blue-disc": partial(_plain_disc, (170, 90, 30)),
    "green-disc": partial(_plain_disc, _GREEN),
    "yellow-disc": partial(_plain_disc, (30, 190, 240)),
    "white-disc": partial(_plain_disc, _PALE),
    "pale-diamond": _pale_diamond,
    "orange-diamond": _orange_diamond,
    "blank-octagon": _blank_octagon,
    "bollard-stripes": _bollard_stripes,
    "clock": _clock,
    "mirror": _mirror,
    "target": _target,
    "smiling-face": _smiling_face,
    "shop-disc": _shop_disc,
    "red-letters": _red_letters,
    "house-number": _house_number,
    "poster": _poster,
    "signal": _signal,
    "back-disc": partial(_back, disc),
    "back-triangle": partial(_back, triangle),
    "back-octagon": partial(_back, octagon),
    "back-rectangle": partial(_back, rectangle),
    **{f"board-{number}": partial(board_art, number) for number in range(BOARDS)},
    **{
        f"odd-{name}-{number}": partial(_odd, name, colours)
        for number, colours in enumerate(_ODD_STYLES)
        for name in ("stop", "give-way", "no-entry", "speed-limit-50", "priority-road", "turn-right", "general-danger")
    },
}
