"""What stands along a road in a town, a suburb, the country or beside a motorway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Literal

from skerry_converters.rendering import facades, sprites, traffic
from skerry_converters.rendering.art import Colour
from skerry_converters.rendering.canvas import PLAIN, Gain
from skerry_converters.rendering.conditions import Conditions
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.items import Bar, Front, Item, Lamp, Patch, Slab, Standing, Wall
from skerry_converters.rendering.raster import Sheet
from skerry_converters.rendering.road import Road

Place = Literal["town", "suburb", "country", "motorway", "yard"]
Look = Callable[[], tuple[Sheet, ...]]
_LAMPLIGHT: Colour = (150, 215, 255)
_HEADLIGHT: Colour = (235, 245, 250)
_TAIL_LIGHT: Colour = (40, 40, 230)
_ROOFS: tuple[Colour, ...] = ((52, 62, 120), (60, 60, 66), (44, 52, 84), (96, 92, 88))


def furnish(
    draws: Draws, conditions: Conditions, road: Road, place: Place, *, first_m: float, last_m: float
) -> list[Item]:
    """Return what stands on both sides of the road between two stations."""
    sides = (_SIDES[place](draws, conditions, road, side, first_m, last_m) for side in (-1, 1))
    return [item for side in sides for item in side]


def fill_lane(
    draws: Draws, conditions: Conditions, road: Road, lane: int, *, first_m: float, last_m: float
) -> list[Item]:
    """Return the vehicles between two stations in the right lane (1), which goes our way, or the left (-1)."""
    x_m = (road.left_m + road.right_m) / 2 + lane * (road.right_m - road.left_m) / 4
    stations = _stations(draws, first_m, last_m, (28, 140))
    return [item for z in stations for item in _vehicle(draws, conditions, x_m, z, lane)]


def _town_side(
    draws: Draws, conditions: Conditions, road: Road, side: int, first_m: float, last_m: float
) -> Iterator[Item]:
    edge = _edge(road, side) + side * road.walk_m
    high = draws.between(7, 16)
    for begin, end in _lots(draws, first_m, last_m, (9, 22), gap=0.12):
        yield from _block(draws, conditions, edge, side, begin, end, high * draws.between(0.75, 1.3))
    kerb = _edge(road, side) + side * 0.5
    for z in _stations(draws, first_m, last_m, (18, 34)):
        if draws.chance(0.5):
            yield from _street_lamp(conditions, kerb, z, side, draws.between(5, 9))
        elif draws.chance(0.5):
            yield _tree(draws, conditions, kerb + side * 0.8, z, draws.between(4, 8))
    for z in _stations(draws, first_m, last_m, (8, 30)):
        if draws.chance(0.5):
            yield _walker(draws, kerb + side * draws.between(0.2, max(road.walk_m - 0.6, 0.4)), z)
        elif draws.chance(0.6):
            yield from _vehicle(draws, conditions, _edge(road, side) + side * 0.3, z, side)


def _suburb_side(
    draws: Draws, conditions: Conditions, road: Road, side: int, first_m: float, last_m: float
) -> Iterator[Item]:
    edge = _edge(road, side) + side * (road.walk_m + draws.between(3, 8))
    for begin, end in _lots(draws, first_m, last_m, (9, 14), gap=0.5):
        yield from _house(draws, edge, side, begin, end, draws.between(3.2, 6.5))
    border = _edge(road, side) + side * (road.walk_m + 1.3)
    kind = draws.weighted((("hedge", 0.45), ("fence", 0.35), ("none", 0.2)))
    if kind != "none":
        high = draws.between(0.7, 2.0)
        for begin, end in _lots(draws, first_m, last_m, (5, 9), gap=0.2):
            yield _border(draws, conditions, kind, border, begin, end, high)
    for z in _stations(draws, first_m, last_m, (7, 26)):
        yield _plant(draws, conditions, border + side * draws.between(0.5, 5), z)
    for z in _stations(draws, first_m, last_m, (25, 40)):
        yield from _street_lamp(conditions, _edge(road, side) + side * 0.5, z, side, draws.between(4, 7))


def _country_side(
    draws: Draws, conditions: Conditions, road: Road, side: int, first_m: float, last_m: float
) -> Iterator[Item]:
    edge = _edge(road, side)
    wooded = draws.chance(0.4)
    for z in _stations(draws, first_m, last_m, (4, 9) if wooded else (10, 45)):
        yield _plant(draws, conditions, edge + side * draws.between(2.5, 7 if wooded else 25), z)
    if draws.chance(0.3):
        for begin, end in _lots(draws, first_m, last_m, (8, 8), gap=0.0):
            yield _guard_rail(edge + side * 0.9, begin, end)
    if draws.chance(0.3):
        yield from _power_line(draws, edge + side * draws.between(6, 14), first_m, last_m)


def _motorway_side(
    draws: Draws, conditions: Conditions, road: Road, side: int, first_m: float, last_m: float
) -> Iterator[Item]:
    edge = _edge(road, side)
    for begin, end in _lots(draws, first_m, last_m, (8, 8), gap=0.0):
        yield _guard_rail(edge + side * 0.8, begin, end)
    if draws.chance(0.4):
        high, number = draws.between(2.5, 4.5), draws.below(facades.FENCES)
        for begin, end in _lots(draws, first_m, last_m, (10, 10), gap=0.0):
            sheets = partial(facades.fence, 3) if number == 3 else partial(facades.hedge, number)
            gain = PLAIN if number == 3 else _leafy(draws, conditions)
            yield _low_wall(sheets, edge + side * 4, begin, end, high, gain)
    else:
        for z in _stations(draws, first_m, last_m, (6, 20)):
            yield _plant(draws, conditions, edge + side * draws.between(5, 16), z)


def _yard_side(
    draws: Draws, conditions: Conditions, road: Road, side: int, first_m: float, last_m: float
) -> Iterator[Item]:
    """Yield plants, and behind those on the left what closes the view: a wall, a hedge or a row of houses."""
    if side < 0:
        yield from _far_wall(draws, conditions)
    for z in _stations(draws, first_m + 3, min(last_m, 25), (3, 14)):
        yield _plant(draws, conditions, _edge(road, side) * draws.between(0.3, 2.5), z)


def _far_wall(draws: Draws, conditions: Conditions) -> Iterator[Item]:
    z, wide, x = draws.between(7, 30), draws.between(5, 14), -40.0
    high, level = draws.between(2, 11), draws.between(0.7, 1.1)
    leafy = draws.chance(0.3)
    sheets = partial(facades.hedge, draws.below(facades.HEDGES)) if leafy else _any_facade(draws)
    gain = _leafy(draws, conditions) if leafy else _grey(level)
    while x < 40:
        yield Front(sheets=sheets, left_m=x, right_m=x + wide, z_m=z, height_m=high, gain=gain)
        x += wide


def _block(
    draws: Draws, conditions: Conditions, edge: float, side: int, begin: float, end: float, high: float
) -> Iterator[Item]:
    """Yield a building that stands at the pavement: its street front, and the end that faces us."""
    lit, dim = (1.0, 0.8) if conditions.sun_left == (side > 0) else (0.82, 0.95)
    level = draws.between(0.8, 1.1)
    street = partial(facades.shop, draws.below(facades.SHOPS)) if draws.chance(0.4) else _any_facade(draws)
    deep = edge + side * 12
    sides = sorted((edge, deep))
    yield Front(
        sheets=_any_facade(draws), left_m=sides[0], right_m=sides[1], z_m=begin, height_m=high, gain=_grey(level * dim)
    )
    yield _tall_wall(street, edge, begin, end, high, _grey(level * lit))


def _house(draws: Draws, edge: float, side: int, begin: float, end: float, high: float) -> Iterator[Item]:
    """Yield a house with a saddle roof, its ridge along the road."""
    level, look = draws.between(0.85, 1.1), _any_facade(draws)
    deep, roof, top = edge + side * 8, draws.one_of(_ROOFS), high + draws.between(2, 4)
    ridge = (edge + deep) / 2
    sides = sorted((edge, deep))
    yield Front(sheets=look, left_m=sides[0], right_m=sides[1], z_m=begin, height_m=high, gain=_grey(level * 0.85))
    yield Slab(
        corners_m=((edge, high, begin), (ridge, top, begin), (deep, high, begin)),
        colour=_scaled((180, 196, 204), level),
    )
    yield _tall_wall(look, edge, begin, end, high, _grey(level))
    overhang = edge - side * 0.4
    yield Slab(
        corners_m=((overhang, high - 0.2, begin), (ridge, top, begin), (ridge, top, end), (overhang, high - 0.2, end)),
        colour=_scaled(roof, draws.between(0.8, 1.2)),
    )


def _tall_wall(sheets: Look, x_m: float, begin: float, end: float, high: float, gain: Gain) -> Wall:
    """Return a house's wall: what is beside it stands between it and the road, the next house behind its end."""
    return Wall(sheets=sheets, x_m=x_m, begin_m=begin, end_m=end, z_m=end - 0.01, height_m=high, gain=gain)


def _low_wall(sheets: Look, x_m: float, begin: float, end: float, high: float, gain: Gain = PLAIN) -> Wall:
    """Return a border, behind which most things stand."""
    return Wall(sheets=sheets, x_m=x_m, begin_m=begin, end_m=end, z_m=begin, height_m=high, gain=gain)


def _guard_rail(x_m: float, begin: float, end: float) -> Wall:
    return replace(_low_wall(facades.guard_rail, x_m, begin, end, 0.5), foot_m=0.3)


def _border(draws: Draws, conditions: Conditions, kind: str, x_m: float, begin: float, end: float, high: float) -> Wall:
    if kind == "hedge":
        sheets = partial(facades.hedge, draws.below(facades.HEDGES))
        return _low_wall(sheets, x_m, begin, end, high, _leafy(draws, conditions))
    return _low_wall(partial(facades.fence, draws.below(facades.FENCES)), x_m, begin, end, high)


def _plant(draws: Draws, conditions: Conditions, x_m: float, z_m: float) -> Standing:
    if draws.chance(0.35):
        size = draws.between(0.8, 2.4)
        sheets = partial(sprites.bush, draws.below(sprites.BUSHES))
        return Standing(
            sheets=sheets, x_m=x_m, z_m=z_m, width_m=size * 1.3, height_m=size, gain=_leafy(draws, conditions)
        )
    return _tree(draws, conditions, x_m, z_m, draws.between(4, 13))


def _tree(draws: Draws, conditions: Conditions, x_m: float, z_m: float, high: float) -> Standing:
    if conditions.snow > 0 or draws.chance(0.12):
        sheets = partial(sprites.bare_tree, draws.below(sprites.BARE_TREES))
        return Standing(
            sheets=sheets, x_m=x_m, z_m=z_m, width_m=high * 0.9, height_m=high, gain=_grey(draws.between(0.7, 1.2))
        )
    kind, count = draws.weighted((((sprites.tree, sprites.TREES), 0.7), ((sprites.conifer, sprites.CONIFERS), 0.3)))
    return Standing(
        sheets=partial(kind, draws.below(count)),
        x_m=x_m,
        z_m=z_m,
        width_m=high * draws.between(0.75, 1.0),
        height_m=high,
        gain=_leafy(draws, conditions),
    )


def _street_lamp(conditions: Conditions, x_m: float, z_m: float, side: int, high: float) -> Iterator[Item]:
    grey: Colour = (96, 98, 98)
    yield Bar(start=(x_m, 0, z_m), end=(x_m, high, z_m), radius_m=0.07, colour=grey)
    yield Bar(start=(x_m, high, z_m), end=(x_m - side * 1.6, high + 0.25, z_m), radius_m=0.05, colour=grey)
    if conditions.dark:
        yield Lamp(x_m=x_m - side * 1.6, y_m=high + 0.2, z_m=z_m, radius_m=0.16, colour=_LAMPLIGHT)


def _power_line(draws: Draws, x_m: float, first_m: float, last_m: float) -> Iterator[Item]:
    high = draws.between(7, 10)
    stations = [first_m + 30 * number for number in range(int((last_m - first_m) / 30) + 1)]
    for z in stations:
        yield Bar(start=(x_m, 0, z), end=(x_m, high, z), radius_m=0.13, colour=(60, 74, 86))
    for z, after in pairwise(stations):
        yield Bar(start=(x_m, high, z), end=(x_m, high, after), radius_m=0.015, colour=(40, 40, 40))


def _walker(draws: Draws, x_m: float, z_m: float) -> Standing:
    high = draws.between(1.5, 1.9)
    sheets = partial(traffic.person, draws.below(traffic.PEOPLE))
    return Standing(sheets=sheets, x_m=x_m, z_m=z_m, width_m=high, height_m=high)


def _vehicle(draws: Draws, conditions: Conditions, x_m: float, z_m: float, lane: int) -> Iterator[Item]:
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


def _any_facade(draws: Draws) -> partial[tuple[Sheet, ...]]:
    return partial(facades.facade, draws.below(facades.FACADES))


def _leafy(draws: Draws, conditions: Conditions) -> Gain:
    level = draws.between(0.65, 1.15)
    blue, green, red = (
        level * draws.between(0.92, 1.08) * tone / nominal
        for tone, nominal in zip(conditions.greenness, sprites.NOMINAL_GREEN, strict=True)
    )
    return blue, green, red


def _edge(road: Road, side: int) -> float:
    return road.right_m if side > 0 else road.left_m


def _stations(draws: Draws, first_m: float, last_m: float, step_m: tuple[float, float]) -> Iterator[float]:
    z = first_m + draws.share() * step_m[1]
    while z < last_m:
        yield z
        z += draws.between(*step_m)


def _lots(
    draws: Draws, first_m: float, last_m: float, long_m: tuple[float, float], *, gap: float
) -> Iterator[tuple[float, float]]:
    """Yield stretches of these lengths one after the other; ``gap`` is how likely one is left empty."""
    z = first_m
    while z < last_m:
        end = z + draws.between(*long_m)
        if not draws.chance(gap):
            yield z, end
        z = end


def _grey(level: float) -> Gain:
    return level, level, level


def _scaled(colour: Colour, level: float) -> Colour:
    blue, green, red = (min(int(channel * level), 255) for channel in colour)
    return blue, green, red


_SIDES = {
    "town": _town_side,
    "suburb": _suburb_side,
    "country": _country_side,
    "motorway": _motorway_side,
    "yard": _yard_side,
}
