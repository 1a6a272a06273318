"""Boxes and labels drawn into a picture."""

from __future__ import annotations

import colorsys

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


def draw_detections(pixels: Pixels, detections: Detections, labels: tuple[str, ...]) -> Pixels:
    """Return a copy of ``pixels`` with each box, its label and score; a class has the same colour in every picture.

    Lines and text grow with the picture, and text is never smaller than 11 pixels. The best score is on top.
    """
    drawn: Pixels = pixels.copy()
    height, width = pixels.shape[:2]
    line_px = max(1, round(min(height, width) * _LINE_SHARE))
    order = range(len(detections) - 1, -1, -1)
    for index in order:
        colour = class_colour(int(detections.class_ids[index]))
        left, top, right, bottom = (round(float(edge)) for edge in detections.boxes_px[index])
        # A box ends where the picture ends; its line is drawn on the last pixel, not behind it.
        cv2.rectangle(drawn, (left, top), (min(right, width - 1), min(bottom, height - 1)), colour, line_px)
    for index in order:
        class_id = int(detections.class_ids[index])
        left, top = (round(float(edge)) for edge in detections.boxes_px[index, :2])
        _draw_label(drawn, f"{labels[class_id]} {detections.scores[index]:.0%}", left, top, class_colour(class_id))
    return drawn


def class_colour(class_id: int) -> Colour:
    """Return the colour of a class as blue, green, red in 0..255."""
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
