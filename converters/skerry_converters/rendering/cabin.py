"""What a camera behind a windscreen sees of its own car: the dashboard, reflections, its own clock in the picture."""

from __future__ import annotations

import math

import cv2
import numpy as np

from skerry_converters.rendering.canvas import Canvas
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.glyphs import write_text
from skerry_converters.rendering.view import View


def draw_cabin(canvas: Canvas, view: View, draws: Draws) -> None:
    """Draw, now and then, each of them over the finished scene."""
    if draws.chance(0.1):
        _dashboard(canvas, view, draws)
    if draws.chance(0.08):
        _reflections(canvas, view, draws)
    if draws.chance(0.06):
        _stamp(canvas, view, draws)


def _dashboard(canvas: Canvas, view: View, draws: Draws) -> None:
    across = np.linspace(0, 1, 24)
    middle, sag = draws.between(0.3, 0.7), draws.between(0.02, 0.07)
    top = view.height * (1 - draws.between(0.04, 0.14) + sag * (across - middle) ** 2 * 4)
    edge = np.stack([across * view.width, top], axis=1)
    corners = np.vstack([edge, [[view.width + 1, view.height + 1], [-1, view.height + 1]]])
    tone = 18 + draws.below(40)
    canvas.fill(corners, (tone, tone, tone))


def _reflections(canvas: Canvas, view: View, draws: Draws) -> None:
    """Lay pale shapes over the picture, as of paper that lies behind the windscreen."""
    veil = np.zeros(canvas.owner.shape, np.uint8)
    for _ in range(1 + draws.below(3)):
        at = (draws.below(view.width), draws.below(view.height))
        axes = (round(view.width * draws.between(0.1, 0.4)), round(view.height * draws.between(0.03, 0.12)))
        cv2.ellipse(veil, at, axes, draws.between(-25, 25), 0, 360, draws.between(8, 30), -1, cv2.LINE_AA)
    soft = cv2.blur(veil, (2 * (view.width // 40) + 1,) * 2)
    cv2.add(canvas.pixels, cv2.cvtColor(soft, cv2.COLOR_GRAY2BGR), dst=canvas.pixels)


def _stamp(canvas: Canvas, view: View, draws: Draws) -> None:
    height = view.height * draws.between(0.022, 0.04)
    date = f"20{10 + draws.below(17)} {1 + draws.below(12):02d} {1 + draws.below(28):02d}"
    text = f"{date} {draws.below(24):02d} {draws.below(60):02d}"
    colour = draws.one_of(((240, 240, 240), (60, 220, 250)))
    shapes = write_text(text, height=height, weight=0.15)
    reach = max(float(line[:, 0].max()) for shape in shapes for line in shape)
    spot = np.array([reach + height, draws.one_of((height, view.height - height))])
    for shape in shapes:
        for line in shape:
            canvas.fill(line + spot, colour)


def dazzle(canvas: Canvas, view: View, draws: Draws) -> None:
    """Let a low sun near the horizon shine into the lens."""
    height, width = canvas.owner.shape
    x, y = draws.between(0.1, 0.9) * width, view.horizon - draws.between(0.0, 0.25) * height
    reach = draws.between(0.12, 0.4) * math.hypot(width, height)
    across, down = (np.arange(width, dtype=np.float32) - x) / reach, (np.arange(height, dtype=np.float32) - y) / reach
    light = draws.between(60, 190) * np.exp(-(down[:, None] ** 2)) * np.exp(-(across[None, :] ** 2))
    tones = (0.75, 0.92, 1.0)
    cv2.add(canvas.pixels, cv2.merge([cv2.convertScaleAbs(light, alpha=tone) for tone in tones]), dst=canvas.pixels)
