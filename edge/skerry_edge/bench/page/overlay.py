"""A picture with boxes over it, as SVG: lines stay sharp and of one width however large it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from skerry_edge.bench.page.markup import Markup, data_address, element
from skerry_edge.vision.images import Pixels

_QUALITY = 80
_SIDE = 640
_FRAME = 4 / 3
"""Width to height of the frames that the style sheet shows pictures in."""
_TEXT = 22
_LETTER = 0.6
"""The width of a letter as a share of the text's size; whatever the font, the text is set in as much room as that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OverlayBox:
    """A box in pixels of the picture (x_min, y_min, x_max, y_max), its words, and the style sheet's class for it."""

    box_px: tuple[float, float, float, float]
    words: str
    kind: str


def overlay(title: str, pixels: Pixels, boxes: Sequence[OverlayBox]) -> Markup:
    """Return the picture, at most 640 pixels on its longer side, with the boxes; the last one lies on top."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # All pictures are shown in frames of one shape; letters are as large in an upright one as in a wide one.
    drawn = _SIDE / max(size[0], size[1] * _FRAME)
    view = (size[0] * drawn, size[1] * drawn)
    image = element(
        "image", href=data_address(_jpeg(pixels, size), "image/jpeg"), width=f"{view[0]:.1f}", height=f"{view[1]:.1f}"
    )
    factor = view[0] / width
    lines = [_rectangle(one, factor) for one in boxes]
    labels = [_label(one, factor, view) for one in boxes]
    return element(
        "svg",
        element("title", title),
        image,
        *lines,
        *labels,
        viewBox=f"0 0 {view[0]:.1f} {view[1]:.1f}",
        role="img",
        class_="overlay",
    )


def _jpeg(pixels: Pixels, size: tuple[int, int]) -> bytes:
    small = pixels if size == pixels.shape[1::-1] else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", np.asarray(small), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(encoded.tobytes())


def _rectangle(one: OverlayBox, factor: float) -> Markup:
    x_min, y_min, x_max, y_max = (round(edge * factor, 1) for edge in one.box_px)
    width, height = round(x_max - x_min, 1), round(y_max - y_min, 1)
    return element("rect", x=x_min, y=y_min, width=width, height=height, class_=f"box {one.kind}")


def _label(one: OverlayBox, factor: float, view: tuple[float, float]) -> Markup:
    """Return the words on a plate above the box, or inside it where there is no room, and always in the picture."""
    room = round(_LETTER * _TEXT * len(one.words), 1)
    width, height = room + 8, _TEXT + 6
    left, top = (edge * factor for edge in one.box_px[:2])
    x = max(0.0, min(left, view[0] - width))
    y = top - height if top >= height else max(0.0, min(top, view[1] - height))
    return element(
        "g",
        element("rect", x=round(x, 1), y=round(y, 1), width=round(width, 1), height=height, class_="plate"),
        element(
            "text",
            one.words,
            x=round(x + 4, 1),
            y=round(y + _TEXT - 1, 1),
            font_size=_TEXT,
            textLength=room,
            lengthAdjust="spacingAndGlyphs",
        ),
        class_=f"label {one.kind}",
    )
