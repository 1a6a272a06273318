"""Whether anything moves: a cheap look at a small grey picture that spares the network the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_edge.vision.images import Pixels
from skerry_edge.vision.polygons import Polygon

WIDTH_PX = 160
_MEMORY_S = 2.0
"""After this time, what stands still is mostly part of the background (a share of 1 - 1/e)."""
_SAMPLES = 4
"""A pixel of the small picture is the average of at most so many of the large one, squared."""
_BLUR_PX = 5
"""Averages a sensor's noise away, and what a compressed stream makes of it."""

Grey = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class GateRules:
    """When the gate opens and for how long; see `MotionConfig` of the agent's configuration for each.

    ``masks`` are areas in which nothing counts as moving.
    """

    min_area: float
    min_difference: int
    open_s: float
    look_every_s: float
    masks: Sequence[Polygon] = ()


class MotionGate:
    """Compares each picture with an average of the last seconds, whatever the rate at which they come."""

    def __init__(self, rules: GateRules) -> None:
        self._rules = rules
        self._background: Grey | None = None
        self._counted: NDArray[np.bool_] | None = None
        self._seen_s = 0.0
        self._looked_s = -math.inf
        self._moved_s = -math.inf

    def lets_through(self, pixels: Pixels, now_s: float, *, is_tracking: bool) -> bool:
        """Tell whether the network should see ``pixels``; ``is_tracking`` keeps the gate open, ``now_s`` never falls.

        The first picture, and the first one of another size, passes.
        """
        if self._moves(pixels, now_s):
            self._moved_s = now_s
        is_open = is_tracking or now_s - self._moved_s <= self._rules.open_s
        if is_open or now_s - self._looked_s >= self._rules.look_every_s:
            self._looked_s = now_s
            return True
        return False

    def _moves(self, pixels: Pixels, now_s: float) -> bool:
        grey = _small_grey(pixels)
        if self._background is None or self._counted is None or self._background.shape != grey.shape:
            self._background, self._seen_s = grey, now_s
            self._counted = _outside(self._rules.masks, grey.shape)
            return True
        differs = cv2.absdiff(grey, self._background) >= self._rules.min_difference
        moving = int(np.count_nonzero(differs & self._counted))
        newer = -math.expm1((self._seen_s - now_s) / _MEMORY_S)
        cv2.accumulateWeighted(grey, self._background, newer)
        self._seen_s = now_s
        return moving > self._rules.min_area * grey.size


def _small_grey(pixels: Pixels) -> Grey:
    height, width = pixels.shape[:2]
    size = (WIDTH_PX, max(1, round(height * WIDTH_PX / width)))
    if width > _SAMPLES * WIDTH_PX:
        # So many pixels are enough to average the noise of, and picking them costs a fraction of reading all.
        sampled = (_SAMPLES * size[0], _SAMPLES * size[1])
        pixels = np.asarray(cv2.resize(pixels, sampled, interpolation=cv2.INTER_NEAREST), np.uint8)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    grey = cv2.blur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (_BLUR_PX, _BLUR_PX))
    return grey.astype(np.float32)


def _outside(masks: Sequence[Polygon], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return True for each pixel of a picture of ``shape`` that is in none of ``masks``."""
    height, width = shape[:2]
    drawn = np.zeros((height, width), np.uint8)
    for mask in masks:
        corners = np.round(np.array(mask) * (width, height)).astype(np.int32)
        cv2.fillPoly(drawn, [corners], 1)
    outside: NDArray[np.bool_] = drawn == 0
    return outside
