"""The camera: metres of the road to pixels of the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Metres = NDArray[np.float64]
"""(n, 3): to the right, up from the road, ahead."""
Corners = NDArray[np.float64]
"""(n, 2): to the right and down in pixels; the picture's left upper corner is 0, 0 and pixel centres are at halves."""
NEAREST_M = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A pinhole camera ``height_m`` above the road that looks along it.

    ``horizon`` is the row of the horizon at the picture's middle, ``focal`` the focal length in pixels, ``roll`` how
    far the picture is turned clockwise, in radians. The camera stands ``aside_m`` to the right of the line that places
    are measured from, at the station ``station_m`` along it; ahead that line bends to the right by ``bend`` (1/m).
    """

    width: int
    height: int
    focal: float
    horizon: float
    height_m: float
    roll: float = 0.0
    aside_m: float = 0.0
    station_m: float = 0.0
    bend: float = 0.0

    def depth(self, z_m: float) -> float:
        """Return how far ahead a station is."""
        return z_m - self.station_m

    def project(self, points: Metres) -> Corners:
        """Return where points come to lie; those less than NEAREST_M ahead are taken to be that far."""
        depth = np.maximum(points[:, 2] - self.station_m, NEAREST_M)
        scale = self.focal / depth
        across = (points[:, 0] - self.aside_m + self.bend / 2 * depth * depth) * scale
        down = (self.height_m - points[:, 1]) * scale + (self.horizon - self.height / 2)
        cos, sin = math.cos(self.roll), math.sin(self.roll)
        pixels = np.empty((len(points), 2))
        pixels[:, 0] = self.width / 2 + cos * across - sin * down
        pixels[:, 1] = self.height / 2 + sin * across + cos * down
        return pixels

    def point(self, x_m: float, y_m: float, z_m: float) -> tuple[float, float]:
        """Return where one point comes to lie."""
        x, y = self.project(np.array([[x_m, y_m, z_m]]))[0]
        return float(x), float(y)

    def place(self, x: float, y: float, z_m: float) -> tuple[float, float]:
        """Return how far to the right and how high a point at station ``z_m`` is that is seen at (x, y)."""
        depth = self.depth(z_m)
        across, down = x - self.width / 2, y - self.height / 2
        cos, sin = math.cos(self.roll), math.sin(self.roll)
        level_x, level_y = cos * across + sin * down, cos * down - sin * across
        right = level_x * depth / self.focal + self.aside_m - self.bend / 2 * depth * depth
        up = self.height_m - (level_y - self.horizon + self.height / 2) * depth / self.focal
        return right, up

    def scale(self, z_m: float) -> float:
        """Return pixels a metre at this station."""
        return self.focal / max(self.depth(z_m), NEAREST_M)

    @property
    def first_ground_m(self) -> float:
        """How far ahead the road comes into the picture at its lower edge."""
        below = max(self.height - self.horizon, 1.0) + self.height * 0.1
        return max(self.focal * self.height_m / below * 0.8, NEAREST_M)
