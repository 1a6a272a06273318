"""Walls of houses, fences and hedges, drawn once and hung up along the road."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from skerry_converters.rendering import textures
from skerry_converters.rendering.art import Colour
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.raster import SIDE, Sheet, halvings
from skerry_converters.rendering.sprites import NOMINAL_GREEN

FACADES, SHOPS, HEDGES, FENCES = 14, 6, 3, 4
_WALLS: tuple[Colour, ...] = (
    (186, 206, 214),
    (150, 186, 208),
    (120, 140, 176),
    (96, 110, 150),
    (200, 204, 206),
    (150, 150, 148),
    (128, 166, 196),
    (170, 190, 186),
)


@cache
def facade(number: int) -> tuple[Sheet, ...]:
    """Return a front with rows of windows."""
    draws = Draws("facade", number)
    sheet = _wall(draws, textures.bricks() if number % 3 == 0 else textures.streaks(), 0.14)
    rows, columns = 2 + draws.below(4), 2 + draws.below(5)
    _windows(sheet, draws, rows, columns, top=0.05, bottom=0.96)
    return halvings(sheet)


@cache
def shop(number: int) -> tuple[Sheet, ...]:
    """Return a front with shop windows and a board below, and windows above."""
    draws = Draws("shop", number)
    sheet = _wall(draws, textures.streaks(), 0.1)
    _windows(sheet, draws, 2, 3 + draws.below(3), top=0.04, bottom=0.6)
    board = tuple(30 + draws.below(200) for _ in range(3))
    cv2.rectangle(sheet, (6, int(0.64 * SIDE)), (SIDE - 6, int(0.71 * SIDE)), (*board, 255), -1)
    for pane in range(3):
        left = 12 + pane * (SIDE - 20) // 3
        _pane(sheet, draws, left, int(0.73 * SIDE), left + (SIDE - 20) // 3 - 10, int(0.97 * SIDE))
    return halvings(sheet)


@cache
def hedge(number: int) -> tuple[Sheet, ...]:
    """Return leaves with an uneven upper edge."""
    draws = Draws("hedge", number)
    leaves = textures.crop(textures.leaves(), draws, SIDE, SIDE).astype(np.float32)
    shade = np.linspace(1.15, 0.6, SIDE, dtype=np.float32)[:, None] * leaves / 128
    sheet = np.dstack([np.clip(shade * channel, 0, 255) for channel in NOMINAL_GREEN] + [np.full_like(shade, 255)])
    edge = cv2.resize(draws.grid(1, 24), (SIDE, 1), interpolation=cv2.INTER_CUBIC)[0] * 0.12 * SIDE
    sheet[np.arange(SIDE)[:, None] < edge[None, :]] = 0
    return halvings(sheet.astype(np.uint8))


@cache
def fence(number: int) -> tuple[Sheet, ...]:
    """Return a fence of boards or bars that one sees through."""
    draws = Draws("fence", number)
    sheet = np.zeros((SIDE, SIDE, 4), np.uint8)
    tone = draws.between(70, 190)
    colour = (tone * 0.85, tone * 0.95, tone, 255)
    step, wide = ((16, 12), (16, 3), (32, 4), (20, 10))[number % 4]
    for x in range(0, SIDE, step):
        cv2.rectangle(sheet, (x, 8), (x + wide, SIDE), colour, -1)
    for y in (0.2, 0.75):
        cv2.rectangle(sheet, (0, int(y * SIDE)), (SIDE, int(y * SIDE) + 10), colour, -1)
    return halvings(sheet)


@cache
def guard_rail() -> tuple[Sheet, ...]:
    """Return a steel rail on posts."""
    sheet = np.zeros((SIDE, SIDE, 4), np.uint8)
    for x in range(16, SIDE, 64):
        cv2.rectangle(sheet, (x, 60), (x + 6, SIDE), (110, 112, 112, 255), -1)
    for y, tone in ((20, 190), (60, 140), (80, 205), (120, 150), (140, 120)):
        cv2.rectangle(sheet, (0, y), (SIDE, y + 40), (tone, tone, tone - 4, 255), -1)
    return halvings(sheet)


def _wall(draws: Draws, tile: textures.Tile, contrast: float) -> Sheet:
    tone = np.array(draws.one_of(_WALLS), np.float32) * draws.between(0.8, 1.1)
    rough = cv2.resize(textures.crop(tile, draws, 2 * SIDE, 2 * SIDE), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    rough = rough.astype(np.float32)[..., None]
    wall = np.clip(tone * (1 + contrast * (rough - 128) / 64), 0, 255)
    return np.dstack([wall, np.full((SIDE, SIDE), 255.0)]).astype(np.uint8)


def _windows(sheet: Sheet, draws: Draws, rows: int, columns: int, *, top: float, bottom: float) -> None:
    high, wide = (bottom - top) * SIDE / rows, SIDE / columns
    inset_x, inset_y = wide * draws.between(0.16, 0.3), high * draws.between(0.14, 0.26)
    for row in range(rows):
        for column in range(columns):
            left, upper = column * wide + inset_x, top * SIDE + row * high + inset_y
            right, lower = (column + 1) * wide - inset_x, top * SIDE + (row + 1) * high - inset_y
            _pane(sheet, draws, int(left), int(upper), int(right), int(lower))


def _pane(sheet: Sheet, draws: Draws, left: int, top: int, right: int, bottom: int) -> None:
    """Draw a window: a pale frame, and glass that is darker below what it reflects."""
    cv2.rectangle(sheet, (left - 3, top - 3), (right + 3, bottom + 3), (222, 226, 226, 255), -1)
    tone = draws.between(30, 120)
    cv2.rectangle(sheet, (left, top), (right, bottom), (tone * 1.1, tone, tone * 0.9, 255), -1)
    middle = (top + bottom) // 2
    cv2.rectangle(sheet, (left, top), (right, middle), (tone * 1.5 + 20, tone * 1.4 + 16, tone * 1.25 + 10, 255), -1)
    cv2.line(sheet, ((left + right) // 2, top), ((left + right) // 2, bottom), (214, 218, 218, 255), 2)
