"""A picture with all that its pipeline knows of it drawn: objects with their numbers, zones and masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.watching.pictures import View, drawn_boxes
from skerry_edge.agent.watching.sieve import anchor_of
from skerry_edge.vision.draw import class_colour, draw_boxes
from skerry_edge.vision.images import Pixels
from skerry_edge.vision.polygons import Point
from skerry_edge.vision.tracking.tracker import Track

LONGER_SIDE_PX = 1280
QUALITY = 80
_MASK_SHADE = 0.35
_LINE_PX = 2


def preview_jpeg(view: View, config: DetectionPipeline, labels: tuple[str, ...]) -> bytes:
    """Return ``view`` as a JPEG, scaled down to LONGER_SIDE_PX where it is larger."""
    height, width = view.pixels.shape[:2]
    scale = min(1.0, LONGER_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    pixels = np.asarray(cv2.resize(view.pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    for mask in config.masks:
        _shade(pixels, mask.points)
    for number, zone in enumerate(config.zones):
        cv2.polylines(pixels, [_on(pixels, zone.points)], isClosed=True, color=class_colour(number), thickness=_LINE_PX)
        x, y = _on(pixels, zone.points[:1])[0].tolist()
        cv2.putText(pixels, zone.name, (x + 4, y + 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, class_colour(number), 1)
    in_sight = sorted((one for one in view.tracks if one.is_in_sight), key=lambda one: one.box.score)
    small = View(pixels=pixels, detections=view.detections, tracks=in_sight)
    boxes = drawn_boxes(small, labels)
    numbered = [replace(box, text=f"{one.number}: {box.text}") for box, one in zip(boxes, in_sight, strict=True)]
    drawn = draw_boxes(pixels, numbered)
    _draw_anchors(drawn, in_sight, config)
    _, data = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()


def _on(pixels: Pixels, points: Sequence[Point]) -> NDArray[np.int32]:
    height, width = pixels.shape[:2]
    placed: NDArray[np.int32] = np.round(np.array(points) * (width - 1, height - 1)).astype(np.int32)
    return placed


def _shade(pixels: Pixels, points: Sequence[Point]) -> None:
    inside = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillPoly(inside, [_on(pixels, points)], 1)
    pixels[inside > 0] = (pixels[inside > 0] * _MASK_SHADE).astype(np.uint8)


def _draw_anchors(pixels: Pixels, tracks: Sequence[Track], config: DetectionPipeline) -> None:
    for one in tracks:
        x, y = _on(pixels, [anchor_of(one.box.edges, config)])[0].tolist()
        cv2.circle(pixels, (x, y), 4, (255, 255, 255), cv2.FILLED)
        cv2.circle(pixels, (x, y), 4, (0, 0, 0), 1)
