"""The shapes of road signs, in the square from -1 to 1 that holds them."""

from __future__ import annotations

import math

import numpy as np

from skerry_converters.rendering.paths import Points

_ARC_STEPS = 10


def disc(radius: float = 1.0, centre: tuple[float, float] = (0.0, 0.0)) -> Points:
    """Return a circle."""
    angles = np.linspace(0, 2 * math.pi, 120, endpoint=False)
    return np.stack([centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)], axis=1)


def octagon(apothem: float = 1.0, rounding: float = 0.04) -> Points:
    """Return a stop sign's octagon that lies on a side; ``apothem`` is half its width."""
    radius = apothem / math.cos(math.pi / 8)
    angles = math.pi / 8 + np.arange(8) * (math.pi / 4)
    return rounded(np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1), rounding)


def triangle(side: float = 2.0, rounding: float = 0.1, *, points_up: bool = True) -> Points:
    """Return an equilateral triangle whose middle of height is the square's; ``side`` before rounding."""
    half, rise = side / 2, side * math.sqrt(3) / 4
    sign = 1 if points_up else -1
    # Concentric triangles share their centroid, a sixth of the height below the middle of the full-size one.
    shift = sign * (2.0 - side) * math.sqrt(3) / 12
    top, bottom = shift - sign * rise, shift + sign * rise
    return rounded(np.array([[0, top], [half, bottom], [-half, bottom]], np.float64), rounding)


def diamond(reach: float = 1.0, rounding: float = 0.08) -> Points:
    """Return a square on its corner; ``reach`` is from the centre to a corner before rounding."""
    return rounded(np.array([[0, -reach], [reach, 0], [0, reach], [-reach, 0]], np.float64), rounding)


def rectangle(half_width: float = 1.0, half_height: float = 1.0, rounding: float = 0.08) -> Points:
    """Return an upright rectangle around the centre."""
    x, y = half_width, half_height
    return rounded(np.array([[-x, -y], [x, -y], [x, y], [-x, y]], np.float64), rounding)


def moved(outline: Points, x: float, y: float) -> Points:
    """Return ``outline`` moved to the right and downwards."""
    return np.asarray(outline + np.array([x, y]), np.float64)


def ring(outer: float, inner: float, centre: tuple[float, float] = (0.0, 0.0)) -> tuple[Points, Points]:
    """Return the two circles of a ring, to be filled by the even-odd rule."""
    return disc(outer, centre), disc(inner, centre)


def band(angle: float, half_width: float, radius: float, offset: float = 0.0) -> Points:
    """Return a straight band across the disc of ``radius``, cut off at its edge; ``angle`` is its direction.

    ``offset`` moves it sideways from the centre.
    """
    ends = []
    for sideways in (offset - half_width, offset + half_width):
        reach = math.sqrt(max(radius**2 - sideways**2, 0.0))
        ends.append(((-reach, sideways), (reach, sideways)))
    corners = np.array([ends[0][0], ends[0][1], ends[1][1], ends[1][0]], np.float64)
    cos, sin = math.cos(angle), math.sin(angle)
    turned: Points = corners @ np.array([[cos, sin], [-sin, cos]])
    return turned


def rounded(corners: Points, radius: float) -> Points:
    """Replace each corner of a convex shape by an arc of ``radius``."""
    if radius <= 0:
        return corners
    points = []
    for before, corner, after in zip(np.roll(corners, 1, axis=0), corners, np.roll(corners, -1, axis=0), strict=True):
        to_before, to_after = ((end - corner) / np.hypot(*(end - corner)) for end in (before, after))
        half_angle = math.acos(float(np.clip(to_before @ to_after, -1, 1))) / 2
        middle = to_before + to_after
        centre = corner + middle / np.hypot(*middle) * (radius / math.sin(half_angle))
        reach = radius / math.tan(half_angle)
        start, end = (corner + way * reach - centre for way in (to_before, to_after))
        first = math.atan2(start[1], start[0])
        turn = (math.atan2(end[1], end[0]) - first + math.pi) % (2 * math.pi) - math.pi
        angles = first + turn * np.linspace(0, 1, _ARC_STEPS)
        points.append(centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    return np.vstack(points)
