"""Things along the road, each of which draws itself: bars, flat pictures that stand up, walls and buildings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from skerry_converters.rendering.art import Colour
from skerry_converters.rendering.canvas import PLAIN, Canvas, Gain, Glow
from skerry_converters.rendering.raster import Sheet, level_for
from skerry_converters.rendering.view import NEAREST_M, Corners, View

_LEAST_PX = 1.5


class Item(Protocol):
    """A thing at a station along the road; what is farther away is drawn first."""

    @property
    def z_m(self) -> float:
        """Its station."""
        ...

    def draw(self, canvas: Canvas, view: View) -> None:
        """Draw it, or nothing where it lies behind the camera or outside the picture."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A round bar between two points: a post, an arm, a cable."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius_m: float
    colour: Colour

    @property
    def z_m(self) -> float:
        """The station of the nearer end."""
        return min(self.start[2], self.end[2])

    def draw(self, canvas: Canvas, view: View) -> None:
        """Draw the bar with a lighter line along it where it is wide enough to look round."""
        depth = view.depth(self.z_m)
        if depth < NEAREST_M:
            return
        ends = view.project(np.array([self.start, self.end], np.float64))
        along = ends[1] - ends[0]
        length = float(np.hypot(*along))
        if length < 1:
            return
        across = np.array([-along[1], along[0]]) / length
        reaches = [max(self.radius_m * view.scale(z), 0.35) for z in (self.start[2], self.end[2])]
        _fill_bar(canvas, ends, across, reaches, self.colour, depth)
        if reaches[0] > 1.5:
            light: Colour = tuple(min(channel + 38, 255) for channel in self.colour)  # type: ignore[assignment]
            thin = [reach * 0.3 for reach in reaches]
            _fill_bar(canvas, ends - across * reaches[0] * 0.25, across, thin, light, depth)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A flat picture that stands upright and faces the camera; ``sheets`` gives it, from large to small."""

    sheets: Callable[[], tuple[Sheet, ...]]
    x_m: float
    z_m: float
    width_m: float
    height_m: float
    foot_m: float = 0.0
    gain: Gain = PLAIN

    def draw(self, canvas: Canvas, view: View) -> None:
        """Draw the picture upright, whatever the camera's roll."""
        depth = view.depth(self.z_m)
        if depth < NEAREST_M:
            return
        scale = view.scale(self.z_m)
        x, y = view.point(self.x_m, self.foot_m, self.z_m)
        half, high = self.width_m * scale / 2, self.height_m * scale
        if high < _LEAST_PX:
            return
        corners = np.array([[x - half, y - high], [x + half, y - high], [x + half, y], [x - half, y]])
        canvas.paste(level_for(self.sheets(), max(2 * half, high)), corners, depth, gain=self.gain)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wall:
    """An upright wall along the road from one station to another: a facade, a fence, a hedge."""

    sheets: Callable[[], tuple[Sheet, ...]]
    x_m: float
    begin_m: float
    end_m: float
    z_m: float
    """By which it is drawn: its end where things stand before it, its beginning where they stand behind it."""
    height_m: float
    foot_m: float = 0.0
    gain: Gain = PLAIN

    def draw(self, canvas: Canvas, view: View) -> None:
        """Draw the part of it that lies ahead of the camera."""
        first = max(self.begin_m, view.station_m + 2 * NEAREST_M)
        if first >= self.end_m:
            return
        sheet = self.sheets()[0]
        # The part behind the camera is cut off the picture, so that the rest does not move.
        cut = int(sheet.shape[1] * (first - self.begin_m) / (self.end_m - self.begin_m))
        top = self.foot_m + self.height_m
        spots = [(first, top), (self.end_m, top), (self.end_m, self.foot_m), (first, self.foot_m)]
        corners = view.project(np.array([[self.x_m, y, z] for z, y in spots]))
        side = float(np.abs(corners[:, 1]).max() - np.abs(corners[:, 1]).min())
        if cut == 0:
            sheet = level_for(self.sheets(), max(side, 2.0))
        else:
            sheet = np.ascontiguousarray(sheet[:, min(cut, sheet.shape[1] - 2) :])
        canvas.paste(sheet, corners, view.depth((first + self.end_m) / 2), gain=self.gain)


@dataclass(frozen=True, kw_only=True, slots=True)
class Front:
    """An upright wall across the line of sight, from ``left_m`` to ``right_m``."""

    sheets: Callable[[], tuple[Sheet, ...]]
    left_m: float
    right_m: float
    z_m: float
    height_m: float
    gain: Gain = PLAIN

    def draw(self, canvas: Canvas, view: View) -> None:
        """Draw it."""
        depth = view.depth(self.z_m)
        if depth < 2 * NEAREST_M:
            return
        spots = [(self.left_m, self.height_m), (self.right_m, self.height_m), (self.right_m, 0.0), (self.left_m, 0.0)]
        corners = view.project(np.array([[x, y, self.z_m] for x, y in spots]))
        side = (self.right_m - self.left_m) * view.scale(self.z_m)
        canvas.paste(level_for(self.sheets(), side), corners, depth, gain=self.gain)


@dataclass(frozen=True, kw_only=True, slots=True)
class Slab:
    """A flat shape of one colour with its corners in metres: a roof, a gable."""

    corners_m: tuple[tuple[float, float, float], ...]
    colour: Colour

    @property
    def z_m(self) -> float:
        """The station of its nearest corner."""
        return min(z for _, _, z in self.corners_m)

    def draw(self, canvas: Canvas, view: View) -> None:
        """Draw it where all of it lies ahead."""
        if view.depth(self.z_m) >= NEAREST_M:
            corners = view.project(np.array(self.corners_m, np.float64))
            canvas.fill(corners, self.colour, view.depth(self.z_m))


@dataclass(frozen=True, kw_only=True, slots=True)
class Patch:
    """A flat picture that lies on the road: a shadow."""

    sheets: Callable[[], tuple[Sheet, ...]]
    left_m: float
    right_m: float
    near_m: float
    z_m: float
    """The station of its far edge, so that what stands on it is drawn later."""

    def draw(self, canvas: Canvas, view: View) -> None:
        """Draw it where all of it lies ahead."""
        if view.depth(self.near_m) < 2 * NEAREST_M:
            return
        spots = [
            (self.left_m, self.z_m),
            (self.right_m, self.z_m),
            (self.right_m, self.near_m),
            (self.left_m, self.near_m),
        ]
        corners = view.project(np.array([[x, 0.0, z] for x, z in spots]))
        side = (self.right_m - self.left_m) * view.scale(self.near_m)
        canvas.paste(level_for(self.sheets(), side), corners, view.depth(self.z_m))


@dataclass(frozen=True, kw_only=True, slots=True)
class Lamp:
    """A light that is lit."""

    x_m: float
    y_m: float
    z_m: float
    radius_m: float
    colour: Colour

    def draw(self, canvas: Canvas, view: View) -> None:
        """Leave a glow, which shines when the scene has been darkened."""
        if view.depth(self.z_m) < 2 * NEAREST_M:
            return
        x, y = view.point(self.x_m, self.y_m, self.z_m)
        canvas.glows.append(Glow(x=x, y=y, radius=self.radius_m * view.scale(self.z_m), colour=self.colour))


def _fill_bar(
    canvas: Canvas, ends: Corners, across: Corners, reaches: list[float], colour: Colour, depth: float
) -> None:
    (first, last), (a, b) = ends, reaches
    corners = np.array([first + across * a, last + across * b, last - across * b, first - across * a])
    canvas.fill(corners, colour, depth)
