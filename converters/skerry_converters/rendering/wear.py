"""What years, weather and people do to a sign's face, and what light does to it today."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.rendering import textures
from skerry_converters.rendering.art import Colour
from skerry_converters.rendering.conditions import Conditions
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.raster import Sheet

_MAP = 64
"""Side of the maps of light and dirt, which are smooth enough to be drawn coarsely."""

_PALE = (0.66, 0.7, 0.74)
"""What sun-bleached colours end as."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sticker:
    """Something stuck on a face: its middle and reach in shares of the face's square."""

    x: float
    y: float
    reach: float
    turn: float
    colour: Colour


@dataclass(frozen=True, kw_only=True, slots=True)
class Wear:
    """All of it in shares, 0 where there is none; the same at whatever size the face is drawn."""

    light: float = 1.0
    slope: tuple[float, float] = (0.0, 0.0)
    """How much lighter the face is at its right and lower edges than in the middle."""
    fade: float = 0.0
    """How far colours have gone towards a pale grey."""
    dirt: float = 0.0
    streaks: float = 0.0
    shadow: float = 0.0
    """How dark the shadows of leaves on it are."""
    glare: float = 0.0
    snow: float = 0.0
    """How much of it snow covers, from its upper edge."""
    stickers: tuple[Sticker, ...] = ()
    key: int = 0

    def apply(self, sheet: Sheet) -> Sheet:
        """Return ``sheet`` as it looks after all that."""
        shaded = self._faded(sheet)
        for sticker in self.stickers:
            _stick(shaded, sticker)
        gain = cv2.resize(self._light(), shaded.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        # The face may come out brighter than it is covered, but never covered more or less.
        lit = np.asarray(
            cv2.multiply(shaded, cv2.merge([gain, gain, gain, np.ones_like(gain)]), dtype=cv2.CV_8U), np.uint8
        )
        return self._whitened(lit) if self.glare or self.snow else lit

    def _faded(self, sheet: Sheet) -> Sheet:
        *colours, cover = cv2.split(sheet)
        faded = [
            cv2.addWeighted(c, 1 - self.fade, cover, self.fade * p, 0.0) for c, p in zip(colours, _PALE, strict=True)
        ]
        return np.asarray(cv2.merge([*faded, cover]), np.uint8)

    def _light(self) -> NDArray[np.float32]:
        span = np.linspace(-1, 1, _MAP, dtype=np.float32)
        light = self.light * (1 + self.slope[0] * span[None, :] + self.slope[1] * span[:, None])
        draws = Draws("wear", self.key)
        if self.dirt:
            light *= 1 - self.dirt * _above(textures.crop(textures.blotches(), draws, _MAP, _MAP), 128)
        if self.streaks:
            light *= 1 - self.streaks * _above(textures.crop(textures.streaks(), draws, _MAP, _MAP), 120)
        if self.shadow:
            light *= 1 - self.shadow * np.clip(
                _above(textures.crop(textures.cloud(), draws, _MAP, _MAP, zoom=0.6), 128) * 6, 0, 1
            )
        return np.asarray(light, np.float32)

    def _whitened(self, sheet: Sheet) -> Sheet:
        """Lay white over the face: a bright reflection, or snow that clings to its upper edge."""
        draws = Draws("white", self.key)
        span = np.linspace(-1, 1, _MAP, dtype=np.float32)
        x, y, angle = draws.between(-0.7, 0.7), draws.between(-0.7, 0.7), draws.between(0, math.pi)
        across = math.cos(angle) * (span[None, :] - x) + math.sin(angle) * (span[:, None] - y)
        white = self.glare * np.exp(-((across / draws.between(0.2, 0.6)) ** 2))
        if self.snow:
            edge = textures.crop(textures.blotches(), draws, _MAP, _MAP).astype(np.float32) / 128 - 1
            white = np.maximum(white, np.clip((2 * self.snow - 1 - span[:, None] + 0.5 * edge) * 8, 0, 0.95))
        share = cv2.resize(white.astype(np.float32), sheet.shape[1::-1])[..., None]
        cover = sheet[..., 3:].astype(np.float32)
        mixed = sheet[..., :3] * (1 - share) + cover * share * min(0.6 + 0.5 * self.light, 1.0)
        return np.dstack([np.clip(mixed, 0, 255).astype(np.uint8), sheet[..., 3]])


def draw_wear(draws: Draws, conditions: Conditions, most: float) -> Wear:
    """Return the wear of one face: most are sound, some are not; ``most`` is how bad it may get, 0 to 1."""
    sunny = conditions.shadows > 0
    return Wear(
        light=draws.between(0.55, 1.06) if sunny else draws.between(0.72, 1.0),
        slope=(draws.near(0.0, 0.06), draws.near(0.0, 0.06)),
        fade=draws.between(0.0, 0.12) if draws.chance(0.7) else 0.12 + 0.38 * most * draws.share(),
        dirt=0.45 * most * draws.share() if draws.chance(0.4) else 0.0,
        streaks=0.35 * most * draws.share() if draws.chance(0.25) else 0.0,
        shadow=most * draws.between(0.2, 0.55) if sunny and draws.chance(0.3) else 0.0,
        glare=most * draws.between(0.1, 0.6) if not conditions.dark and draws.chance(0.12) else 0.0,
        snow=most * draws.between(0.05, 0.3) if conditions.snow and draws.chance(0.4) else 0.0,
        stickers=tuple(_draw_sticker(draws) for _ in range(1 + draws.below(3))) if draws.chance(0.1) else (),
        key=draws.below(1 << 30),
    )


def _draw_sticker(draws: Draws) -> Sticker:
    return Sticker(
        x=draws.between(0.2, 0.8),
        y=draws.between(0.2, 0.8),
        reach=draws.between(0.03, 0.09),
        turn=draws.between(0, math.tau),
        colour=(draws.below(256), draws.below(256), draws.below(256)),
    )


def _stick(sheet: Sheet, sticker: Sticker) -> None:
    side = sheet.shape[0]
    angles = sticker.turn + np.array([0.5, math.pi - 0.5, math.pi + 0.5, -0.5])
    corners = np.stack([sticker.x + sticker.reach * np.cos(angles), sticker.y + sticker.reach * np.sin(angles)], axis=1)
    cover = sheet[..., 3].copy()
    cv2.fillPoly(sheet, [np.rint(corners * side).astype(np.int32)], (*sticker.colour, 255), cv2.LINE_8)
    sheet[cover == 0] = 0


def _above(tile: textures.Tile, level: int) -> NDArray[np.float32]:
    return np.clip((tile.astype(np.float32) - level) / 64, 0, 1)
