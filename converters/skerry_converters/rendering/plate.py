"""A flat sign in the world: where it hangs, which way it faces, and its picture from where the camera stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from skerry_converters.rendering.canvas import PLAIN, Canvas, Gain
from skerry_converters.rendering.faces import face_outline, face_sheets
from skerry_converters.rendering.raster import MARGIN, level_for
from skerry_converters.rendering.view import NEAREST_M, Corners, View
from skerry_converters.rendering.wear import Wear

_FINER = ((40.0, 3), (110.0, 2))
"""Faces up to so many pixels are drawn so many times finer and reduced: small ones would flicker otherwise."""
_LEAST_PX = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plate:
    """A face named ``name`` in style ``style``, with its middle at (x, y, z) in metres and ``side_m`` across.

    ``yaw`` turns it about its post to the right, ``lean`` turns it in its own plane, clockwise, ``tip`` bends it back;
    all in radians. ``label`` is the class id of a sign, None for look-alikes.
    """

    name: str
    style: int
    label: int | None
    x_m: float
    y_m: float
    z_m: float
    side_m: float
    yaw: float
    lean: float
    tip: float
    wear: Wear
    gain: Gain = PLAIN

    def draw(self, canvas: Canvas, view: View) -> None:
        """Draw the face and give its pixels to it. Nothing is drawn of a face behind the camera or edge on."""
        if view.depth(self.z_m) < NEAREST_M + self.side_m / 2:
            return
        corners = self.corners(view)
        side_px = float(max(np.hypot(*(corners[1] - corners[0])), np.hypot(*(corners[3] - corners[0]))))
        if side_px < _LEAST_PX or abs(cv2.contourArea(corners.astype(np.float32))) < _LEAST_PX:
            return
        finer = next((times for limit, times in _FINER if side_px <= limit), 1)
        sheet = self.wear.apply(level_for(face_sheets(self.name, self.style), side_px * finer))
        canvas.paste(sheet, corners, view.depth(self.z_m), gain=self.gain, owner=canvas.register(self), finer=finer)

    def corners(self, view: View) -> Corners:
        """Return where the corners of the face's picture, which has a margin, come to lie."""
        square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) * MARGIN
        return view.project(self._in_world(square))

    def outline(self, view: View) -> Corners:
        """Return where the face's outer edge comes to lie."""
        return view.project(self._in_world(face_outline(self.name, self.style)))

    def _in_world(self, points: Corners) -> Corners:
        cos, sin = math.cos(self.lean), math.sin(self.lean)
        flat = points @ np.array([[cos, sin], [-sin, cos]]) * (self.side_m / 2)
        right, down = flat[:, 0], flat[:, 1]
        return np.stack(
            [
                self.x_m + right * math.cos(self.yaw),
                self.y_m - down * math.cos(self.tip),
                self.z_m + right * math.sin(self.yaw) - down * math.sin(self.tip),
            ],
            axis=1,
        )
