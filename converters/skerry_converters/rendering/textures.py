"""Surfaces made of noise: tiles that repeat without a seam, made once a process."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.rendering.draws import Draws

Tile = NDArray[np.uint8]
"""(SIDE, SIDE), around 128, seamless in both directions."""
SIDE = 512
NOISE_DEVIATION = 32.0


@cache
def cloud() -> Tile:
    """Return soft billows of all sizes."""
    return _tile(_octaves("cloud", (2, 4, 8, 16, 32, 64, 128), falloff=0.55))


@cache
def blotches() -> Tile:
    """Return patches a tenth of the tile and smaller: dirt, worn paint, uneven grass."""
    return _tile(_octaves("blotches", (8, 16, 32, 64, 128), falloff=0.7))


@cache
def grain() -> Tile:
    """Return what asphalt and plaster look like from near."""
    return _tile(_octaves("grain", (32, 128, 256, 512), falloff=1.0))


@cache
def leaves() -> Tile:
    """Return foliage: overlapping leaves, each with a shade of its own, darker in the depth."""
    draws = Draws("texture", "leaves")
    tile = np.full((SIDE, SIDE), 70, np.uint8)
    for layer in range(3):
        for _ in range(900):
            at = (draws.below(SIDE), draws.below(SIDE))
            axes = (3 + draws.below(7), 2 + draws.below(4))
            shade = 60 + 45 * layer + draws.below(60)
            # Drawn again past the far edges, so that the tile has no seam.
            for x in (at[0], at[0] - SIDE):
                for y in (at[1], at[1] - SIDE):
                    cv2.ellipse(tile, (x, y), axes, draws.between(0, 180), 0, 360, shade, -1, cv2.LINE_AA)
    return _tile(tile.astype(np.float32))


@cache
def bricks() -> Tile:
    """Return courses of bricks."""
    draws = Draws("texture", "bricks")
    tile = np.full((SIDE, SIDE), 165.0, np.float32)
    high, wide = 16, 32
    for row in range(SIDE // high):
        for column in range(SIDE // wide + 1):
            left = column * wide - (row % 2) * wide // 2
            tile[row * high + 2 : (row + 1) * high, max(left + 2, 0) : left + wide] = draws.between(85, 140)
    return _tile(tile + 12 * _octaves("brick grain", (64, 256), falloff=1.0))


@cache
def streaks() -> Tile:
    """Return what rain leaves on walls and signs: stains drawn downwards."""
    base = _octaves("streaks", (64, 128, 256), falloff=0.8)
    drawn = cv2.blur(np.vstack([base] * 3), (1, 121))[SIDE : 2 * SIDE]
    return _tile(np.asarray(drawn, np.float32))


@cache
def sensor_noise(*, coloured: bool) -> NDArray[np.uint8]:
    """Return what a sensor adds, around 128 with NOISE_DEVIATION; (2 SIDE, 2 SIDE, 3), the channels alike or not."""
    draws = Draws("texture", "sensor")
    total = sum((draws.grid(SIDE, SIDE, 3) for _ in range(4)), np.zeros((SIDE, SIDE, 3), np.float32)) - 2.0
    if not coloured:
        total = np.repeat(total[..., :1], 3, axis=2)
    # The sum of four even draws deviates by 1 / sqrt(3). Laid out twice each way, so that parts need no wrapping.
    noise = np.clip(np.rint(128 + total * (NOISE_DEVIATION * 3**0.5)), 0, 255).astype(np.uint8)
    return np.tile(noise, (2, 2, 1))


def crop(tile: Tile, draws: Draws, width: int, height: int, *, zoom: float = 1.0) -> Tile:
    """Return a part of ``tile`` from anywhere in it, enlarged by ``zoom``; (height, width)."""
    need_x, need_y = max(2, int(np.ceil(width / zoom))), max(2, int(np.ceil(height / zoom)))
    x, y = draws.below(SIDE), draws.below(SIDE)
    part = wrapped(tile, x, y, need_x, need_y)
    return part if zoom == 1.0 else np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR))


def wrapped(tile: Tile, x: int, y: int, width: int, height: int) -> Tile:
    """Return ``width`` by ``height`` pixels from (x, y) on, going round at the edges."""
    rows = np.arange(y, y + height) % SIDE
    columns = np.arange(x, x + width) % SIDE
    return np.asarray(tile[rows][:, columns])


def _octaves(name: str, cells: tuple[int, ...], *, falloff: float) -> NDArray[np.float32]:
    """Return noise summed over grids of so many cells a side, each weaker than the one before by ``falloff``."""
    draws = Draws("texture", name)
    total = np.zeros((SIDE, SIDE), np.float32)
    for number, count in enumerate(cells):
        step = SIDE // count
        around = np.pad(draws.grid(count, count) - 0.5, 2, mode="wrap")
        grown = cv2.resize(around, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += falloff**number * grown[2 * step : 2 * step + SIDE, 2 * step : 2 * step + SIDE]
    return total


def _tile(values: NDArray[np.float32]) -> Tile:
    scaled = (values - values.mean()) * (42.0 / values.std()) + 128
    return np.asarray(np.clip(np.rint(scaled), 0, 255), np.uint8)
