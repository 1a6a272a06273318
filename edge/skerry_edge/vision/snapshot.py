"""A small JPEG of a picture with its boxes drawn, for a person to see what the detector saw."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from skerry_edge.vision.detections import Detections
from skerry_edge.vision.draw import draw_detections
from skerry_edge.vision.images import Pixels

LONGER_SIDE_PX = 960
_QUALITIES = (80, 60, 40, 20)


def snapshot_jpeg(pixels: Pixels, detections: Detections, labels: tuple[str, ...], *, max_bytes: int) -> bytes:
    """Return ``pixels``, uint8 (height, width, 3) BGR, with ``detections`` drawn, as a JPEG of at most ``max_bytes``.

    The longer side has at most 960 pixels; where the JPEG does not fit, its quality falls first, then its size.
    Raises ValueError where not even one pixel fits.
    """
    side_px = min(LONGER_SIDE_PX, max(pixels.shape[:2]))
    while side_px >= 1:
        drawn = _drawn(pixels, detections, labels, side_px)
        for quality in _QUALITIES:
            _, data = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if len(data) <= max_bytes:
                return data.tobytes()
        side_px //= 2
    raise ValueError(f"no JPEG fits into {max_bytes} bytes")


def _drawn(pixels: Pixels, detections: Detections, labels: tuple[str, ...], side_px: int) -> Pixels:
    """Return the picture with boxes, its longer side ``side_px``: scaled before, so that lines and text stay sharp."""
    height, width = pixels.shape[:2]
    scale = side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = (
        pixels
        if size == (width, height)
        else np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    )
    factors = np.array([size[0] / width, size[1] / height] * 2, np.float32)
    return draw_detections(small, replace(detections, boxes_px=detections.boxes_px * factors), labels)
