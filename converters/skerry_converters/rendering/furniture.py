"""The single things along a road: houses, walls, plants, lamps, people and vehicles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise

from skerry_converters.rendering import facades, sprites, traffic
from skerry_converters.rendering.art import Colour
from skerry_converters.rendering.canvas import PLAIN, Gain
from skerry_converters.rendering.conditions import Conditions
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.items import Bar, Front, Item, Lamp, Patch, Slab, Standing, Wall
from skerry_converters.rendering.raster import Sheet

Look = Callable[[], tuple[Sheet, ...]]
_LAMPLIGHT: Colour = (150, 215, 255)
_HEADLIGHT: Colour = (235, 245, 250)
_TAIL_LIGHT: Colour = (40, 40, 230)
_ROOFS: tuple[Colour, ...] = ((52, 62, 120), (60, 60, 66), (44, 52, 84), (96, 92, 88))


def town_house(
    draws: Draws, conditions: Conditions, edge: float, side: int, begin: float, end: float, high: float
) -> Iterator[Item]:
    """Yield a building that stands at the pavement: its street front, and the end that faces us."""
    lit, dim = (1.0, 0.8) if conditions.sun_left == (side > 0) else (0.82, 0.95)
    level = draws.between(0.8, 1.1)
    street = partial(facades.shop, draws.below(facades.SHOPS)) if draws.chance(0.4) else any_facade(draws)
    deep = edge + side * 12
    sides = sorted((edge, deep))
    yield Front(
        sheets=any_facade(draws), left_m=sides[0], right_m=sides[1], z_m=begin, height_m=high, gain=grey(level * dim)
    )
    yield _tall_wall(street, edge, begin, end, high, grey(level * lit))


def detached_house(draws: Draws, edge: float, side: int, begin: float, end: float, high: float) -> Iterator[Item]:
    """Yield a house with a saddle roof, its ridge along the road."""
    level, look = draws.between(0.85, 1.1), any_facade(draws)
    deep, roof, top = edge + side * 8, draws.one_of(_ROOFS), high + draws.between(2, 4)
    ridge = (edge + deep) / 2
    sides = sorted((edge, deep))
    yield Front(sheets=look, left_m=sides[0], right_m=sides[1], z_m=begin, height_m=high, gain=grey(level * 0.85))
    yield Slab(
        corners_m=((edge, high, begin), (ridge, top, begin), (deep, high, begin)),
        colour=_scaled((180, 196, 204), level),
    )
    yield _tall_wall(look, edge, begin, end, high, grey(level))
    overhang = edge - side * 0.4
    yield Slab(
        corners_m=((overhang, high - 0.2, begin), (ridge, top, begin), (ridge, top, end), (overhang, high - 0.2, end)),
        colour=_scaled(roof, draws.between(0.8, 1.2)),
    )


def _tall_wall(sheets: Look, x_m: float, begin: float, end: float, high: float, gain: Gain) -> Wall:
    """Return a house's wall: what is beside it stands between it and the road, the next house behind its end."""
    return Wall(sheets=sheets, x_m=x_m, begin_m=begin, end_m=end, z_m=end - 0.01, height_m=high, gain=gain)


def low_wall(sheets: Look, x_m: float, begin: float, end: float, high: float, gain: Gain = PLAIN) -> Wall:
    """Return a border, behind which most things stand."""
    return Wall(sheets=sheets, x_m=x_m, begin_m=begin, end_m=end, z_m=begin, height_m=high, gain=gain)


def guard_rail(x_m: float, begin: float, end: float) -> Wall:
    """Return a steel rail beside the road."""
    return replace(low_wall(facades.guard_rail, x_m, begin, end, 0.5), foot_m=0.3)


def border_wall(
    draws: Draws, conditions: Conditions, kind: str, x_m: float, begin: float, end: float, high: float
) -> Wall:
    """Return a piece of a garden's border: a hedge or a fence."""
    if kind == "hedge":
        sheets = partial(facades.hedge, draws.below(facades.HEDGES))
        return low_wall(sheets, x_m, begin, end, high, leafy(draws, conditions))
    return low_wall(partial(facades.fence, draws.below(facades.FENCES)), x_m, begin, end, high)


def plant(draws: Draws, conditions: Conditions, x_m: float, z_m: float) -> Standing:
    """Return a bush or a tree."""
    if draws.chance(0.35):
        size = draws.between(0.8, 2.4)
        sheets = partial(sprites.bush, draws.below(sprites.BUSHES))
        return Standing(
            sheets=sheets, x_m=x_m, z_m=z_m, width_m=size * 1.3, height_m=size, gain=leafy(draws, conditions)
        )
    return tree(draws, conditions, x_m, z_m, draws.between(4, 13))


def tree(draws: Draws, conditions: Conditions, x_m: float, z_m: float, high: float) -> Standing:
    """Return a tree, bare in winter."""
    if conditions.snow > 0 or draws.chance(0.12):
        sheets = partial(sprites.bare_tree, draws.below(sprites.BARE_TREES))
        return Standing(
            sheets=sheets, x_m=x_m, z_m=z_m, width_m=high * 0.9, height_m=high, gain=grey(draws.between(0.7, 1.2))
        )
    kind, count = draws.weighted((((sprites.tree, sprites.TREES), 0.7), ((sprites.conifer, sprites.CONIFERS), 0.3)))
    return Standing(
        sheets=partial(kind, draws.below(count)),
        x_m=x_m,
        z_m=z_m,
        width_m=high * draws.between(0.75, 1.0),
        height_m=high,
        gain=leafy(draws, conditions),
    )


def street_lamp(conditions: Conditions, x_m: float, z_m: float, side: int, high: float) -> Iterator[Item]:
    """Yield a lamp post with its arm, which is lit when it is dark."""
    grey: Colour = (96, 98, 98)
    yield Bar(start=(x_m, 0, z_m), end=(x_m, high, z_m), radius_m=0.07, colour=grey)
    yield Bar(start=(x_m, high, z_m), end=(x_m - side * 1.6, high + 0.25, z_m), radius_m=0.05, colour=grey)
    if conditions.dark:
        yield Lamp(x_m=x_m - side * 1.6, y_m=high + 0.2, z_m=z_m, radius_m=0.16, colour=_LAMPLIGHT)


def power_line(draws: Draws, x_m: float, first_m: float, last_m: float) -> Iterator[Item]:
    """Yield wooden posts with a cable from each to the next."""
    high = draws.between(7, 10)
    stations = [first_m + 30 * number for number in range(int((last_m - first_m) / 30) + 1)]
    for z in stations:
        yield Bar(start=(x_m, 0, z), end=(x_m, high, z), radius_m=0.13, colour=(60, 74, 86))
    for z, after in pairwise(stations):
        yield Bar(start=(x_m, high, z), end=(x_m, high, after), radius_m=0.015, colour=(40, 40, 40))


def walker(draws: Draws, x_m: float, z_m: float) -> Standing:
    """Return somebody who walks."""
    high = draws.between(1.5, 1.9)
    sheets = partial(traffic.person, draws.below(traffic.PEOPLE))
    return Standing(sheets=sheets, x_m=x_m, z_m=z_m, width_m=high, height_m=high)


def vehicle(draws: Draws, conditions: Conditions, x_m: float, z_m: float, lane: int) -> Iterator[Item]:
    """Yield a vehicle with its shadow, and its lamps when it is dark.

    It shows its back where it goes our way, on the right, and its front elsewhere.
    """
    is_van = lane > 0 and draws.chance(0.25)
    wide = draws.between(2.0, 2.5) if is_van else draws.between(1.65, 1.9)
    high = wide * (draws.between(1.0, 1.4) if is_van else draws.between(0.8, 0.95))
    number = draws.below(traffic.CARS // 2) * 2 + (0 if lane > 0 else 1)
    sheets = partial(traffic.van, draws.below(traffic.VANS)) if is_van else partial(traffic.car, number)
    shade = partial(sprites.shadow, 70 if conditions.shadows else 45)
    yield Patch(sheets=shade, left_m=x_m - wide * 0.62, right_m=x_m + wide * 0.62, near_m=z_m - 0.6, z_m=z_m + 0.7)
    yield Standing(sheets=sheets, x_m=x_m, z_m=z_m, width_m=wide, height_m=high)
    if conditions.dark:
        colour, radius_m = (_TAIL_LIGHT, 0.08) if lane > 0 else (_HEADLIGHT, 0.13)
        for side in (-1, 1):
            yield Lamp(x_m=x_m + side * wide * 0.36, y_m=0.68, z_m=z_m, radius_m=radius_m, colour=colour)


def any_facade(draws: Draws) -> partial[tuple[Sheet, ...]]:
    """Return one of the house fronts."""
    return partial(facades.facade, draws.below(facades.FACADES))


def leafy(draws: Draws, conditions: Conditions) -> Gain:
    """Return what the season and chance make of the green of leaves."""
    level = draws.between(0.65, 1.15)
    blue, green, red = (
        level * draws.between(0.92, 1.08) * tone / nominal
        for tone, nominal in zip(conditions.greenness, sprites.NOMINAL_GREEN, strict=True)
    )
    return blue, green, red


def grey(level: float) -> Gain:
    """Return a gain that changes no hue."""
    return level, level, level


def _scaled(colour: Colour, level: float) -> Colour:
    blue, green, red = (min(int(channel * level), 255) for channel in colour)
    return blue, green, red
