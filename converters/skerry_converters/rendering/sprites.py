"""Things that look alike from where one stands: trees, bushes, people, drawn once and stood up as flat pictures."""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np

from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.raster import SIDE, Sheet, halvings

TREES, CONIFERS, BARE_TREES, BUSHES, TWIGS = 8, 4, 4, 5, 6
NOMINAL_GREEN = (52.0, 112.0, 82.0)
"""The tone that leaves are drawn in, so that a season's tone is a gain on it."""


@cache
def tree(number: int) -> tuple[Sheet, ...]:
    """Return a broad-leaved tree in leaf."""
    draws = Draws("tree", number)
    sheet = _empty()
    _trunk(sheet, draws, top=0.45)
    _crown(sheet, draws, centre=(0.5, 0.37), reach=(draws.between(0.32, 0.44), 0.33), clusters=120)
    return halvings(sheet)


@cache
def conifer(number: int) -> tuple[Sheet, ...]:
    """Return a spruce."""
    draws = Draws("conifer", number)
    sheet = _empty()
    _trunk(sheet, draws, top=0.6)
    for level in range(60):
        y = 0.04 + 0.86 * level / 60
        reach = 0.03 + (0.3 + 0.06 * draws.share()) * level / 60
        for _ in range(9):
            x = 0.5 + reach * draws.between(-1, 1)
            _leaf(sheet, draws, x, y + 0.05 * abs(x - 0.5), long=9, shade=0.55 + 0.35 * draws.share())
    return halvings(sheet)


@cache
def bare_tree(number: int) -> tuple[Sheet, ...]:
    """Return a tree without leaves."""
    draws = Draws("bare tree", number)
    sheet = _empty()
    _branch(sheet, draws, 0.5, 1.0, -math.pi / 2, 0.26, 7.0)
    return halvings(sheet)


@cache
def bush(number: int) -> tuple[Sheet, ...]:
    """Return a bush."""
    draws = Draws("bush", number)
    sheet = _empty()
    _crown(sheet, draws, centre=(0.5, 0.62), reach=(0.46, 0.36), clusters=100)
    return halvings(sheet)


@cache
def twig(number: int) -> tuple[Sheet, ...]:
    """Return a branch with leaves, as one that hangs in front of a sign."""
    draws = Draws("twig", number)
    sheet = _empty()
    x, y, heading = 0.0, draws.between(0.2, 0.8), draws.near(0.0, 0.3)
    for _ in range(40):
        end_x, end_y = x + 0.025 * math.cos(heading), y + 0.025 * math.sin(heading)
        cv2.line(sheet, _at(x, y), _at(end_x, end_y), (40, 55, 70, 255), 2, cv2.LINE_AA)
        for _ in range(4):
            _leaf(sheet, draws, end_x + draws.near(0, 0.05), end_y + draws.near(0, 0.06), 15, 0.6 + 0.7 * draws.share())
        x, y, heading = end_x, end_y, heading + draws.near(0.0, 0.15)
    return halvings(sheet)


@cache
def shadow(dark: int) -> tuple[Sheet, ...]:
    """Return a shadow with soft edges that leaves all but ``dark`` per cent of the light."""
    span = np.linspace(-1, 1, SIDE, dtype=np.float32)
    away = np.hypot(span[None, :], span[:, None])
    sheet = _empty()
    sheet[..., 3] = np.clip((1 - away) * 2.5, 0, 1) * (2.55 * dark)
    return halvings(sheet)


def _crown(
    sheet: Sheet, draws: Draws, *, centre: tuple[float, float], reach: tuple[float, float], clusters: int
) -> None:
    """Fill an ellipse with clusters of leaves, the ones in front lighter at the upper left."""
    for number in range(clusters):
        angle, away = draws.between(0, math.tau), math.sqrt(draws.share())
        x, y = (c + r * away * f(angle) for c, r, f in zip(centre, reach, (math.cos, math.sin), strict=True))
        lit = (
            0.55 + 0.3 * (number / clusters) + 0.25 * ((centre[1] - y) / reach[1]) + 0.12 * ((centre[0] - x) / reach[0])
        )
        dark = [channel * lit * 0.6 for channel in NOMINAL_GREEN]
        axes = (6 + draws.below(9), 5 + draws.below(7))
        cv2.ellipse(sheet, _at(x, y), axes, draws.between(0, 180), 0, 360, (*dark, 255.0), -1, cv2.LINE_8)
        for _ in range(16):
            _leaf(sheet, draws, x + draws.near(0, 0.028), y + draws.near(0, 0.024), 6, lit * draws.between(0.75, 1.3))


def _leaf(sheet: Sheet, draws: Draws, x: float, y: float, long: int, shade: float) -> None:
    colour = [min(channel * shade, 255.0) for channel in NOMINAL_GREEN]
    axes = (1 + draws.below(long), 1 + draws.below(max(long // 2, 1)))
    cv2.ellipse(sheet, _at(x, y), axes, draws.between(0, 180), 0, 360, (*colour, 255.0), -1, cv2.LINE_8)


def _trunk(sheet: Sheet, draws: Draws, *, top: float) -> None:
    shade = draws.between(0.7, 1.3)
    lean = draws.near(0, 0.02)
    corners = np.array([_at(0.475, 1.0), _at(0.49 + lean, top), _at(0.515 + lean, top), _at(0.53, 1.0)])
    cv2.fillPoly(sheet, [corners], (66 * shade, 72 * shade, 64 * shade, 255.0), cv2.LINE_AA)


def _branch(sheet: Sheet, draws: Draws, x: float, y: float, heading: float, long: float, thick: float) -> None:
    end_x, end_y = x + long * math.cos(heading), y + long * math.sin(heading)
    shade = draws.between(0.7, 1.2)
    colour = (62 * shade, 70 * shade, 78 * shade, 255.0)
    cv2.line(sheet, _at(x, y), _at(end_x, end_y), colour, max(1, round(thick)), cv2.LINE_8)
    if long > 0.03:
        for _ in range(3):
            turned = heading + draws.near(0.0, 0.5)
            _branch(sheet, draws, end_x, end_y, turned, long * draws.between(0.6, 0.8), thick * 0.62)


def _at(x: float, y: float) -> tuple[int, int]:
    return round(x * SIDE), round(y * SIDE)


def _empty() -> Sheet:
    return np.zeros((SIDE, SIDE, 4), np.uint8)
