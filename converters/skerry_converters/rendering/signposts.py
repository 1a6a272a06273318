"""Signs and look-alikes in the view, each on its post: chosen by the size at which they are to be seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from skerry_converters.rendering import sprites
from skerry_converters.rendering.art import STYLES, Colour
from skerry_converters.rendering.classes import SIGN_LABELS
from skerry_converters.rendering.conditions import Conditions
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.items import Bar, Item, Standing
from skerry_converters.rendering.lookalikes import lookalike_names
from skerry_converters.rendering.plate import Plate
from skerry_converters.rendering.road import Road
from skerry_converters.rendering.view import View
from skerry_converters.rendering.wear import draw_wear

Box = tuple[float, float, float, float]
Face = tuple[str, int | None]
"""A face's name, and the class id where it is a sign."""
Faces = Sequence[tuple[Face, float]]
"""Faces with how often they are taken."""
SIGNS: Faces = tuple(((name, number), 1.0) for number, name in enumerate(SIGN_LABELS))
LOOKALIKES: Faces = tuple(((name, None), 0.35 if name.startswith("odd-") else 1.0) for name in lookalike_names())
_TRIES = 6
_NEAR_TWINS = ("limit-", "warning-", "no-", "keep-", "odd-")
_TWIN_LEAST_PX = 26.0
"""Look-alikes that differ from a sign in their pictogram alone are not shown so small that nobody could tell them."""
_OVERHEAD_M = 4.4
_LOOKALIKE_STYLES = 4
"""Look-alikes are many, and come in the first styles only: each face that was drawn is kept in memory."""
_GREYS: tuple[Colour, ...] = ((140, 142, 142), (112, 114, 114), (90, 92, 92), (70, 84, 96))


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """How a face is to be seen: its longer side in pixels is drawn evenly on a logarithmic scale."""

    faces: Faces
    side_px: tuple[float, float]


class Hanger:
    """Hangs one post after the other into a view, where they hide little of one another."""

    def __init__(self, draws: Draws, view: View, road: Road, conditions: Conditions) -> None:
        self._draws = draws
        self._view = view
        self._road = road
        self._conditions = conditions
        self._taken: list[Box] = []

    def hang(self, wanted: Wanted) -> list[Item]:
        """Return a post with a face or two; nothing where there was no room."""
        draws = self._draws
        name, label = draws.weighted(wanted.faces)
        low, high = wanted.side_px
        if label is None and name.startswith(_NEAR_TWINS):
            low = max(low, _TWIN_LEAST_PX)
        side_px = draws.ratio(low, max(high, low))
        side_m = draws.between(0.45, 0.95)
        z_m = self._view.station_m + self._view.focal * side_m / side_px
        for _ in range(_TRIES):
            spot = self._spot(side_px, z_m)
            if spot is not None:
                return list(self._post(wanted, (name, label), spot, z_m, side_m))
        return []

    def _spot(self, side_px: float, z_m: float) -> tuple[float, float] | None:
        """Return x and y in metres where a face of this size would be seen whole and apart, or None."""
        draws, view = self._draws, self._view
        half = side_px / 2
        # One in ten may be cut off by the picture's edge.
        reach = half * (0.3 if draws.chance(0.1) else 1.05)
        x_m, y_m = view.place(draws.between(reach, view.width - reach), draws.between(reach, view.height - reach), z_m)
        y_m = min(max(y_m, draws.between(0.5, 1.6)), draws.between(3.0, 7.5))
        over_road = self._road.left_m < x_m < self._road.right_m
        if over_road and y_m < _OVERHEAD_M and not draws.chance(0.15):
            return None
        x, y = view.point(x_m, y_m, z_m)
        if not (reach <= x <= view.width - reach and reach <= y <= view.height - reach):
            return None
        box = (x - half * 1.1, y - half * 1.1, x + half * 1.1, y + half * 1.1)
        if any(_meet(box, other) for other in self._taken) and not draws.chance(0.06):
            return None
        self._taken.append(box)
        return x_m, y_m

    def _post(self, wanted: Wanted, face: Face, spot: tuple[float, float], z_m: float, side_m: float) -> Iterator[Item]:
        draws, (x_m, y_m) = self._draws, spot
        yaw, style = (
            _yaw(draws, _bearable(side_m * self._view.scale(z_m))),
            draws.below(len(STYLES) if face[1] is not None else _LOOKALIKE_STYLES),
        )
        first = self._plate(face, style, (x_m, y_m, z_m), side_m, yaw)
        yield from self._holder(x_m, y_m, z_m, side_m)
        yield first
        under_m = y_m - 1.08 * side_m
        if under_m > 0.6 and draws.chance(0.25) and self._is_free_below(x_m, under_m, z_m, side_m):
            second = draws.weighted(wanted.faces) if draws.chance(0.5) else ("supplement", None)
            yield self._plate(second, style, (x_m, under_m, z_m), side_m * draws.between(0.9, 1.0), yaw)
        yield from self._hidden(first)

    def _is_free_below(self, x_m: float, y_m: float, z_m: float, side_m: float) -> bool:
        x, y = self._view.point(x_m, y_m, z_m)
        half = side_m * self._view.scale(z_m) / 2
        box = (x - half, y - half * 0.9, x + half, y + half)
        if y + half > self._view.height or any(_meet(box, other) for other in self._taken[:-1]):
            return False
        self._taken.append(box)
        return True

    def _plate(self, face: Face, style: int, at: tuple[float, float, float], side_m: float, yaw: float) -> Plate:
        draws = self._draws
        return Plate(
            name=face[0],
            label=face[1],
            style=style,
            x_m=at[0],
            y_m=at[1],
            z_m=at[2],
            side_m=side_m,
            yaw=yaw,
            lean=draws.near(0.0, 0.035) if draws.chance(0.93) else draws.near(0.0, 0.15),
            tip=draws.near(0.0, 0.05),
            wear=draw_wear(draws, self._conditions, _bearable(side_m * self._view.scale(at[2]))),
        )

    def _holder(self, x_m: float, y_m: float, z_m: float, side_m: float) -> Iterator[Item]:
        """Yield what carries a face: a post from the ground, or a beam across the road."""
        draws = self._draws
        behind, colour = z_m + 0.06, draws.one_of(_GREYS)
        if y_m > _OVERHEAD_M:
            far = self._road.right_m + 1.0 if draws.chance(0.7) else self._road.left_m - 1.0
            yield Bar(start=(far, 0.0, behind), end=(far, y_m + 0.1, behind), radius_m=0.12, colour=colour)
            yield Bar(start=(far, y_m, behind), end=(x_m, y_m, behind), radius_m=0.09, colour=colour)
        elif draws.chance(0.88):
            top = y_m + side_m * draws.between(0.1, 0.5)
            yield Bar(
                start=(x_m, 0.0, behind), end=(x_m, top, behind), radius_m=draws.between(0.025, 0.05), colour=colour
            )

    def _hidden(self, plate: Plate) -> Iterator[Item]:
        """Yield what hangs or stands in front of a part of a face, now and then."""
        draws = self._draws
        near_m = plate.z_m - 0.12
        if draws.chance(0.08 * _bearable(plate.side_m * self._view.scale(plate.z_m))):
            side = draws.one_of((-1, 1))
            wide = plate.side_m * draws.between(0.8, 1.6)
            yield Standing(
                sheets=partial(sprites.twig, draws.below(sprites.TWIGS)),
                x_m=plate.x_m + side * plate.side_m * draws.between(0.55, 0.9),
                z_m=near_m,
                width_m=-side * wide,
                height_m=wide,
                foot_m=plate.y_m - wide * draws.between(0.3, 0.7),
            )
        elif draws.chance(0.03):
            x_m = plate.x_m + plate.side_m * draws.between(-0.4, 0.4)
            yield Bar(
                start=(x_m, 0.0, near_m), end=(x_m, plate.y_m + 2, near_m), radius_m=0.04, colour=draws.one_of(_GREYS)
            )


def _bearable(side_px: float) -> float:
    """Return how much of wear and tilt a face this small bears before nobody could read it, 0 to 1."""
    return min(max((side_px - 10) / 40, 0.15), 1.0)


def _yaw(draws: Draws, bearable: float) -> float:
    """Return how far a face is turned away: most look at us, some along a side road."""
    if draws.chance(0.88):
        return draws.near(0.0, 0.22)
    return draws.one_of((-1, 1)) * draws.between(0.3, 0.3 + 0.65 * bearable)


def _meet(box: Box, other: Box) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
