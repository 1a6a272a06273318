"""The road and the ground beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.rendering import textures
from skerry_converters.rendering.canvas import SHIFT, Canvas, Plane, fixed_point
from skerry_converters.rendering.conditions import Conditions, Tone
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.view import View

FAR_M = 160.0
_STATIONS = 26
_DASH_M, _PERIOD_M = 3.0, 9.0
Stations = NDArray[np.float64]
Values = NDArray[np.float32]
_WHITE: Tone = (214, 216, 216)


@dataclass(frozen=True, kw_only=True, slots=True)
class Road:
    """A road with a dashed line in the middle, and what lies beside it.

    ``left_m`` and ``right_m`` are its edges, ``walk_m`` is the width of its pavements, 0 where grass begins at once.
    """

    left_m: float
    right_m: float
    walk_m: float
    asphalt: Tone
    verge: Tone
    paving: Tone
    worn: float
    edge_lines: bool
    zebra_m: float | None
    """The station of a pedestrian crossing."""
    key: int
    dapple: float
    """How dark the shadows of leaves on it are."""


def draw_road(draws: Draws, conditions: Conditions, *, town: bool) -> Road:
    """Return a road as towns or the country have them."""
    half = draws.between(2.8, 4.2) if town else draws.between(2.6, 5.5)
    grey = draws.between(66, 128) * (0.7 if conditions.wet else 1.0)
    stone = draws.between(110, 170)
    snowy = 0.6 * conditions.snow
    return Road(
        left_m=-half,
        right_m=half,
        walk_m=draws.between(1.5, 4.0) if town else 0.0,
        asphalt=_snowed((grey * 1.02, grey, grey * draws.between(0.95, 1.02)), snowy),
        verge=_snowed(conditions.greenness, conditions.snow),
        paving=_snowed((0.95 * stone, 0.98 * stone, stone), conditions.snow),
        worn=draws.between(0.1, 0.6),
        edge_lines=draws.chance(0.6),
        zebra_m=draws.between(5, 30) if town and draws.chance(0.25) else None,
        key=draws.below(1 << 30),
        dapple=conditions.shadows if draws.chance(0.3) else 0.0,
    )


def draw_ground(canvas: Canvas, view: View, road: Road) -> None:
    """Draw the ground up to the horizon."""
    rough = np.zeros(canvas.owner.shape, np.uint8)
    first = view.first_ground_m
    stations = first * (FAR_M / first) ** np.linspace(0, 1, _STATIONS)
    _open_ground(canvas, rough, view, road)
    stations += view.station_m
    if road.walk_m:
        edges = (road.left_m - road.walk_m, road.right_m + road.walk_m)
        _sweep(canvas, rough, view, stations, edges, road.paving, 45)
    _sweep(canvas, rough, view, stations, (road.left_m, road.right_m), road.asphalt, 38)
    _mark(canvas, view, road, stations)
    _roughen(canvas, view, road, rough)
    _fade(canvas, view)


def _open_ground(canvas: Canvas, rough: Plane, view: View, road: Road) -> None:
    rise = math.tan(view.roll) * view.width / 2
    line = [[0, view.horizon - rise], [view.width, view.horizon + rise]]
    corners = [fixed_point(np.array([*line, [view.width, view.height + 1], [0, view.height + 1]]))]
    cv2.fillPoly(canvas.pixels, corners, road.verge, cv2.LINE_AA, SHIFT)
    cv2.fillPoly(rough, corners, 80, cv2.LINE_8, SHIFT)


def _sweep(
    canvas: Canvas, rough: Plane, view: View, stations: Stations, edges: tuple[float, float], tone: Tone, amount: int
) -> None:
    """Fill the ground between two lines, and note how rough it is there."""
    left, right = (np.stack([np.full_like(stations, x), np.zeros_like(stations), stations], axis=1) for x in edges)
    corners = [fixed_point(view.project(np.vstack([left, right[::-1]])))]
    cv2.fillPoly(canvas.pixels, corners, tone, cv2.LINE_AA, SHIFT)
    cv2.fillPoly(rough, corners, amount, cv2.LINE_8, SHIFT)


def _mark(canvas: Canvas, view: View, road: Road, stations: Stations) -> None:
    nowhere = np.zeros((1, 1), np.uint8)
    if road.edge_lines:
        for x in (road.left_m + 0.25, road.right_m - 0.25):
            _sweep(canvas, nowhere, view, stations, (x - 0.06, x + 0.06), _paint(road), 0)
    first, middle = float(stations[0]), (road.left_m + road.right_m) / 2
    for z in np.arange(first - first % _PERIOD_M, first + 60.0, _PERIOD_M):
        if z + _DASH_M > first:
            _patch(canvas, view, road, (middle - 0.07, middle + 0.07), (max(z, first), z + _DASH_M))
    if road.zebra_m is not None and road.zebra_m > first:
        for x in np.arange(road.left_m + 0.3, road.right_m - 0.4, 1.0):
            _patch(canvas, view, road, (x, x + 0.5), (road.zebra_m, road.zebra_m + 3.5))


def _patch(canvas: Canvas, view: View, road: Road, x_m: tuple[float, float], z_m: tuple[float, float]) -> None:
    (left, right), (near, far) = x_m, z_m
    ground = np.array([[left, 0, near], [right, 0, near], [right, 0, far], [left, 0, far]])
    cv2.fillPoly(canvas.pixels, [fixed_point(view.project(ground))], _paint(road), cv2.LINE_AA, SHIFT)


def _paint(road: Road) -> Tone:
    blue, green, red = (w * (1 - road.worn) + a * road.worn for w, a in zip(_WHITE, road.asphalt, strict=True))
    return blue, green, red


def _roughen(canvas: Canvas, view: View, road: Road, rough: Plane) -> None:
    """Lay noise on the ground in perspective: coarse patches as far as one sees, grain where it is near."""
    top = int(np.clip(view.horizon, 0, view.height - 1))
    patches, grain = _laid(textures.blotches(), 30.0, view, road, top), _laid(textures.grain(), 5.0, view, road, top)
    ground = canvas.pixels[top:]
    gain = (0.9 * patches + 0.8 * grain) * (rough[top:].astype(np.float32) / (128 * 128))
    if road.dapple:
        gain -= road.dapple * np.clip(_laid(textures.blotches(), 22.0, view, road, top) / 12, 0, 1)
    cv2.add(ground, cv2.multiply(ground, cv2.merge([gain] * 3), dtype=cv2.CV_16S), dst=ground, dtype=cv2.CV_8U)


def _laid(tile: textures.Tile, metres: float, view: View, road: Road, top: int) -> Values:
    """Return a tile that covers ``metres`` of ground as seen from row ``top`` on, around 0."""
    width, height = view.width, view.height - top
    # Coarse tiles are smooth enough to be laid at half size.
    half = 2 if metres > 10 else 1
    matrix = np.diag([1 / half, 1 / half, 1.0]) @ _ground_to_picture(view, metres, road, top)
    size = (width // half + 1, height // half + 1)
    seen = cv2.warpPerspective(tile, matrix, size, borderMode=cv2.BORDER_WRAP, flags=cv2.INTER_LINEAR)
    seen = cv2.resize(seen, (width, height)) if half > 1 else seen[:height, :width]
    # What a pixel far away averages over is even: a tile fades out where it is smaller than some pixels.
    rows = np.arange(height, dtype=np.float32) + 1
    fade = np.clip(rows * metres / (view.height_m * 90), 0, 1)[:, None]
    return np.asarray((seen.astype(np.float32) - 128) * fade, np.float32)


def _ground_to_picture(view: View, metres: float, road: Road, top: int) -> NDArray[np.float64]:
    """Return the map from a tile that covers ``metres`` of ground to the picture from row ``top`` on."""
    near, far = view.first_ground_m, view.first_ground_m * 6
    ground = np.array([[-near, 0, near], [near, 0, near], [far, 0, far], [-far, 0, far]])
    pixels = replace(view, station_m=0.0, bend=0.0).project(ground) - [0.5, 0.5 + top]
    offset = road.key % 64
    # Whole tiles are left out, or single precision would not resolve a pixel far along the road.
    tile = (ground[:, [0, 2]] + [offset, view.station_m % metres]) * (textures.SIDE / metres)
    return np.asarray(cv2.getPerspectiveTransform(tile.astype(np.float32), pixels.astype(np.float32)), np.float64)


def _fade(canvas: Canvas, view: View) -> None:
    """Let the ground dissolve into the haze towards the horizon."""
    top = int(np.clip(view.horizon, 0, view.height - 1))
    depth = view.focal * view.height_m / (np.arange(view.height - top) + 0.5)
    clear = np.exp(-math.log(2.0) * np.minimum(depth, 2 * FAR_M) / canvas.haze.half_m)[:, None]
    hazy = np.repeat(((1 - clear) * canvas.haze.colour)[:, None], view.width, axis=1).astype(np.uint8)
    kept = np.repeat(np.repeat(clear[:, None] * 255, view.width, axis=1), 3, axis=2).astype(np.uint8)
    ground = canvas.pixels[top:]
    cv2.add(cv2.multiply(ground, kept, scale=1 / 255), hazy, dst=ground)


def _snowed(tone: Tone, snow: float) -> Tone:
    blue, green, red = (c * (1 - snow) + w * snow for c, w in zip(tone, (236, 232, 228), strict=True))
    return blue, green, red
