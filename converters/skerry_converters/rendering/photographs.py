"""Real photographs as backgrounds: a part of one, mirrored now and then."""

from __future__ import annotations

import cv2
import numpy as np

from skerry_converters.rendering.canvas import Pixels
from skerry_converters.rendering.draws import Draws


def part_of(photograph: Pixels, size: tuple[int, int], draws: Draws) -> Pixels:
    """Return a part of ``photograph`` of the wanted shape, brought to ``size`` (width, height)."""
    width, height = size
    largest = min(photograph.shape[1] / width, photograph.shape[0] / height)
    scale = largest * draws.ratio(0.35, 1.0)
    wide, high = max(1, int(width * scale)), max(1, int(height * scale))
    left, top = draws.below(photograph.shape[1] - wide + 1), draws.below(photograph.shape[0] - high + 1)
    part = photograph[top : top + high, left : left + wide]
    if draws.chance(0.5):
        part = part[:, ::-1]
    way = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=way), np.uint8)
