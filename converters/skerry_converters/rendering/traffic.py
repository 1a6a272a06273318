"""Vehicles and people, as faces are drawn: from shapes in the square from -1 to 1."""

from __future__ import annotations

from functools import cache

import numpy as np

from skerry_converters.rendering.art import Art, Colour, Layer
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.glyphs import Shape, write_text
from skerry_converters.rendering.outlines import disc, moved, rectangle
from skerry_converters.rendering.pictograms import pictogram, placed
from skerry_converters.rendering.raster import Sheet, rasterize

CARS, VANS, PEOPLE = 14, 6, 8
_BODIES: tuple[Colour, ...] = (
    (230, 230, 230),
    (40, 40, 42),
    (130, 132, 134),
    (40, 34, 150),
    (140, 70, 30),
    (90, 96, 60),
    (180, 190, 196),
)
_GLASS: Colour = (66, 58, 50)
_TYRE: Colour = (26, 26, 28)
_WHOLE = rectangle(1.0, 1.0, 0.0)


@cache
def car(number: int) -> tuple[Sheet, ...]:
    """Return a car from behind (even numbers) or in front."""
    draws = Draws("car", number)
    body = _BODIES[number // 2 % len(_BODIES)]
    dark: Colour = tuple(int(channel * 0.6) for channel in body)  # type: ignore[assignment]
    lamp: Colour = (36, 30, 190) if number % 2 == 0 else (226, 232, 236)
    wide = draws.between(0.84, 0.98)
    hull = np.array(
        [
            [-0.62, -0.92],
            [0.62, -0.92],
            [0.86, -0.2],
            [wide, 0.0],
            [wide, 0.7],
            [-wide, 0.7],
            [-wide, 0.0],
            [-0.86, -0.2],
        ]
    )
    glass = np.array([[-0.54, -0.82], [0.54, -0.82], [0.72, -0.24], [-0.72, -0.24]])
    tyres = tuple((moved(rectangle(0.16, 0.2, 0.04), x, 0.8),) for x in (-0.7, 0.7))
    lamps = tuple((moved(rectangle(0.16, 0.12, 0.04), x, 0.14),) for x in (-0.7, 0.7))
    bumper = moved(rectangle(wide, 0.1, 0.04), 0, 0.6)
    plate = moved(rectangle(0.3, 0.08, 0.01), 0, 0.36)
    letters = placed(write_text("KB 4217", height=0.11, weight=0.18), at=(0.0, 0.36))
    return rasterize(
        Art(
            _WHOLE,
            (
                _one(_TYRE, *tyres),
                _one(body, (hull,)),
                _one(dark, (bumper,)),
                _one(_GLASS, (glass,)),
                _one(lamp, *lamps),
                _one((226, 230, 230), (plate,)),
                Layer((30, 28, 28), letters),
            ),
        )
    )


@cache
def van(number: int) -> tuple[Sheet, ...]:
    """Return a van or a lorry from behind."""
    draws = Draws("van", number)
    body = draws.one_of(_BODIES)
    box, door = moved(rectangle(0.94, 0.86, 0.04), 0, -0.12), moved(rectangle(0.015, 0.7, 0.0), 0, -0.1)
    tyres = tuple((moved(rectangle(0.16, 0.16, 0.04), x, 0.82),) for x in (-0.66, 0.66))
    lamps = tuple((moved(rectangle(0.07, 0.1, 0.02), x, 0.6),) for x in (-0.84, 0.84))
    layers = [_one(_TYRE, *tyres), _one(body, (box,)), _one((110, 110, 110), (door,)), _one((30, 26, 190), *lamps)]
    if number % 2:
        words = placed(write_text(draws.one_of(("FRISCH", "CARGO 24", "TRANSIT", "EXPO")), height=0.3), at=(0, -0.4))
        layers.append(Layer(draws.one_of(((40, 30, 200), (160, 80, 20), (40, 40, 40))), words))
    else:
        panes = tuple((moved(rectangle(0.34, 0.24, 0.05), x, -0.5),) for x in (-0.44, 0.44))
        layers.append(_one(_GLASS, *panes))
    return rasterize(Art(_WHOLE, tuple(layers)))


@cache
def person(number: int) -> tuple[Sheet, ...]:
    """Return somebody who walks."""
    draws = Draws("person", number)
    shapes = placed(pictogram("pedestrian"), scale=0.98)
    coat, legs = (tuple(20 + draws.below(180) for _ in range(3)) for _ in range(2))
    trunk, limbs = shapes[1], shapes[2:6]
    return rasterize(
        Art(
            _WHOLE,
            (
                Layer(legs, limbs),  # type: ignore[arg-type]
                Layer(coat, (trunk, *shapes[6:])),  # type: ignore[arg-type]
                _one((120, 150, 196), shapes[0]),
                _one((30, 40, 60), (disc(0.15, (0.1, -0.86)),)),
            ),
        )
    )


def _one(colour: Colour, *shapes: Shape) -> Layer:
    return Layer(colour, shapes)
