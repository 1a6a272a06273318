"""Signs and look-alikes in a view, on posts: placed by the size at which they are to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skerry_converters.rendering.classes import SIGN_LABELS
from skerry_converters.rendering.conditions import Conditions
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.items import Item
from skerry_converters.rendering.lookalikes import lookalike_names
from skerry_converters.rendering.posts import OVERHEAD_M, STEP_DOWN, Face, Spot, raise_post
from skerry_converters.rendering.road import Road
from skerry_converters.rendering.view import View

Box = tuple[float, float, float, float]
Faces = Sequence[tuple[Face, float]]
"""Faces with how often they are taken."""
SIGNS: Faces = tuple(((name, number), 1.0) for number, name in enumerate(SIGN_LABELS))
_RARER = {"odd": 0.35, "board": 0.35}
LOOKALIKES: Faces = tuple(((name, None), _RARER.get(name.split("-")[0], 1.0)) for name in lookalike_names())
SUPPLEMENT: Face = ("supplement", None)
_TRIES = 14
_IN_THE_WAY = 0.2
"""How readily a spot on the road itself is taken."""
_NEAR_TWINS = ("limit-", "warning-", "no-", "keep-", "odd-")
_TWIN_LEAST_PX = 26.0
"""Look-alikes that differ from a sign in their pictogram alone are not shown so small that nobody could tell them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a post is to carry, and the range of a face's width in pixels, drawn evenly on a logarithmic scale."""

    faces: Faces
    side_px: tuple[float, float]


class Hanger:
    """Raises one post after the other in a view, where they hide little of one another."""

    def __init__(self, draws: Draws, view: View, road: Road, conditions: Conditions) -> None:
        self._draws = draws
        self._view = view
        self._road = road
        self._conditions = conditions
        self._taken: list[Box] = []

    def hang(self, wanted: Wanted) -> list[Item]:
        """Return a post with a face or two; nothing where there was no room."""
        draws = self._draws
        face = draws.weighted(wanted.faces)
        low, high = wanted.side_px
        if face[1] is None and face[0].startswith(_NEAR_TWINS):
            low = max(low, _TWIN_LEAST_PX)
        side_px, side_m = draws.ratio(low, max(high, low)), draws.between(0.45, 0.95)
        z_m = self._view.station_m + self._view.focal * side_m / side_px
        for _ in range(_TRIES):
            at = self._place(side_px, z_m)
            if at is not None:
                bearable = min(max((side_px - 10) / 40, 0.15), 1.0)
                spot = Spot(x_m=at[0], y_m=at[1], z_m=z_m, side_m=side_m, bearable=bearable)
                faces = [face, *self._below(spot, wanted)]
                return list(raise_post(draws, self._conditions, self._road, spot, faces))
        return []

    def _place(self, side_px: float, z_m: float) -> tuple[float, float] | None:
        """Return x and y in metres where a face of this size would be seen whole and apart, or None."""
        draws, view = self._draws, self._view
        half = side_px / 2
        # One in ten may be cut off by the picture's edge.
        reach = half * (0.3 if draws.chance(0.1) else 1.05)
        x_m, y_m = view.place(draws.between(reach, view.width - reach), draws.between(reach, view.height - reach), z_m)
        y_m = min(max(y_m, draws.between(0.5, 1.6)), draws.between(3.0, 7.5))
        over_road = self._road.left_m < x_m < self._road.right_m
        if over_road and y_m < OVERHEAD_M and not draws.chance(_IN_THE_WAY):
            return None
        x, y = view.point(x_m, y_m, z_m)
        if not (reach <= x <= view.width - reach and reach <= y <= view.height - reach):
            return None
        box = _around(x, y, half * 1.1)
        if self._is_taken(box) and not draws.chance(0.06):
            return None
        self._taken.append(box)
        return x_m, y_m

    def _below(self, spot: Spot, wanted: Wanted) -> list[Face]:
        """Return what hangs below a face, where there is room and anything at all."""
        draws, y_m = self._draws, spot.y_m - STEP_DOWN * spot.side_m
        if y_m < 0.6 or not draws.chance(0.25):
            return []
        x, y = self._view.point(spot.x_m, y_m, spot.z_m)
        half = spot.side_m * self._view.scale(spot.z_m) / 2
        own, box = self._taken.pop(), _around(x, y, half)
        is_free = y + half <= self._view.height and not self._is_taken(box)
        self._taken += [own, box] if is_free else [own]
        if not is_free:
            return []
        return [draws.weighted(wanted.faces) if draws.chance(0.5) else SUPPLEMENT]

    def _is_taken(self, box: Box) -> bool:
        return any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in self._taken
        )


def _around(x: float, y: float, half: float) -> Box:
    return x - half, y - half, x + half, y + half
