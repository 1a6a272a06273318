"""A small JPEG of a picture with its boxes drawn, for a person to see what the detector saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from skerry_edge.vision.draw import DrawnBox, draw_boxes
from skerry_edge.vision.images import Pixels

LONGER_SIDE_PX = 960
_QUALITIES = (80, 60, 40, 20)


def snapshot_jpeg(pixels: Pixels, boxes: Sequence[DrawnBox], *, max_bytes: int) -> bytes:
    """Return ``pixels``, uint8 (height, width, 3) BGR, with ``boxes`` drawn, as a JPEG of at most ``max_bytes``.

    The longer side has at most 960 pixels; where the JPEG does not fit, its quality falls first, then its size.
    Raises ValueError where not even one pixel fits.
    """
    side_px = min(LONGER_SIDE_PX, max(pixels.shape[:2]))
    while side_px >= 1:
        drawn = _drawn(pixels, boxes, side_px)
        for quality in _QUALITIES:
            _, data = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if len(data) <= max_bytes:
                return data.tobytes()
        side_px //= 2
    raise ValueError(f"no JPEG fits into {max_bytes} bytes")


def _drawn(pixels: Pixels, boxes: Sequence[DrawnBox], side_px: int) -> Pixels:
    """Return the picture with boxes, its longer side ``side_px``: scaled before, so that lines and text stay sharp."""
    height, width = pixels.shape[:2]
    scale = side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = (
        pixels
        if size == (width, height)
        else np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    )
    return draw_boxes(small, [_scaled(one, size[0] / width, size[1] / height) for one in boxes])


def _scaled(box: DrawnBox, across: float, down: float) -> DrawnBox:
    x_min, y_min, x_max, y_max = box.box_px
    return replace(box, box_px=(x_min * across, y_min * down, x_max * across, y_max * down))
