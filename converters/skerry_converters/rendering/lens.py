"""How the camera renders a scene: exposure, blur, noise, compression."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.rendering import textures
from skerry_converters.rendering.canvas import Gain, Pixels
from skerry_converters.rendering.conditions import Conditions
from skerry_converters.rendering.draws import Draws

_SHARPEST_PX = 0.3
"""A blur of less deviation than this changes nothing that pixels could show."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lens:
    """One camera with its settings; whatever changes from frame to frame is drawn when the picture is taken."""

    exposure: float
    balance: tuple[float, float, float]
    gamma: float
    saturation: float
    veil: float
    """How much of the picture's contrast stray light takes, 0 to 1."""
    vignette: float
    blur_px: float
    motion_px: float
    motion_angle: float
    sharpening: float
    noise: float
    """Standard deviation of the sensor's noise, in levels of 255."""
    colour_noise: bool
    coarse: float
    """The factor by which the picture was taken smaller and enlarged; 1 is not at all."""
    quality: int | None
    """Of the JPEG file that it went through; None where it did not."""


def draw_lens(draws: Draws, conditions: Conditions, smallest_px: float) -> Lens:
    """Return a camera's settings; nothing that would wipe out a sign of ``smallest_px`` pixels is chosen."""
    bearable = min(max(0.03 * smallest_px, 0.4), 2.6)
    dark = conditions.dark
    warm = draws.near(0.0, 0.05)
    return Lens(
        exposure=draws.near(1.0, 0.11) * (1.5 if dark else 1.0),
        balance=(1 - warm, 1.0 + draws.near(0.0, 0.015), 1 + warm),
        gamma=draws.ratio(0.78, 1.25),
        saturation=draws.between(0.65, 1.25) if draws.chance(0.9) else draws.between(0.35, 0.65),
        veil=draws.between(0.05, 0.22) if draws.chance(0.2) else 0.0,
        vignette=draws.between(0.1, 0.45) if draws.chance(0.4) else 0.0,
        blur_px=bearable * draws.share() if draws.chance(0.6) else 0.0,
        motion_px=bearable * draws.between(0.8, 2.4) if draws.chance(0.18) else 0.0,
        motion_angle=draws.near(0.0, 0.5),
        sharpening=draws.between(0.2, 1.0) if draws.chance(0.3) else 0.0,
        noise=draws.ratio(1.0, 7.0) * (1.6 if dark else 1.0),
        colour_noise=draws.chance(0.6),
        coarse=draws.between(1.0, 1.0 + min(smallest_px / 50, 0.9)) if draws.chance(0.2) else 1.0,
        quality=None if draws.chance(0.25) else round(100 - draws.ratio(5, 30 if smallest_px < 24 else 60)),
    )


def develop(pixels: Pixels, conditions: Conditions, lens: Lens, draws: Draws) -> Pixels:
    """Return the photograph that ``lens`` takes of ``pixels``; ``draws`` decides about this frame's noise."""
    light = (1.0, 1.0, 1.0) if conditions.dark else conditions.light
    developed = _noisy(_graded(_blurred(pixels, lens), lens, light), lens, draws)
    if lens.sharpening:
        soft = cv2.blur(developed, (3, 3))
        developed = np.asarray(cv2.addWeighted(developed, 1 + lens.sharpening, soft, -lens.sharpening, 0.0), np.uint8)
    return developed if lens.quality is None else _compressed(developed, lens.quality)


def _graded(pixels: Pixels, lens: Lens, light: Gain) -> Pixels:
    graded = np.asarray(cv2.LUT(pixels, _curve(lens, light)), np.uint8)
    if abs(lens.saturation - 1) > 0.02:
        graded = _saturated(graded, lens.saturation)
    if lens.vignette:
        fall = _vignette(pixels.shape[1], pixels.shape[0], lens.vignette)
        graded = np.asarray(cv2.multiply(graded, fall, dtype=cv2.CV_8U), np.uint8)
    return graded


def _compressed(pixels: Pixels, quality: int) -> Pixels:
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _blurred(pixels: Pixels, lens: Lens) -> Pixels:
    if lens.coarse > 1.0:
        height, width = pixels.shape[:2]
        small = cv2.resize(pixels, None, fx=1 / lens.coarse, fy=1 / lens.coarse, interpolation=cv2.INTER_AREA)
        pixels = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    if lens.blur_px > _SHARPEST_PX:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), lens.blur_px), np.uint8)
    if lens.motion_px > 1:
        pixels = np.asarray(cv2.filter2D(pixels, -1, _motion(lens.motion_px, lens.motion_angle)), np.uint8)
    return pixels


def _motion(long_px: float, angle: float) -> NDArray[np.float32]:
    side = int(long_px) // 2 * 2 + 3
    kernel = np.zeros((side, side), np.float32)
    reach, middle = long_px / 2, (side - 1) / 2
    ends = [
        (round((middle + sign * reach * math.cos(angle)) * 16), round((middle + sign * reach * math.sin(angle)) * 16))
        for sign in (-1, 1)
    ]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
    return kernel / max(float(kernel.sum()), 1e-6)


def _curve(lens: Lens, light: Gain) -> Pixels:
    """Return a table of levels for each channel: light, exposure, white balance, gamma and stray light."""
    levels = np.arange(256, dtype=np.float32) / 255
    columns = []
    for gain, balance in zip(light, lens.balance, strict=True):
        exposed = np.clip(levels * gain * lens.exposure * balance, 0, 2.0)
        # Highlights are compressed above three quarters rather than cut off.
        rolled = np.where(exposed > 0.75, 0.75 + 0.25 * np.tanh((exposed - 0.75) / 0.25), exposed)
        columns.append(rolled**lens.gamma * (1 - lens.veil) + lens.veil * 0.75)
    table = np.clip(np.stack(columns, axis=1) * 255, 0, 255)
    return np.rint(table).astype(np.uint8).reshape(1, 256, 3)


def _saturated(pixels: Pixels, saturation: float) -> Pixels:
    grey = np.array([[0.114, 0.587, 0.299]] * 3, np.float32)
    return np.asarray(
        cv2.transform(pixels, saturation * np.eye(3, dtype=np.float32) + (1 - saturation) * grey), np.uint8
    )


def _vignette(width: int, height: int, strength: float) -> NDArray[np.float32]:
    x, y = (np.linspace(-1, 1, side, dtype=np.float32) ** 2 for side in (width, height))
    fall = 1 - strength * 0.5 * (x[None, :] + y[:, None])
    return np.asarray(cv2.merge([fall] * 3), np.float32)


def _noisy(pixels: Pixels, lens: Lens, draws: Draws) -> Pixels:
    height, width = pixels.shape[:2]
    tile = textures.sensor_noise(coloured=lens.colour_noise)
    left, top = draws.below(textures.SIDE), draws.below(textures.SIDE)
    across, down = width + left - tile.shape[1], height + top - tile.shape[0]
    if across > 0 or down > 0:
        wider = cv2.copyMakeBorder(tile, 0, max(down, 0), 0, max(across, 0), cv2.BORDER_WRAP)
        tile = np.asarray(wider, np.uint8)
    part = tile[top : top + height, left : left + width]
    level = lens.noise / textures.NOISE_DEVIATION
    return np.asarray(cv2.addWeighted(pixels, 1.0, part, level, -128 * level), np.uint8)
