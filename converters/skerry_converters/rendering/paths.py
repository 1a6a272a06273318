"""Vector paths: the SVG path language's straight and curved segments as points, and strokes along them."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Corners of one closed line or points along an open one, (n, 2): x to the right, y downwards."""
CURVE_STEPS = 14
_TOKEN = re.compile(r"[MLCZ]|-?(?:\d+\.?\d*|\.\d+)")
_MITRE_LIMIT = 2.5
"""How far a corner of a stroke may reach out, in half widths."""


def parse_path(text: str) -> tuple[Points, ...]:
    """Return each line of ``text``, in the absolute commands M, L, C and Z of SVG's path language (SVG 2, 9.3).

    A line that Z closed ends in the point it began with.
    """
    lines: list[list[tuple[float, float]]] = []
    for command, numbers in _commands(text):
        points = [(numbers[i], numbers[i + 1]) for i in range(0, len(numbers), 2)]
        if command == "M":
            lines.append(points)
        elif command == "L":
            lines[-1] += points
        elif command == "C":
            for i in range(0, len(points), 3):
                lines[-1] += _curve(lines[-1][-1], *points[i : i + 3])
        else:
            lines[-1].append(lines[-1][0])
    return tuple(_without_repeats(np.array(line, np.float64)) for line in lines)


def stroke(line: Points, width: float) -> tuple[Points, ...]:
    """Return the outlines of a stroke along ``line`` with straight ends; a closed line gives an outer and an inner."""
    if len(line) > 3 and np.allclose(line[0], line[-1]):
        ring = line[:-1]
        before, after = np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0)
        reach = _offsets(ring - before, after - ring) * (width / 2)
        return ring + reach, ring - reach
    steps = np.diff(line, axis=0)
    reach = _offsets(np.vstack([steps[:1], steps]), np.vstack([steps, steps[-1:]])) * (width / 2)
    return (np.vstack([line + reach, (line - reach)[::-1]]),)


def limb(start: tuple[float, float], end: tuple[float, float], start_radius: float, end_radius: float) -> Points:
    """Return a limb: two discs and what lies between their outer tangents."""
    a, b = np.array(start), np.array(end)
    length = max(float(np.hypot(*(b - a))), 1e-9)
    heading = np.arctan2(b[1] - a[1], b[0] - a[0])
    lean = np.arccos(np.clip((start_radius - end_radius) / length, -1, 1))
    first = np.linspace(heading + lean, heading + 2 * np.pi - lean, 24)
    last = np.linspace(heading - lean, heading + lean, 24)
    return np.vstack([a + start_radius * _unit(first), b + end_radius * _unit(last)])


def _without_repeats(line: Points) -> Points:
    # A point of no distance to the one before has no direction that a stroke could follow.
    kept: Points = line[np.append(True, np.hypot(*np.diff(line, axis=0).T) > 1e-6)]
    return kept


def _unit(angles: Points) -> Points:
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _commands(text: str) -> list[tuple[str, list[float]]]:
    found: list[tuple[str, list[float]]] = []
    for token in _TOKEN.findall(text):
        if token.isalpha():
            found.append((token, []))
        else:
            found[-1][1].append(float(token))
    return found


def _curve(start: tuple[float, float], *controls: tuple[float, float]) -> list[tuple[float, float]]:
    """Return points of a cubic Bézier curve, its start left out."""
    share = np.linspace(0, 1, CURVE_STEPS + 1)[1:, None]
    a, b, c, d = (np.array(point) for point in (start, *controls))
    points = (1 - share) ** 3 * a + 3 * (1 - share) ** 2 * share * b + 3 * (1 - share) * share**2 * c + share**3 * d
    return [(float(x), float(y)) for x, y in points]


def _offsets(arriving: Points, leaving: Points) -> Points:
    """Return for each point the vector to the stroke's left edge at half width 1, by the mitre of its two segments."""
    left_in, left_out = _left(arriving), _left(leaving)
    sums = left_in + left_out
    squares = np.maximum((sums**2).sum(axis=1), 1e-9)
    mitres = 2 * sums / squares[:, None]
    lengths = np.hypot(mitres[:, 0], mitres[:, 1])
    shortened: Points = mitres * np.minimum(1, _MITRE_LIMIT / np.maximum(lengths, 1e-9))[:, None]
    return shortened


def _left(vectors: Points) -> Points:
    lengths = np.maximum(np.hypot(vectors[:, 0], vectors[:, 1]), 1e-9)
    return np.stack([-vectors[:, 1], vectors[:, 0]], axis=1) / lengths[:, None]
