"""What stands along a road in a town, a suburb, the country or beside a motorway."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Literal

from skerry_converters.rendering import facades
from skerry_converters.rendering.canvas import PLAIN
from skerry_converters.rendering.conditions import Conditions
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.furniture import (
    any_facade,
    border_wall,
    detached_house,
    grey,
    guard_rail,
    leafy,
    low_wall,
    plant,
    power_line,
    street_lamp,
    town_house,
    tree,
    vehicle,
    walker,
)
from skerry_converters.rendering.items import Front, Item
from skerry_converters.rendering.road import Road

Place = Literal["town", "suburb", "country", "motorway", "yard"]


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
    return [item for z in stations for item in vehicle(draws, conditions, x_m, z, lane)]


def _town_side(
    draws: Draws, conditions: Conditions, road: Road, side: int, first_m: float, last_m: float
) -> Iterator[Item]:
    edge = _edge(road, side) + side * road.walk_m
    high = draws.between(7, 16)
    for begin, end in _lots(draws, first_m, last_m, (9, 22), gap=0.12):
        yield from town_house(draws, conditions, edge, side, begin, end, high * draws.between(0.75, 1.3))
    kerb = _edge(road, side) + side * 0.5
    for z in _stations(draws, first_m, last_m, (18, 34)):
        if draws.chance(0.5):
            yield from street_lamp(conditions, kerb, z, side, draws.between(5, 9))
        elif draws.chance(0.5):
            yield tree(draws, conditions, kerb + side * 0.8, z, draws.between(4, 8))
    for z in _stations(draws, first_m, last_m, (8, 30)):
        if draws.chance(0.5):
            yield walker(draws, kerb + side * draws.between(0.2, max(road.walk_m - 0.6, 0.4)), z)
        elif draws.chance(0.6):
            yield from vehicle(draws, conditions, _edge(road, side) + side * 0.3, z, side)


def _suburb_side(
    draws: Draws, conditions: Conditions, road: Road, side: int, first_m: float, last_m: float
) -> Iterator[Item]:
    edge = _edge(road, side) + side * (road.walk_m + draws.between(3, 8))
    for begin, end in _lots(draws, first_m, last_m, (9, 14), gap=0.5):
        yield from detached_house(draws, edge, side, begin, end, draws.between(3.2, 6.5))
    border = _edge(road, side) + side * (road.walk_m + 1.3)
    kind = draws.weighted((("hedge", 0.45), ("fence", 0.35), ("none", 0.2)))
    if kind != "none":
        high = draws.between(0.7, 2.0)
        for begin, end in _lots(draws, first_m, last_m, (5, 9), gap=0.2):
            yield border_wall(draws, conditions, kind, border, begin, end, high)
    for z in _stations(draws, first_m, last_m, (7, 26)):
        yield plant(draws, conditions, border + side * draws.between(0.5, 5), z)
    for z in _stations(draws, first_m, last_m, (25, 40)):
        yield from street_lamp(conditions, _edge(road, side) + side * 0.5, z, side, draws.between(4, 7))


def _country_side(
    draws: Draws, conditions: Conditions, road: Road, side: int, first_m: float, last_m: float
) -> Iterator[Item]:
    edge = _edge(road, side)
    wooded = draws.chance(0.4)
    for z in _stations(draws, first_m, last_m, (4, 9) if wooded else (10, 45)):
        yield plant(draws, conditions, edge + side * draws.between(2.5, 7 if wooded else 25), z)
    if draws.chance(0.3):
        for begin, end in _lots(draws, first_m, last_m, (8, 8), gap=0.0):
            yield guard_rail(edge + side * 0.9, begin, end)
    if draws.chance(0.3):
        yield from power_line(draws, edge + side * draws.between(6, 14), first_m, last_m)


def _motorway_side(
    draws: Draws, conditions: Conditions, road: Road, side: int, first_m: float, last_m: float
) -> Iterator[Item]:
    edge = _edge(road, side)
    for begin, end in _lots(draws, first_m, last_m, (8, 8), gap=0.0):
        yield guard_rail(edge + side * 0.8, begin, end)
    if draws.chance(0.4):
        high, number = draws.between(2.5, 4.5), draws.below(facades.FENCES)
        for begin, end in _lots(draws, first_m, last_m, (10, 10), gap=0.0):
            sheets = partial(facades.fence, 3) if number == 3 else partial(facades.hedge, number)
            gain = PLAIN if number == 3 else leafy(draws, conditions)
            yield low_wall(sheets, edge + side * 4, begin, end, high, gain)
    else:
        for z in _stations(draws, first_m, last_m, (6, 20)):
            yield plant(draws, conditions, edge + side * draws.between(5, 16), z)


def _yard_side(
    draws: Draws, conditions: Conditions, road: Road, side: int, first_m: float, last_m: float
) -> Iterator[Item]:
    """Yield plants, and behind those on the left what closes the view: a wall, a hedge or a row of houses."""
    if side < 0:
        yield from _far_wall(draws, conditions)
    for z in _stations(draws, first_m + 3, min(last_m, 25), (3, 14)):
        yield plant(draws, conditions, _edge(road, side) * draws.between(0.3, 2.5), z)


def _far_wall(draws: Draws, conditions: Conditions) -> Iterator[Item]:
    z, wide, x = draws.between(7, 30), draws.between(5, 14), -40.0
    high, level = draws.between(2, 11), draws.between(0.7, 1.1)
    is_hedge = draws.chance(0.3)
    sheets = partial(facades.hedge, draws.below(facades.HEDGES)) if is_hedge else any_facade(draws)
    gain = leafy(draws, conditions) if is_hedge else grey(level)
    while x < 40:
        yield Front(sheets=sheets, left_m=x, right_m=x + wide, z_m=z, height_m=high, gain=gain)
        x += wide


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


_SIDES = {
    "town": _town_side,
    "suburb": _suburb_side,
    "country": _country_side,
    "motorway": _motorway_side,
    "yard": _yard_side,
}
