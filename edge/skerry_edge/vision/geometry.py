"""Where a source picture lies in a network's input, and the way back from the network to its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skerry_edge.vision.detections import Boxes


class Size(NamedTuple):
    """A width and a height in pixels."""

    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """A picture of size ``source`` that was resized to ``picture`` and placed into an input of size ``network``."""

    source: Size
    network: Size
    picture: Size

    @property
    def corner(self) -> tuple[int, int]:
        """The input's pixel (x, y) that holds the picture's top left pixel."""
        return (self.network.width - self.picture.width) // 2, (self.network.height - self.picture.height) // 2

    def to_source(self, boxes: Boxes) -> Boxes:
        """Map boxes from shares of the network's input to pixels of the source, not yet clipped; float32 (n, 4).

        As `correct_region_boxes` and `correct_yolo_boxes` in Darknet's region_layer.c and yolo_layer.c: a border of
        an odd number of pixels counts as two halves here, although the picture is placed on a whole pixel.
        """
        scale, shift = self._to_source
        mapped: Boxes = boxes * scale - shift
        return mapped

    def clip(self, boxes_px: Boxes) -> Boxes:
        """Cut boxes in source pixels off at the picture's edges."""
        clipped: Boxes = np.minimum(np.maximum(boxes_px, np.float32(0)), self._edges)
        return clipped

    @cached_property
    def _to_source(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        network, picture, source = (np.array(size, np.float64) for size in (self.network, self.picture, self.source))
        scale = network / picture * source
        shift = (network - picture) / 2 / picture * source
        return np.tile(scale, 2).astype(np.float32), np.tile(shift, 2).astype(np.float32)

    @cached_property
    def _edges(self) -> NDArray[np.float32]:
        return np.tile(np.array(self.source, np.float32), 2)


def stretched(source: Size, network: Size) -> Geometry:
    """Fill the whole input, whatever that does to the aspect ratio."""
    return Geometry(source=source, network=network, picture=network)


def letterboxed(source: Size, network: Size) -> Geometry:
    """Keep the aspect ratio and centre the picture, with the integer arithmetic of Darknet's `letterbox_image`.

    A side that would vanish (a picture of 1000x1) keeps one pixel.
    """
    # Darknet compares the two ratios as floats; in exact arithmetic a tie could fall the other way.
    across, down = (np.float32(whole) / np.float32(part) for whole, part in zip(network, source, strict=True))
    if across < down:
        picture = Size(network.width, max(1, source.height * network.width // source.width))
    else:
        picture = Size(max(1, source.width * network.height // source.height), network.height)
    return Geometry(source=source, network=network, picture=picture)
