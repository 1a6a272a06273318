"""What lies behind everything: the sky, hills and the far edge of woods or a town."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.rendering import textures
from skerry_converters.rendering.art import Colour
from skerry_converters.rendering.canvas import Canvas
from skerry_converters.rendering.conditions import Conditions, Tone
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.view import View

Values = NDArray[np.float32]
_HILLS_M, _EDGE_M = 900.0, 160.0


def draw_sky(canvas: Canvas, view: View, conditions: Conditions, draws: Draws) -> None:
    """Fill the picture down to the horizon and a little below it: hills hide the line."""
    bottom = int(np.clip(view.horizon + abs(view.roll) * view.width / 2 + 4, 1, view.height))
    rise = np.linspace(0, 1, bottom, dtype=np.float32)[:, None, None] ** draws.between(0.6, 1.6)
    zenith, horizon = (np.array(tone, np.float32) for tone in (conditions.zenith, conditions.horizon))
    bare = zenith * (1 - rise) + horizon * rise
    bright, cover = _clouds(conditions, draws, view.width, bottom)
    white = horizon * 0.5 + draws.between(100, 128)
    # As 8-bit operations over the whole sky: it is the largest thing there is.
    clear = cv2.convertScaleAbs(1 - cover, alpha=255)
    sky = np.repeat(np.clip(bare, 0, 255).astype(np.uint8), view.width, axis=1)
    seen = cv2.multiply(sky, cv2.merge([clear] * 3), scale=1 / 255)
    puffs = bright * cover
    cv2.add(seen, cv2.merge([cv2.convertScaleAbs(puffs, alpha=float(w)) for w in white]), dst=seen)
    canvas.pixels[:bottom] = seen


def _clouds(conditions: Conditions, draws: Draws, width: int, height: int) -> tuple[Values, Values]:
    """Return the clouds' brightness and how much they cover, both float32 (height, width, 1)."""
    # Drawn at half size, for they are soft; and drawn out sideways, as those far away are seen from below.
    tile = textures.crop(textures.cloud(), draws, width // 4 + 1, height // 2 + 1, zoom=draws.between(0.5, 1.6))
    tile = cv2.resize(tile, (width // 2 + 1, height // 2 + 1)).astype(np.float32)
    cover = np.clip((tile - 128 - 140 * (0.5 - conditions.clouds)) / 60 + 0.35, 0, 1) * 0.9
    shade = 1 - 0.3 * conditions.clouds * np.clip((tile - 128) / 128, -0.4, 1)
    bright, covering = (cv2.resize(half, (width, height))[..., None] for half in (shade, cover))
    return np.asarray(bright * (0.25 if conditions.dark else 1.0), np.float32), np.asarray(covering, np.float32)


def draw_far_edge(canvas: Canvas, view: View, conditions: Conditions, draws: Draws) -> None:
    """Draw hills, and in front of them the outline of woods or roofs, all the way across."""
    if draws.chance(0.5):
        tone = _mixed(conditions.greenness, (120, 110, 100), 0.5)
        _ridge(canvas, view, draws, height_m=draws.between(20, 130), z_m=_HILLS_M, tone=tone, cells=4)
    if draws.chance(0.85):
        tone = _mixed(conditions.greenness, (60, 60, 60), 0.35)
        _ridge(canvas, view, draws, height_m=draws.between(5, 18), z_m=_EDGE_M, tone=tone, cells=draws.below(30) + 8)


def _ridge(canvas: Canvas, view: View, draws: Draws, *, height_m: float, z_m: float, tone: Tone, cells: int) -> None:
    count = 120
    coarse, fine = draws.grid(1, cells), draws.grid(count)
    line = cv2.resize(coarse, (count, 1), interpolation=cv2.INTER_LINEAR)[0] + 0.12 * fine
    heights = (0.25 + line) * height_m
    # Neither the bend of the road nor the way along it moves what is so far off.
    still = replace(view, station_m=0.0, bend=0.0)
    left, right = (view.aside_m + side * view.width / view.focal * z_m for side in (-1, 1))
    top = still.project(np.stack([np.linspace(left, right, count), heights, np.full(count, z_m)], axis=1))
    foot = still.project(np.array([[right, -2.0, z_m], [left, -2.0, z_m]]))
    foot[:, 1] += 4
    tile = textures.crop(textures.blotches(), draws, textures.SIDE, 160)
    # Hazed as if they were nearer, or haze would leave nothing of hills.
    canvas.fill_textured(np.vstack([top, foot]), _colour(tone), tile, 0.7, min(z_m, _EDGE_M * 1.5))


def _mixed(tone: Tone, other: Tone, share: float) -> Tone:
    blue, green, red = (a * (1 - share) + b * share for a, b in zip(tone, other, strict=True))
    return blue, green, red


def _colour(tone: Tone) -> Colour:
    blue, green, red = (int(min(channel, 255)) for channel in tone)
    return blue, green, red
