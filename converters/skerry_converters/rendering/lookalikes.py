"""Faces that a detector must not take for one of the 20 signs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from skerry_converters.rendering.art import BLACK, Art, Colour, Layer, Style
from skerry_converters.rendering.glyphs import write_text
from skerry_converters.rendering.outlines import band, diamond, disc, moved, octagon, rectangle, triangle
from skerry_converters.rendering.paths import Points
from skerry_converters.rendering.pictograms import mirrored, pictogram, placed
from skerry_converters.rendering.signs import (
    NORTH_WEST_TO_SOUTH_EAST,
    SOUTH_WEST_TO_NORTH_EAST,
    danger,
    order,
    prohibition,
    sign_art,
    speed_limit,
    whole,
)

GREEN: Colour = (70, 130, 30)
ORANGE: Colour = (30, 120, 235)
BROWN: Colour = (40, 66, 110)
PALE: Colour = (214, 216, 214)
_OTHER_LIMITS = ("5", "10", "20", "40", "60", "70", "90", "110", "130")
_ODD_STYLES: tuple[Style, ...] = (
    Style(red=GREEN, blue=ORANGE, yellow=(170, 90, 40)),
    Style(red=(160, 80, 20), blue=GREEN, yellow=GREEN),
    Style(red=(130, 40, 110), blue=(50, 60, 180), yellow=(60, 50, 190), face=(90, 220, 240)),
)
"""Colours that no country gives its signs."""


def lookalike_art(name: str, style: Style) -> Art:
    """Return the face of the look-alike of this name in a style."""
    return _FACES[name](style)


def lookalike_names() -> tuple[str, ...]:
    """Return the names of all look-alikes."""
    return tuple(_FACES)


def _no_vehicles(style: Style) -> Art:
    return prohibition(style)


def _no_cycles(style: Style) -> Art:
    return prohibition(style, Layer(BLACK, placed(pictogram("bicycle"), scale=0.58)))


def _weight_limit(style: Style) -> Art:
    return prohibition(style, Layer(BLACK, write_text("5 T", height=0.5, weight=0.18)))


def _no_turn(style: Style) -> Art:
    arrow = placed(pictogram("arrow-bent-right"), scale=0.55 * style.figure)
    slash = band(NORTH_WEST_TO_SOUTH_EAST, 0.07, 1 - style.rim * 0.6)
    return prohibition(style, Layer(BLACK, arrow), whole(slash, style.red))


def _no_stopping(style: Style) -> Art:
    slashes = ((band(NORTH_WEST_TO_SOUTH_EAST, 0.09, 0.9),), (band(SOUTH_WEST_TO_NORTH_EAST, 0.09, 0.9),))
    faces = (whole(disc(), style.white), whole(disc(1 - style.border), style.red))
    return Art(disc(), (*faces, whole(disc(1 - style.rim), style.blue), Layer(style.red, slashes)))


def _end_of_limit(style: Style) -> Art:
    number = write_text("60", height=0.8, weight=style.weight)
    slash = band(SOUTH_WEST_TO_NORTH_EAST, 0.06, 0.92)
    grey = Layer((120, 120, 120), number)
    return Art(disc(), (whole(disc(), style.white), grey, whole(slash, BLACK)))


def _least_speed(style: Style) -> Art:
    return order(style, write_text("30", height=0.86, weight=style.weight))


def _keep_right(style: Style) -> Art:
    return order(style, placed(pictogram("arrow-up"), scale=0.72, turn=math.radians(135)))


def _keep_left(style: Style) -> Art:
    return order(style, placed(pictogram("arrow-up"), scale=0.72, turn=math.radians(-135)))


def _cycle_track(style: Style) -> Art:
    return order(style, placed(pictogram("bicycle"), scale=0.66))


def _footpath(style: Style) -> Art:
    return order(style, placed(pictogram("pedestrian"), scale=0.66))


def _warning(name: str, style: Style) -> Art:
    return danger(style, placed(pictogram(name), scale=0.42 * style.figure, at=(0.0, 0.2)))


def _left_bend(style: Style) -> Art:
    return danger(style, placed(mirrored(pictogram("bend")), scale=0.42 * style.figure, at=(0.0, 0.2)))


def _signals_ahead(style: Style) -> Art:
    art = danger(style, ())
    lamps = tuple(
        whole(disc(0.14, (0.0, 0.2 + offset)), colour)
        for offset, colour in ((-0.32, style.red), (0.0, style.yellow), (0.32, GREEN))
    )
    return Art(art.outline, (*art.layers, *lamps))


def _empty_warning(style: Style) -> Art:
    return danger(style, ())


def _car_park(style: Style) -> Art:
    return _square(style, Layer(style.white, write_text("P", height=1.3, weight=0.17)))


def _hospital(style: Style) -> Art:
    return _square(style, Layer(style.white, write_text("H", height=1.2, weight=0.18)))


def _one_way(style: Style) -> Art:
    return _square(style, Layer(style.white, placed(pictogram("arrow-up"), scale=0.8)))


def _square_walker(style: Style) -> Art:
    return _square(style, Layer(style.white, placed(pictogram("pedestrian"), scale=0.75)))


def _dead_end(style: Style) -> Art:
    stem, bar = rectangle(0.14, 0.5), rectangle(0.5, 0.16)
    return _square(style, Layer(style.white, ((moved(stem, 0, 0.3),),)), Layer(style.red, ((moved(bar, 0, -0.36),),)))


def _plain_square(style: Style) -> Art:
    return _square(style)


def _square(style: Style, *layers: Layer) -> Art:
    edge = (whole(rectangle(), style.white), whole(rectangle(0.95, 0.95, 0.07), style.blue))
    return Art(rectangle(), (*edge, *layers))


def _plain_disc(colour: Colour, style: Style) -> Art:
    return Art(disc(), (whole(disc(), style.white), whole(disc(0.94), colour)))


def _american_warning(style: Style) -> Art:
    mark = placed(pictogram("bend"), scale=0.5)
    return Art(diamond(), (whole(diamond(), BLACK), whole(diamond(0.95), style.yellow), Layer(BLACK, mark)))


def _pale_diamond(style: Style) -> Art:
    return Art(diamond(), (whole(diamond(), style.blue), whole(diamond(0.9), style.white)))


def _orange_diamond(style: Style) -> Art:
    return Art(diamond(), (whole(diamond(), style.white), whole(diamond(0.92), ORANGE)))


def _blank_octagon(style: Style) -> Art:
    return Art(octagon(), (whole(octagon(), style.white), whole(octagon(0.95), GREEN)))


def _chevrons(style: Style) -> Art:
    arrow = np.array([[-0.3, -0.5], [0.0, -0.5], [0.4, 0.0], [0.0, 0.5], [-0.3, 0.5], [0.1, 0.0]])
    edge = (
        whole(rectangle(1.0, 0.6), style.red),
        Layer(style.white, ((moved(arrow, -0.45, 0),), (moved(arrow, 0.45, 0),))),
    )
    return Art(rectangle(1.0, 0.6), edge)


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
    rim = style.red if style.weight > 0.16 else ORANGE
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
    return Art(disc(), (whole(disc(), style.red), whole(disc(0.86), BROWN), letters))


def _red_letters(style: Style) -> Art:
    letters = Layer(style.white, write_text("SALE", height=0.62, weight=0.2))
    return Art(rectangle(1.0, 0.55), (whole(rectangle(1.0, 0.55), style.red), letters))


def _house_number(style: Style) -> Art:
    number = Layer(style.white, write_text("80", height=0.9, weight=0.17))
    edge = (whole(rectangle(1.0, 0.8), style.white), whole(rectangle(0.94, 0.74), style.blue))
    return Art(rectangle(1.0, 0.8), (*edge, number))


def _town(style: Style) -> Art:
    ground = style.white if style.border > 0.04 else style.yellow
    name = Layer(BLACK, write_text("ALTENAU", height=0.36, weight=0.17))
    return Art(rectangle(1.0, 0.42), (whole(rectangle(1.0, 0.42), BLACK), whole(rectangle(0.97, 0.39), ground), name))


def _direction(ground: Colour, style: Style) -> Art:
    arrow = placed(pictogram("arrow-up"), scale=0.26, at=(-0.7, 0.0))
    lines = (*write_text("HARBOUR", height=0.2, weight=0.16), *arrow)
    shifted = placed(lines, at=(0.16, 0.0))
    edge = (whole(rectangle(1.0, 0.5), style.white), whole(rectangle(0.96, 0.46), ground))
    return Art(rectangle(1.0, 0.5), (*edge, Layer(style.white, shifted)))


def _supplement(style: Style) -> Art:
    text = Layer(
        BLACK, write_text("200 M" if style.weight > 0.16 else "8 - 18 H".replace("-", " "), height=0.34, weight=0.17)
    )
    return Art(
        rectangle(1.0, 0.36), (whole(rectangle(1.0, 0.36), BLACK), whole(rectangle(0.95, 0.31), style.white), text)
    )


def _poster(style: Style) -> Art:
    sun, hill = disc(0.36, (0.35, -0.4)), np.array([[-1, 1], [-1, 0.3], [-0.2, -0.1], [0.5, 0.4], [1, 0.1], [1, 1]])
    words = Layer(style.white, write_text("NEW", height=0.44, weight=0.2))
    ground = whole(rectangle(1.0, 1.0, 0.0), (190, 150, 90) if style.border else (120, 90, 200))
    return Art(rectangle(1.0, 1.0, 0.0), (ground, whole(sun, style.yellow), whole(hill, GREEN), words))


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
    **{f"limit-{number}": partial(speed_limit, number) for number in _OTHER_LIMITS},
    "no-vehicles": _no_vehicles,
    "no-cycles": _no_cycles,
    "weight-limit": _weight_limit,
    "no-turn": _no_turn,
    "no-stopping": _no_stopping,
    "end-of-limit": _end_of_limit,
    "least-speed": _least_speed,
    "keep-right": _keep_right,
    "keep-left": _keep_left,
    "cycle-track": _cycle_track,
    "footpath": _footpath,
    **{f"warning-{name}": partial(_warning, name) for name in ("bend", "crossroads", "bump", "narrowing", "bicycle")},
    "warning-left-bend": _left_bend,
    "warning-signals": _signals_ahead,
    "warning-empty": _empty_warning,
    "car-park": _car_park,
    "hospital": _hospital,
    "one-way": _one_way,
    "square-walker": _square_walker,
    "dead-end": _dead_end,
    "plain-square": _plain_square,
    "red-disc": partial(_plain_disc, (40, 30, 200)),
    "blue-disc": partial(_plain_disc, (170, 90, 30)),
    "green-disc": partial(_plain_disc, GREEN),
    "yellow-disc": partial(_plain_disc, (30, 190, 240)),
    "white-disc": partial(_plain_disc, PALE),
    "american-warning": _american_warning,
    "pale-diamond": _pale_diamond,
    "orange-diamond": _orange_diamond,
    "blank-octagon": _blank_octagon,
    "chevrons": _chevrons,
    "bollard-stripes": _bollard_stripes,
    "clock": _clock,
    "mirror": _mirror,
    "target": _target,
    "smiling-face": _smiling_face,
    "shop-disc": _shop_disc,
    "red-letters": _red_letters,
    "house-number": _house_number,
    "town": _town,
    "direction-blue": partial(_direction, (160, 80, 20)),
    "direction-green": partial(_direction, GREEN),
    "direction-brown": partial(_direction, BROWN),
    "supplement": _supplement,
    "poster": _poster,
    "signal": _signal,
    "back-disc": partial(_back, disc),
    "back-triangle": partial(_back, triangle),
    "back-octagon": partial(_back, octagon),
    "back-rectangle": partial(_back, rectangle),
    **{
        f"odd-{name}-{number}": partial(_odd, name, colours)
        for number, colours in enumerate(_ODD_STYLES)
        for name in ("stop", "give-way", "no-entry", "speed-limit-50", "priority-road", "turn-right", "general-danger")
    },
}
