"""Boxes and labels drawn into a picture."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from skerry_edge.vision.detections import Detections
from skerry_edge.vision.images import Pixels

_GOLDEN = 0.618034
"""Steps around the colour wheel by the golden ratio keep any number of classes apart."""
_TEXT_WEIGHT = 600
_SMALLEST_TEXT_PX = 11
_TEXT_SHARE = 0.028
_LINE_SHARE = 0.004
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_NO_WRAP = (0, 1 << 20)

Colour = tuple[int, int, int]
"""Blue, green, red in 0..255."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawnBox:
    """A box (x_min, y_min, x_max, y_max, in pixels of the picture) and what is written at it."""

    box_px: tuple[float, float, float, float]
    text: str
    colour: Colour


def draw_detections(pixels: Pixels, detections: Detections, labels: tuple[str, ...]) -> Pixels:
    """Return a copy of ``pixels`` with each box, its label and score; a class has the same colour in every picture.

    The best score is on top.
    """
    rows = zip(detections.boxes_px.tolist(), detections.class_ids.tolist(), detections.scores.tolist(), strict=True)
    boxes = [
        DrawnBox(box_px=tuple(box), text=f"{labels[class_id]} {score:.0%}", colour=class_colour(class_id))
        for box, class_id, score in rows
    ]
    return draw_boxes(pixels, boxes[::-1])


def draw_boxes(pixels: Pixels, boxes: Sequence[DrawnBox]) -> Pixels:
    """Return a copy of ``pixels`` with each box, the last on top, and all texts above all lines.

    Lines and text grow with the picture, and text is never smaller than 11 pixels.
    """
    drawn: Pixels = pixels.copy()
    height, width = pixels.shape[:2]
    line_px = max(1, round(min(height, width) * _LINE_SHARE))
    for one in boxes:
        left, top, right, bottom = (round(edge) for edge in one.box_px)
        # A box ends where the picture ends; its line is drawn on the last pixel, not behind it.
        cv2.rectangle(drawn, (left, top), (min(right, width - 1), min(bottom, height - 1)), one.colour, line_px)
    for one in boxes:
        _draw_label(drawn, one.text, round(one.box_px[0]), round(one.box_px[1]), one.colour)
    return drawn


def class_colour(class_id: int) -> Colour:
    """Return the colour of a class."""
    red, green, blue = colorsys.hsv_to_rgb(class_id * _GOLDEN % 1.0, 0.85, 0.95)
    return round(blue * 255), round(green * 255), round(red * 255)


def _draw_label(pixels: Pixels, text: str, left: int, top: int, colour: Colour) -> None:
    """Write ``text`` on a plate above the box, or inside it where there is no room, and always inside the picture."""
    height, width = pixels.shape[:2]
    size = max(_SMALLEST_TEXT_PX, round(min(height, width) * _TEXT_SHARE))
    font = cv2.FontFace("sans")
    _, _, text_width, _ = cv2.getTextSize((0, 0), text, (0, 0), font, size, _TEXT_WEIGHT, wrap=_NO_WRAP)
    margin = max(2, size // 5)
    plate_width, plate_height = text_width + 2 * margin, size + 2 * margin
    x = max(0, min(left, width - plate_width))
    y = top - plate_height if top >= plate_height else max(0, min(top, height - plate_height))
    cv2.rectangle(pixels, (x, y), (x + plate_width, y + plate_height), colour, cv2.FILLED)
    # Weights of ITU-R BT.601: how bright the plate looks decides between black and white text.
    brightness = 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2]
    ink = _BLACK if brightness > 128 else _WHITE
    baseline = y + margin + round(size * 0.82)
    cv2.putText(pixels, text, (x + margin, baseline), ink, font, size, _TEXT_WEIGHT, wrap=_NO_WRAP)
