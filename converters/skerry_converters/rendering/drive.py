"""A drive past signs: an endless row of pictures from a car, with the truth about each."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from skerry_converters.rendering.conditions import Conditions, draw_conditions
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.items import Item
from skerry_converters.rendering.lens import Lens, develop, draw_lens
from skerry_converters.rendering.posts import Spot, raise_post
from skerry_converters.rendering.road import draw_road
from skerry_converters.rendering.roadside import Place, fill_lane, furnish
from skerry_converters.rendering.scene import Scene, SceneObject, Split, paint, seen_signs
from skerry_converters.rendering.signposts import LOOKALIKES, SIGNS
from skerry_converters.rendering.view import View
from skerry_converters.rendering.weather import let_it_fall

DRIVE_SIZE = (1280, 720)
DRIVE_RATE_HZ = 10.0
SPEED_M_S = 9.0
STRETCH_M = 60.0
"""The road is furnished a stretch at a time, each decided by its number alone."""
_AHEAD_M = 110.0
_COUNTED_PX, _OF_WIDTH_PX = 16.0, 416.0
"""A sign counts from 16 pixels on in a picture that was brought to the width of a detector's input."""
_NOTICED_PX = 6.0
_LANDSCAPES: tuple[tuple[Place, ...], ...] = (("town", "suburb"), ("suburb", "country"))


def drive(
    seed: int,
    *,
    split: Split = "test",
    size: tuple[int, int] = DRIVE_SIZE,
    rate_hz: float = DRIVE_RATE_HZ,
) -> Iterator[Scene]:
    """Yield the pictures of an endless drive by day, ``rate_hz`` a second, of ``size`` width, height.

    The same arguments give the same pictures. Signs that are still too small to be read are marked difficult: less than
    16 pixels when the picture's longer side is brought to 416.
    """
    tour = _Tour(Draws("drive", split, seed), size)
    for number in count():
        yield tour.frame(number, number * SPEED_M_S / rate_hz)


class _Tour:
    """One road with its weather and camera; the stretches in sight are kept, and no more."""

    def __init__(self, draws: Draws, size: tuple[int, int]) -> None:
        self._draws = draws
        self._size = size
        self._conditions = _fair(draws.apart("conditions"))
        self._places = draws.one_of(_LANDSCAPES)
        road = draw_road(draws.apart("road"), self._conditions, town="town" in self._places)
        self._road = replace(road, zebra_m=None)
        self._lens = _steady(draw_lens(draws.apart("lens"), self._conditions, 40.0))
        self._phase = draws.between(0, math.tau)
        self._stretches: deque[tuple[int, list[Item]]] = deque()

    def frame(self, number: int, station_m: float) -> Scene:
        """Return the picture from ``station_m`` along the road."""
        view = self._view(station_m)
        canvas = paint(view, self._road, self._conditions, self._in_sight(station_m), self._draws.apart("backdrop"))
        objects = tuple(one for one in map(self._judged, seen_signs(canvas, view)) if one is not None)
        own = self._draws.apart(f"frame {number}")
        let_it_fall(canvas.pixels, self._conditions, own)
        return Scene(pixels=develop(canvas.pixels, self._conditions, self._lens, own), objects=objects)

    def _in_sight(self, station_m: float) -> list[Item]:
        first, last = int(station_m // STRETCH_M), int((station_m + _AHEAD_M) // STRETCH_M)
        # The stretch just passed stays, for walls that began there.
        while self._stretches and self._stretches[0][0] < first - 1:
            self._stretches.popleft()
        begun = self._stretches[-1][0] + 1 if self._stretches else first
        for number in range(max(begun, first), last + 1):
            self._stretches.append((number, self._stretch(number)))
        return [item for _, items in self._stretches for item in items]

    def _stretch(self, number: int) -> list[Item]:
        draws, first_m = self._draws.apart(f"stretch {number}"), number * STRETCH_M
        place = self._places[number // 3 % len(self._places)]
        begin, end = first_m + 2, first_m + STRETCH_M - 2
        items = furnish(draws, self._conditions, self._road, place, first_m=begin, last_m=end)
        # Nobody drives in front of us, whom we would run through.
        items += fill_lane(draws, self._conditions, self._road, -1, first_m=begin, last_m=end)
        for z_m in (first_m + part * STRETCH_M / 3 for part in range(3)):
            items += self._post(draws, z_m + draws.between(4, 18))
        return items

    def _post(self, draws: Draws, z_m: float) -> list[Item]:
        """Return a post beside the road, on the right more often."""
        side_m = draws.between(0.6, 0.85)
        beside = draws.between(0.4, 0.8)
        x_m = self._road.right_m + beside if draws.chance(0.75) else self._road.left_m - beside
        spot = Spot(x_m=x_m, y_m=draws.between(1.9, 2.7), z_m=z_m, side_m=side_m, bearable=0.7)
        faces = [draws.weighted(SIGNS if draws.chance(0.72) else LOOKALIKES)]
        if draws.chance(0.2):
            faces.append(draws.weighted(SIGNS))
        return list(raise_post(draws, self._conditions, self._road, spot, faces))

    def _view(self, station_m: float) -> View:
        """Return the camera there: it sways a little, and the road bends now this way and now that."""
        width, height = self._size
        lane_m = (self._road.right_m - self._road.left_m) / 4
        return View(
            width=width,
            height=height,
            focal=1.25 * max(self._size),
            horizon=height * (0.52 + 0.004 * math.sin(station_m / 3.1)),
            height_m=1.45,
            roll=0.006 * math.sin(station_m / 7.7 + self._phase),
            aside_m=lane_m + 0.2 * math.sin(station_m / 23 + self._phase),
            station_m=station_m,
            bend=0.0014 * math.sin(station_m / 95 + self._phase),
        )

    def _judged(self, seen: SceneObject) -> SceneObject | None:
        x_min, y_min, x_max, y_max = seen.box_px
        side_px = max(x_max - x_min, y_max - y_min)
        if side_px < _NOTICED_PX:
            return None
        too_small = side_px < _COUNTED_PX * max(self._size) / _OF_WIDTH_PX
        return replace(seen, difficult=seen.difficult or too_small)


def _fair(draws: Draws) -> Conditions:
    """Return weather of a kind that one likes to drive in."""
    drawn = draw_conditions(draws, skies=(("clear", 0.5), ("cloudy", 0.5)))
    return replace(
        drawn, fall="none", snow=0.0, wet=False, light=(0.98, 1.0, 1.0), haze=replace(drawn.haze, half_m=400)
    )


def _steady(lens: Lens) -> Lens:
    """Return ``lens`` as a well-mounted camera has it."""
    return replace(lens, motion_px=0.0, blur_px=min(lens.blur_px, 0.8), coarse=1.0, veil=min(lens.veil, 0.08))
