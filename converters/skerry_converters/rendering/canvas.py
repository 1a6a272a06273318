"""The picture in the making: colours, which sign each pixel shows, and how far things fade into the haze."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.rendering.art import Colour
from skerry_converters.rendering.raster import Sheet
from skerry_converters.rendering.view import Corners

Pixels = NDArray[np.uint8]
Plane = NDArray[np.uint8]
_MOST_OWNERS = 255
_HIDING = 127
"""Coverage above which a thing owns a pixel."""
SHIFT = 4
"""Fractional bits of OpenCV's fixed-point corners."""
Gain = tuple[float, float, float]
PLAIN: Gain = (1.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Haze:
    """What distance does: after ``half_m`` metres half of a thing's colour is the haze's."""

    colour: tuple[float, float, float]
    half_m: float

    def share(self, z_m: float) -> float:
        """Return how much of what is seen at this depth is haze."""
        return 1.0 - math.exp(-math.log(2.0) * z_m / self.half_m)


@dataclass(frozen=True, kw_only=True, slots=True)
class Glow:
    """A light that shines at night: where, how large its core is, and its colour."""

    x: float
    y: float
    radius: float
    colour: Colour


@dataclass(kw_only=True, slots=True)
class Canvas:
    """``pixels`` is uint8 (height, width, 3); ``owner`` is uint8 (height, width): the number of the sign seen there."""

    pixels: Pixels
    owner: Plane
    haze: Haze
    glows: list[Glow] = field(default_factory=list)
    owners: list[object] = field(default_factory=list)
    """What owns the pixels numbered 1, 2 and so on."""

    def register(self, item: object) -> int:
        """Return the number under which ``item`` owns its pixels; 0 where the canvas has no numbers left."""
        if len(self.owners) == _MOST_OWNERS:
            return 0
        self.owners.append(item)
        return len(self.owners)

    def paste(
        self,
        sheet: Sheet,
        corners: Corners,
        z_m: float,
        *,
        gain: Gain = PLAIN,
        owner: int = 0,
        finer: int = 1,
    ) -> None:
        """Lay ``sheet`` into the four ``corners`` (left upper first, clockwise), hazed as at depth ``z_m``.

        It is drawn ``finer`` times as large and then reduced, which smooths what is smaller than a pixel.
        """
        area = self._area(corners)
        if area is None:
            return
        x, y, width, height = area
        side_y, side_x = sheet.shape[:2]
        square = np.array([[0, 0], [side_x, 0], [side_x, side_y], [0, side_y]], np.float32) - 0.5
        target = (corners - [x, y]) * finer - 0.5
        matrix = cv2.getPerspectiveTransform(square, target.astype(np.float32))
        warped = cv2.warpPerspective(sheet, matrix, (width * finer, height * finer))
        if finer > 1:
            warped = cv2.resize(warped, (width, height), interpolation=cv2.INTER_AREA)
        self.blend(np.asarray(warped, np.uint8), x, y, z_m, gain=gain, owner=owner)

    def blend(self, sheet: Sheet, x: int, y: int, z_m: float, *, gain: Gain = PLAIN, owner: int = 0) -> None:
        """Lay ``sheet``, which fits into the picture at (x, y) as it is, over what is there."""
        height, width = sheet.shape[:2]
        haze = self.haze.share(z_m)
        *colours, cover = cv2.split(sheet)
        # Channel by channel, and with saturating 8-bit operations only: the quickest way by far that OpenCV has.
        coloured = cv2.merge(
            [
                cv2.addWeighted(colour, level * (1 - haze), cover, haze * hazy / 255, 0.0)
                for colour, level, hazy in zip(colours, gain, self.haze.colour, strict=True)
            ]
        )
        below = self.pixels[y : y + height, x : x + width]
        clear = cv2.cvtColor(cv2.bitwise_not(cover), cv2.COLOR_GRAY2BGR)
        cv2.add(cv2.multiply(below, clear, scale=1 / 255), coloured, dst=below)
        owned = self.owner[y : y + height, x : x + width]
        _, hidden = cv2.threshold(cover, _HIDING, 255, cv2.THRESH_BINARY_INV)
        cv2.bitwise_and(owned, hidden, dst=owned)
        if owner:
            _, mine = cv2.threshold(cover, _HIDING, owner, cv2.THRESH_BINARY)
            cv2.bitwise_or(owned, mine, dst=owned)

    def fill(self, corners: Corners, colour: Colour, z_m: float = 0.0) -> None:
        """Fill a shape with one colour, hazed as at depth ``z_m``."""
        haze = self.haze.share(z_m)
        mixed = [float(c * (1 - haze) + h * haze) for c, h in zip(colour, self.haze.colour, strict=True)]
        cv2.fillPoly(self.pixels, [fixed_point(corners)], mixed, cv2.LINE_AA, SHIFT)
        cv2.fillPoly(self.owner, [fixed_point(corners)], 0, cv2.LINE_8, SHIFT)

    def fill_textured(self, corners: Corners, colour: Colour, tile: Plane, contrast: float, z_m: float) -> None:
        """Fill a shape with ``colour``, brightened and darkened by ``tile``, which is laid over its bounding box."""
        area = self._area(corners)
        if area is None:
            return
        x, y, width, height = area
        cover = np.zeros((height, width), np.uint8)
        cv2.fillPoly(cover, [fixed_point(corners - [x, y])], 255, cv2.LINE_AA, SHIFT)
        spread = cv2.resize(tile, (width, height))
        light = cv2.addWeighted(spread, contrast, spread, 0.0, 128 * (1 - contrast))
        sheet = cv2.merge([*(cv2.multiply(light, cover, scale=c / 128 / 255) for c in colour), cover])
        self.blend(np.asarray(sheet, np.uint8), x, y, z_m)

    def _area(self, corners: Corners) -> tuple[int, int, int, int] | None:
        """Return x, y, width, height of the pixels that a shape can touch; None where it lies outside."""
        height, width = self.owner.shape
        x_min, y_min = (max(math.floor(v) - 1, 0) for v in corners.min(axis=0))
        x_max = min(math.ceil(corners[:, 0].max()) + 1, width)
        y_max = min(math.ceil(corners[:, 1].max()) + 1, height)
        return (x_min, y_min, x_max - x_min, y_max - y_min) if x_min < x_max and y_min < y_max else None


def fixed_point(corners: Corners) -> NDArray[np.int32]:
    """Return corners as OpenCV's drawing takes them, where pixel centres are whole numbers; far ones are pulled in."""
    scaled = np.clip(corners - 0.5, -8000, 8000) * (1 << SHIFT)
    return np.asarray(np.rint(scaled), np.int32)
