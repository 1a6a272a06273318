"""The snapshots of simulated devices: a small JPEG with the object's box, drawn here."""

from __future__ import annotations

from functools import lru_cache

WIDTH, HEIGHT = 320, 240
STEPS = 40
"""Boxes are drawn on a grid this fine, so that few pictures need be drawn for many events."""
QUALITY = 70
Box = tuple[float, float, float, float]


def draw_snapshot(label: str, box: Box) -> bytes:
    """Return a JPEG of a street at dusk with ``box`` (shares of the picture) drawn about where the object is."""
    return _drawn(label, *(round(edge * STEPS) for edge in box))


@lru_cache(maxsize=256)
def _drawn(label: str, left: int, top: int, right: int, bottom: int) -> bytes:
    import cv2  # noqa: PLC0415  # a fleet without events needs none
    import numpy as np  # noqa: PLC0415

    sky = np.linspace(70, 150, HEIGHT, dtype=np.uint8)[:, None, None]
    image = np.broadcast_to(sky, (HEIGHT, WIDTH, 3)).copy()
    cv2.fillPoly(image, [np.array([(0, HEIGHT), (140, 120), (180, 120), (WIDTH, HEIGHT)])], (80, 80, 80))
    first, last = ((x * WIDTH // STEPS, y * HEIGHT // STEPS) for x, y in ((left, top), (right, bottom)))
    cv2.rectangle(image, first, last, (60, 60, 200), -1)
    cv2.rectangle(image, first, last, (255, 255, 255), 2)
    cv2.putText(image, label, (6, HEIGHT - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes()
