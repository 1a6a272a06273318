"""One picture of a road with signs, and the truth about it: a pure function of split, seed and index."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.rendering.art import STYLES
from skerry_converters.rendering.classes import SIGN_LABELS
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.raster import MARGIN, sign_sheets
from skerry_converters.rendering.signs import sign_art

Split = Literal["train", "validation", "test"]
Box = tuple[float, float, float, float]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True)
class SceneOptions:
    """What is drawn: ``sign_px`` is the range of a sign's longer side in pixels of the picture."""

    sign_px: tuple[float, float] = (16.0, 200.0)
    most_signs: int = 6
    signless_share: float = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class SceneObject:
    """A sign in a picture: ``box_px`` is x_min, y_min, x_max, y_max, its full extent cut off at the picture's edges.

    ``visible`` is the share of it that nothing hides; ``difficult`` marks one that should count neither as found nor as
    missed (VOC), since too little of it can be seen.
    """

    class_id: int
    box_px: Box
    visible: float = 1.0
    difficult: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A picture, uint8 (height, width, 3) in blue, green, red, and the signs in it."""

    pixels: Pixels
    objects: tuple[SceneObject, ...]


def render_scene(
    seed: int,
    index: int = 0,
    *,
    split: Split = "train",
    size: tuple[int, int] = (416, 416),
    options: SceneOptions = SceneOptions(),
) -> Scene:
    """Return picture ``index`` of the endless series that ``split`` and ``seed`` name; ``size`` is width, height.

    The split is part of the key of every random choice, so no series of one split shares pictures with another's.
    """
    draws = Draws("scene", split, seed, index)
    width, height = size
    pixels = _ground_and_sky(draws, width, height)
    objects: list[SceneObject] = []
    count = 0 if draws.chance(options.signless_share) else 1 + draws.below(options.most_signs)
    for _ in range(count):
        side = min(draws.ratio(*options.sign_px), 0.9 * min(size))
        class_id = draws.below(len(SIGN_LABELS))
        corners = _corners(draws, side, width, height)
        box = _box(corners, SIGN_LABELS[class_id], width, height)
        if any(_overlap(box, other.box_px) for other in objects):
            continue
        _paste(pixels, sign_sheets(SIGN_LABELS[class_id], draws.below(len(STYLES))), corners, draws.between(0.35, 1.0))
        objects.append(SceneObject(class_id=class_id, box_px=box))
    return Scene(pixels=_photographed(draws, pixels), objects=tuple(objects))


def _ground_and_sky(draws: Draws, width: int, height: int) -> Pixels:
    horizon = int(height * draws.between(0.35, 0.65))
    canvas = np.empty((height, width, 3), np.float32)
    canvas[:horizon] = [draws.between(120, 250) for _ in range(3)]
    canvas[horizon:] = [draws.between(40, 140) for _ in range(3)]
    road = np.array([[width * 0.5, horizon], [width * draws.between(0.6, 1.4), height], [-width * 0.3, height]])
    cv2.fillPoly(canvas, [road.astype(np.int32)], (95.0, 95.0, 95.0), cv2.LINE_AA)
    rough = sum(cv2.resize(draws.grid(side, side) - 0.5, (width, height)) * 60 for side in (4, 9, 20, 60))
    return np.asarray(np.clip(canvas + np.asarray(rough)[..., None], 0, 255), np.uint8)


def _corners(draws: Draws, side: float, width: int, height: int) -> NDArray[np.float32]:
    """Return where the corners of the sign's square lie: turned, tilted and seen from aside."""
    half = side / 2
    x, y = draws.between(half, width - half), draws.between(half, height - half)
    turn = draws.near(0.0, 0.06)
    squeeze, slant = draws.between(0.75, 1.0), draws.near(0.0, 0.03)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * [squeeze, 1]
    square[:, 1] *= 1 + slant * square[:, 0]
    rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    return np.asarray(square @ rotation * half + [x, y], np.float32)


def _box(corners: NDArray[np.float32], label: str, width: int, height: int) -> Box:
    outline = sign_art(label, STYLES[0]).outline
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    points = cv2.perspectiveTransform(outline[None].astype(np.float32), cv2.getPerspectiveTransform(square, corners))[0]
    (x_min, y_min), (x_max, y_max) = points.min(axis=0), points.max(axis=0)
    return max(float(x_min), 0.0), max(float(y_min), 0.0), min(float(x_max), width), min(float(y_max), height)


def _overlap(box: Box, other: Box) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]


def _paste(pixels: Pixels, sheets: tuple[NDArray[np.uint8], ...], corners: NDArray[np.float32], light: float) -> None:
    side = float(np.hypot(*(corners[1] - corners[0])))
    sheet = next((s for s in reversed(sheets) if s.shape[0] >= side), sheets[0])
    end = (sheet.shape[0] / MARGIN) / 2
    centre = sheet.shape[0] / 2 - 0.5
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * end + centre
    matrix = cv2.getPerspectiveTransform(square.astype(np.float32), corners - 0.5)
    warped = cv2.warpPerspective(sheet, matrix, pixels.shape[1::-1]).astype(np.float32)
    covered = 1 - warped[..., 3:] / 255
    pixels[:] = np.clip(pixels * covered + warped[..., :3] * light, 0, 255).astype(np.uint8)


def _photographed(draws: Draws, pixels: Pixels) -> Pixels:
    noisy = pixels + (draws.grid(*pixels.shape) - 0.5) * draws.between(2, 30)
    _, data = cv2.imencode(
        ".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 40 + draws.below(55)]
    )
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
