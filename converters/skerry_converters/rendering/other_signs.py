"""The faces of traffic signs that are none of the 20."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from skerry_converters.rendering.art import BLACK, Art, Colour, Layer, Style
from skerry_converters.rendering.glyphs import write_text
from skerry_converters.rendering.outlines import band, diamond, disc, moved, rectangle
from skerry_converters.rendering.pictograms import mirrored, pictogram, placed
from skerry_converters.rendering.signs import (
    NORTH_WEST_TO_SOUTH_EAST,
    SOUTH_WEST_TO_NORTH_EAST,
    danger,
    order,
    prohibition,
    speed_limit,
    whole,
)

_GREEN: Colour = (70, 130, 30)
_BROWN: Colour = (40, 66, 110)
_OTHER_LIMITS = ("5", "10", "20", "40", "60", "70", "90", "110", "130")


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


def _right_bend(style: Style) -> Art:
    return danger(style, placed(mirrored(pictogram("bend")), scale=0.42 * style.figure, at=(0.0, 0.2)))


def _signals_ahead(style: Style) -> Art:
    art = danger(style, ())
    lamps = tuple(
        whole(disc(0.14, (0.0, 0.2 + offset)), colour)
        for offset, colour in ((-0.32, style.red), (0.0, style.yellow), (0.32, _GREEN))
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


def _american_warning(style: Style) -> Art:
    mark = placed(pictogram("bend"), scale=0.5)
    return Art(diamond(), (whole(diamond(), BLACK), whole(diamond(0.95), style.yellow), Layer(BLACK, mark)))


def _chevrons(style: Style) -> Art:
    arrow = np.array([[-0.3, -0.5], [0.0, -0.5], [0.4, 0.0], [0.0, 0.5], [-0.3, 0.5], [0.1, 0.0]])
    edge = (
        whole(rectangle(1.0, 0.6), style.red),
        Layer(style.white, ((moved(arrow, -0.45, 0),), (moved(arrow, 0.45, 0),))),
    )
    return Art(rectangle(1.0, 0.6), edge)


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


OTHER_SIGNS: dict[str, Callable[[Style], Art]] = {
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
    "warning-right-bend": _right_bend,
    "warning-signals": _signals_ahead,
    "warning-empty": _empty_warning,
    "car-park": _car_park,
    "hospital": _hospital,
    "one-way": _one_way,
    "square-walker": _square_walker,
    "dead-end": _dead_end,
    "plain-square": _plain_square,
    "american-warning": _american_warning,
    "chevrons": _chevrons,
    "town": _town,
    "direction-blue": partial(_direction, (160, 80, 20)),
    "direction-green": partial(_direction, _GREEN),
    "direction-brown": partial(_direction, _BROWN),
    "supplement": _supplement,
}
