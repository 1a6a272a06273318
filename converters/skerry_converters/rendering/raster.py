"""Faces as pictures: drawn once at high resolution, then halved and halved again."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.rendering.art import Art
from skerry_converters.rendering.paths import Points

Sheet = NDArray[np.uint8]
"""Blue, green, red times coverage, and coverage; (side, side, 4)."""

SIDE = 256
"""Pixels along the largest picture of a face, which stands for the square from -MARGIN to MARGIN."""
MARGIN = 1.06
"""A little air around the face, so that its edge is sampled smoothly."""
_FINER = 4
_SHIFT = 4
_SMALLEST = 16


def rasterize(art: Art) -> tuple[Sheet, ...]:
    """Return the face at SIDE pixels, and at each half down to 16."""
    side = SIDE * _FINER
    fine = np.zeros((side, side, 4), np.uint8)
    for layer in art.layers:
        for shape in layer.shapes:
            # Filled without smoothing, for which the reduction from the finer grid makes up.
            cv2.fillPoly(fine, [_pixels(line, side) for line in shape], (*layer.colour, 255), cv2.LINE_8, _SHIFT)
    inside = np.zeros((side, side), np.uint8)
    cv2.fillPoly(inside, [_pixels(art.outline, side)], 255, cv2.LINE_8, _SHIFT)
    fine[inside == 0] = 0
    return halvings(_halved(_halved(fine)))


def halvings(sheet: Sheet) -> tuple[Sheet, ...]:
    """Return ``sheet`` and its halves, quarters and so on down to 16 pixels."""
    levels = [sheet]
    while levels[-1].shape[0] > _SMALLEST:
        levels.append(_halved(levels[-1]))
    return tuple(levels)


def level_for(sheets: tuple[Sheet, ...], side_px: float) -> Sheet:
    """Return the smallest of ``sheets`` that is not smaller than ``side_px``, or the largest there is."""
    return next((sheet for sheet in reversed(sheets) if sheet.shape[0] >= side_px), sheets[0])


def _halved(sheet: Sheet) -> Sheet:
    return np.asarray(cv2.resize(sheet, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def _pixels(line: Points, side: int) -> NDArray[np.int32]:
    """Return points as fillPoly's fixed-point pixels; pixel centres are whole numbers there."""
    scaled = (line / MARGIN + 1) / 2 * side - 0.5
    return np.rint(scaled * (1 << _SHIFT)).astype(np.int32)
