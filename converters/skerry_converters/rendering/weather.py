"""What falls and what clings to the windscreen: rain, snow, drops."""

from __future__ import annotations

import math

import cv2
import numpy as np

from skerry_converters.rendering.canvas import Pixels
from skerry_converters.rendering.conditions import Conditions
from skerry_converters.rendering.draws import Draws


def wet_the_road(pixels: Pixels, horizon: float) -> None:
    """Mirror what is above the horizon, faint and drawn out downwards, in the ground."""
    line = int(np.clip(horizon, 0, pixels.shape[0]))
    ground, above = pixels[line:], pixels[:line]
    if min(len(ground), len(above)) < 2:
        return
    mirrored = cv2.blur(cv2.resize(above[::-1], ground.shape[1::-1]), (3, 31))
    cv2.addWeighted(ground, 0.72, mirrored, 0.26, 0.0, dst=ground)


def let_it_fall(pixels: Pixels, conditions: Conditions, draws: Draws) -> None:
    """Draw what falls between the camera and the scene."""
    if conditions.fall == "rain":
        _rain(pixels, draws)
        if draws.chance(0.35):
            _drops(pixels, draws)
    elif conditions.fall == "snow":
        _flakes(pixels, draws)


def _rain(pixels: Pixels, draws: Draws) -> None:
    height, width = pixels.shape[:2]
    slant, long = draws.near(0.0, 0.15), draws.between(0.02, 0.06) * height
    veil = np.zeros((height, width), np.uint8)
    for _ in range(40 + draws.below(140)):
        x, y = draws.below(width), draws.below(height)
        end = (round(x + slant * long), round(y + long * draws.between(0.6, 1.4)))
        cv2.line(veil, (x, y), end, draws.between(20, 70), 1, cv2.LINE_AA)
    cv2.add(pixels, cv2.cvtColor(veil, cv2.COLOR_GRAY2BGR), dst=pixels)


def _flakes(pixels: Pixels, draws: Draws) -> None:
    height, width = pixels.shape[:2]
    veil = np.zeros((height, width), np.uint8)
    for _ in range(60 + draws.below(260)):
        size = draws.ratio(0.5, 3.0) * height / 416
        cv2.circle(
            veil,
            (draws.below(width * 8), draws.below(height * 8)),
            round(size * 8),
            draws.between(90, 220),
            -1,
            cv2.LINE_AA,
            3,
        )
    cv2.add(pixels, cv2.cvtColor(cv2.blur(veil, (2, 3)), cv2.COLOR_GRAY2BGR), dst=pixels)


def _drops(pixels: Pixels, draws: Draws) -> None:
    """Draw drops on the glass, each a small lens that shows the scene upside down and blurred."""
    height, width = pixels.shape[:2]
    soft = cv2.blur(pixels, (9, 9))
    for _ in range(4 + draws.below(14)):
        radius = max(2, round(draws.ratio(0.006, 0.025) * min(height, width)))
        x, y = (radius + draws.below(side - 2 * radius) for side in (width, height))
        area = np.s_[y - radius : y + radius, x - radius : x + radius]
        lens = soft[area][::-1].astype(np.float32)
        span = (np.arange(2 * radius) - radius + 0.5) / radius
        away = np.sqrt(span[:, None] ** 2 + span[None, :] ** 2)[..., None]
        share = np.clip((1 - away) * 2.5, 0, 0.8).astype(np.float32)
        lens = lens * (1.1 - 0.35 * np.clip(away - 0.4, 0, 1)) + 12 * math.copysign(1, draws.share() - 0.4)
        pixels[area] = np.clip(pixels[area] * (1 - share) + lens * share, 0, 255).astype(np.uint8)
