"""The pictures that a report shows: those on which source and variant differ most, with the boxes of both."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import cv2
import numpy as np

from skerry_edge.bench.matching import above
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.draw import draw_detections
from skerry_edge.vision.images import Pixels

_QUALITY = 82
_MOST_DRAWN = 100
"""A broken file may show thousands; the best of them make the point."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplePicture:
    """One picture twice, as JPEG: with the source's boxes and with the variant's; ``differing`` boxes have no match."""

    name: str
    source_jpeg: bytes
    variant_jpeg: bytes
    source_boxes: int
    variant_boxes: int
    differing: int


class Showcase:
    """Keeps the pictures with the most differing boxes, drawn and compressed; equal ones in their order."""

    def __init__(self, labels: tuple[str, ...], threshold: float, *, count: int, side_px: int) -> None:
        self._labels = labels
        self._threshold = threshold
        self._count = count
        self._side_px = side_px
        self._kept: list[tuple[int, int, SamplePicture]] = []
        self._seen = 0

    def add(self, name: str, pixels: Pixels, found: tuple[Detections, Detections], differing: int) -> None:
        """Take a picture with the detections of source and variant, those below the threshold among them."""
        key = (differing, -self._seen)
        self._seen += 1
        if not self._count or (len(self._kept) == self._count and key < self._kept[0][:2]):
            return
        source, variant = (above(one, self._threshold) for one in found)
        picture = SamplePicture(
            name=name,
            source_jpeg=self._drawn(pixels, source),
            variant_jpeg=self._drawn(pixels, variant),
            source_boxes=len(source),
            variant_boxes=len(variant),
            differing=differing,
        )
        push = heapq.heappush if len(self._kept) < self._count else heapq.heapreplace
        push(self._kept, (*key, picture))

    def pictures(self) -> tuple[SamplePicture, ...]:
        """Return what was kept, the most different first."""
        return tuple(picture for _, _, picture in sorted(self._kept, key=lambda one: one[:2], reverse=True))

    def _drawn(self, pixels: Pixels, found: Detections) -> bytes:
        height, width = pixels.shape[:2]
        scale = min(1.0, self._side_px / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small: Pixels = pixels
        if scale < 1:
            small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        best = slice(_MOST_DRAWN)
        boxes = Detections(
            boxes_px=found.boxes_px[best] * scale, scores=found.scores[best], class_ids=found.class_ids[best]
        )
        drawn = draw_detections(small, boxes, self._labels)
        _, encoded = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        return bytes(encoded.tobytes())
