"""A post at the roadside with the faces it carries, and now and then something in front of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from skerry_converters.rendering import sprites
from skerry_converters.rendering.art import STYLES, Colour
from skerry_converters.rendering.conditions import Conditions
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.faces import styles_of
from skerry_converters.rendering.items import Bar, Item, Standing
from skerry_converters.rendering.plate import Plate
from skerry_converters.rendering.road import Road
from skerry_converters.rendering.wear import draw_wear

Face = tuple[str, int | None]
"""A face's name, and the class id where it is a sign."""
OVERHEAD_M = 4.4
"""Faces higher than this hang from a beam across the road."""
STEP_DOWN = 1.08
"""From one face on a post to the next below it, in widths of a face."""
_GREYS: tuple[Colour, ...] = ((140, 142, 142), (112, 114, 114), (90, 92, 92), (70, 84, 96))


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """Where a post's uppermost face has its middle, in metres, and how wide its faces are.

    ``bearable`` says how worn and turned away they may be: 1 for faces that will be seen large, less for small ones,
    of which nothing could be read otherwise.
    """

    x_m: float
    y_m: float
    z_m: float
    side_m: float
    bearable: float


def raise_post(draws: Draws, conditions: Conditions, road: Road, spot: Spot, faces: Sequence[Face]) -> Iterator[Item]:
    """Yield a post that carries ``faces``, the first uppermost."""
    yield from _holder(draws, road, spot)
    yaw, style = _yaw(draws, spot.bearable), draws.below(len(STYLES))
    for number, (name, label) in enumerate(faces):
        yield Plate(
            name=name,
            label=label,
            style=style % styles_of(name),
            x_m=spot.x_m,
            y_m=spot.y_m - number * STEP_DOWN * spot.side_m,
            z_m=spot.z_m,
            side_m=spot.side_m * (draws.between(0.96, 1.0) if number else 1.0),
            yaw=yaw,
            lean=draws.near(0.0, 0.035) if draws.chance(0.93) else draws.near(0.0, 0.15),
            tip=draws.near(0.0, 0.05),
            wear=draw_wear(draws, conditions, spot.bearable),
        )
    yield from _in_front(draws, spot)


def _yaw(draws: Draws, bearable: float) -> float:
    """Return how far a face is turned away: most look at us, some along a side road."""
    if draws.chance(0.88):
        return draws.near(0.0, 0.22)
    return draws.one_of((-1, 1)) * draws.between(0.3, 0.3 + 0.65 * bearable)


def _holder(draws: Draws, road: Road, spot: Spot) -> Iterator[Item]:
    """Yield what carries the faces: a post from the ground, or a beam across the road."""
    behind, colour, x, y = spot.z_m + 0.06, draws.one_of(_GREYS), spot.x_m, spot.y_m
    if y > OVERHEAD_M:
        far = road.right_m + 1.0 if draws.chance(0.7) else road.left_m - 1.0
        yield Bar(start=(far, 0.0, behind), end=(far, y + 0.1, behind), radius_m=0.12, colour=colour)
        yield Bar(start=(far, y, behind), end=(x, y, behind), radius_m=0.09, colour=colour)
    elif draws.chance(0.88):
        top = y + spot.side_m * draws.between(0.1, 0.5)
        yield Bar(start=(x, 0.0, behind), end=(x, top, behind), radius_m=draws.between(0.025, 0.05), colour=colour)


def _in_front(draws: Draws, spot: Spot) -> Iterator[Item]:
    """Yield a twig or another post that hides a part of the uppermost face, now and then."""
    near_m = spot.z_m - 0.12
    if draws.chance(0.08 * spot.bearable):
        side, wide = draws.one_of((-1, 1)), spot.side_m * draws.between(0.8, 1.6)
        yield Standing(
            sheets=partial(sprites.twig, draws.below(sprites.TWIGS)),
            x_m=spot.x_m + side * spot.side_m * draws.between(0.55, 0.9),
            z_m=near_m,
            # Mirrored where it comes from the right.
            width_m=-side * wide,
            height_m=wide,
            foot_m=spot.y_m - wide * draws.between(0.3, 0.7),
        )
    elif draws.chance(0.03):
        x, top = spot.x_m + spot.side_m * draws.between(-0.4, 0.4), spot.y_m + 2
        yield Bar(start=(x, 0.0, near_m), end=(x, top, near_m), radius_m=0.04, colour=draws.one_of(_GREYS))
