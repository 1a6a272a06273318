"""Scenes drawn by day, turned into ones at night."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.rendering.canvas import Canvas, Pixels
from skerry_converters.rendering.conditions import Conditions


def light_the_dark(canvas: Canvas, conditions: Conditions, horizon: float) -> None:
    """Turn a scene drawn by day into one at night: headlights, signs that throw their light back, lamps."""
    height, width = canvas.owner.shape
    cone = _cone(width, height, horizon)
    level = sum(conditions.light) / 3
    gain = level + 0.55 * (1 - level) * cone
    gain[canvas.owner > 0] = np.minimum(level + 0.75 * (1 - level) * (0.35 + cone[canvas.owner > 0]), 1.1)
    tint = np.array(conditions.light, np.float32) / level
    lit = cv2.multiply(canvas.pixels, cv2.merge([gain * float(tone) for tone in tint]), dtype=cv2.CV_8U)
    canvas.pixels[:] = lit
    for glow in canvas.glows:
        _shine(canvas.pixels, glow.x, glow.y, glow.radius, glow.colour)


def _cone(width: int, height: int, horizon: float) -> NDArray[np.float32]:
    """Return how strongly the headlights light each pixel, 0 to 1."""
    x = (np.arange(width) / width - 0.5) / 0.42
    y = (np.arange(height) - horizon) / height - 0.14
    y = np.where(y > 0, y / 0.35, y / 0.16)
    return np.asarray(np.outer(np.exp(-y * y), np.exp(-x * x)), np.float32)


def _shine(pixels: Pixels, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
    """Add a lamp: a bright core in a halo."""
    height, width = pixels.shape[:2]
    reach = max(3, round(radius * 6))
    left, top = max(round(x) - reach, 0), max(round(y) - reach, 0)
    right, bottom = min(round(x) + reach, width), min(round(y) + reach, height)
    if left >= right or top >= bottom:
        return
    away = np.hypot(np.arange(left, right)[None, :] + 0.5 - x, np.arange(top, bottom)[:, None] + 0.5 - y) / max(
        radius, 0.5
    )
    light = (np.exp(-((away / 1.1) ** 2)) * 1.2 + 0.25 * np.exp(-away / 1.5))[..., None] * np.array(colour)
    area = pixels[top:bottom, left:right]
    area[:] = np.clip(area + light, 0, 255).astype(np.uint8)
