"""Making parts of a picture unrecognisable, for good: what is averaged away cannot be brought back."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from skerry_edge.vision.images import Pixels

PARTS_OF_PICTURE = 24
"""Blurred outside of boxes, the longer side of a picture shows so many different shades and no more."""
PARTS_OF_BOX = 6
"""Blurred inside, the shorter side of a box shows so many: fewer than a face or a number plate in it needs."""
MARGIN = 0.1
"""A box is blurred with this share of its size around it, since a network's boxes cut things off."""

Corners = tuple[float, float, float, float]
"""x_min, y_min, x_max, y_max in pixels."""


def blur_outside(pixels: Pixels, boxes_px: Iterable[Corners]) -> Pixels:
    """Return a copy of ``pixels``, uint8 (height, width, 3), in which only what is in a box is sharp."""
    height, width = pixels.shape[:2]
    blurred = _coarse(pixels, max(1, -(-max(height, width) // PARTS_OF_PICTURE)))
    for box in boxes_px:
        x_min, y_min, x_max, y_max = _whole(box, 0.0, width, height)
        blurred[y_min:y_max, x_min:x_max] = pixels[y_min:y_max, x_min:x_max]
    return blurred


def blur_inside(pixels: Pixels, boxes_px: Iterable[Corners]) -> Pixels:
    """Return a copy of ``pixels``, uint8 (height, width, 3), in which what is in a box, or close to it, is coarse."""
    height, width = pixels.shape[:2]
    blurred: Pixels = pixels.copy()
    for box in boxes_px:
        x_min, y_min, x_max, y_max = _whole(box, MARGIN, width, height)
        shorter_px = min(x_max - x_min, y_max - y_min)
        if shorter_px > 0:
            part = blurred[y_min:y_max, x_min:x_max]
            # Over what another box has left of it, so that boxes that overlap do not bring anything back.
            blurred[y_min:y_max, x_min:x_max] = _coarse(part, -(-shorter_px // PARTS_OF_BOX))
    return blurred


def _coarse(pixels: Pixels, part_px: int) -> Pixels:
    """Average parts of ``part_px`` pixels and draw them large again, without their edges."""
    height, width = pixels.shape[:2]
    size = (max(1, -(-width // part_px)), max(1, -(-height // part_px)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _whole(box: Corners, margin: float, width: int, height: int) -> tuple[int, int, int, int]:
    """Return the box with its margin as whole pixels inside the picture, rounded outwards."""
    x_min, y_min, x_max, y_max = box
    aside, above = margin * (x_max - x_min), margin * (y_max - y_min)
    left, top = max(0, int(x_min - aside)), max(0, int(y_min - above))
    right, bottom = min(width, int(-(-(x_max + aside) // 1))), min(height, int(-(-(y_max + above) // 1)))
    return left, top, max(left, right), max(top, bottom)
