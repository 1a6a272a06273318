"""Samples moved, enlarged, mirrored, recoloured and put together, by random numbers that are handed in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.training.config import AugmentationPart
from skerry_converters.training.fitting import PAD
from skerry_converters.training.samples import Pixels, Sample

LEAST_SIDE_PX = 3.0
LEAST_VISIBLE = 0.15
"""What is left of an object that is cut off further, or is smaller, is taken for background."""
COUNTED_VISIBLE = 0.5
"""An object of which less is left is neither to be found nor to be punished."""
_MOSAIC_LEAST = 0.5
_LUMINANCE = np.array([0.114, 0.587, 0.299])
"""Of blue, green and red (Rec. 601)."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    """A part of the new picture, in pixels."""

    left: int
    top: int
    right: int
    bottom: int


def augmented(
    samples: Sequence[Sample],
    side_px: int,
    zoom: tuple[float, float],
    part: AugmentationPart,
    random: np.random.Generator,
) -> Sample:
    """Return a new sample of ``side_px`` squared from one sample, or from four as a mosaic (arXiv 2004.10934).

    All samples are square and of one size.
    """
    areas = _mosaic(side_px, random) if len(samples) == 4 else [Area(left=0, top=0, right=side_px, bottom=side_px)]
    canvas = np.empty((side_px, side_px, 3), np.uint8)
    tiles = []
    for sample, area in zip(samples, areas, strict=True):
        matrix = _placement(sample, area, side_px, zoom, part, random)
        _paint(canvas, sample.pixels, area, matrix)
        _recolour(canvas[area.top : area.bottom, area.left : area.right], part, random)
        tiles.append(_moved(sample, area, matrix))
    return Sample(
        pixels=canvas,
        boxes_px=np.concatenate([one.boxes_px for one in tiles]),
        class_ids=np.concatenate([one.class_ids for one in tiles]),
        counts=np.concatenate([one.counts for one in tiles]),
    )


def _mosaic(side_px: int, random: np.random.Generator) -> list[Area]:
    """Cut the picture into four about a point near its middle."""
    x, y = (int(share * side_px) for share in random.uniform(0.3, 0.7, 2))
    return [
        Area(left=left, top=top, right=right, bottom=bottom)
        for left, right in ((0, x), (x, side_px))
        for top, bottom in ((0, y), (y, side_px))
    ]


def _placement(
    sample: Sample,
    area: Area,
    side_px: int,
    zoom: tuple[float, float],
    part: AugmentationPart,
    random: np.random.Generator,
) -> Matrix:
    """Draw the affine map (2, 3) from the sample's pixels to the new picture's, such that it covers ``area``."""
    wanted_px = side_px * random.uniform(*zoom)
    extent = np.array([area.right - area.left, area.bottom - area.top])
    if extent.min() < side_px:
        wanted_px = max(wanted_px * random.uniform(_MOSAIC_LEAST, 1.0), float(extent.max()))
    start = np.array([area.left, area.top])
    # A picture smaller than its area lies anywhere in it; a larger one covers it.
    ends = np.sort([start, start + extent - wanted_px], axis=0)
    shift = random.uniform(-part.shift, part.shift, 2) * side_px
    left, top = random.uniform(ends[0], ends[1]) + shift
    scale = wanted_px / sample.pixels.shape[0]
    if part.flip and random.random() < 0.5:
        return np.array([[-scale, 0.0, left + wanted_px], [0.0, scale, top]])
    return np.array([[scale, 0.0, left], [0.0, scale, top]])


def _paint(canvas: Pixels, pixels: Pixels, area: Area, matrix: Matrix) -> None:
    # The map is between continuous coordinates, OpenCV's between the middles of pixels.
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5 - np.array([area.left, area.top])
    size = (area.right - area.left, area.bottom - area.top)
    canvas[area.top : area.bottom, area.left : area.right] = cv2.warpAffine(
        pixels, moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(PAD, PAD, PAD)
    )


def _recolour(view: Pixels, part: AugmentationPart, random: np.random.Generator) -> None:
    """Turn the hue, and change saturation and exposure by up to their factors, in place."""
    if not part.hue and part.saturation == part.exposure == 1.0:
        return
    angle = math.radians(random.uniform(-part.hue, part.hue))
    saturation, exposure = (
        math.exp(random.uniform(-1, 1) * math.log(most)) for most in (part.saturation, part.exposure)
    )
    grey = np.tile(_LUMINANCE, (3, 1))
    mixed = grey + saturation * (np.eye(3) - grey)
    view[:] = cv2.transform(view, exposure * _hue_rotation(angle) @ mixed)


def _hue_rotation(angle: float) -> Matrix:
    """Return the rotation about the axis of greys (Rodrigues' formula)."""
    axis = np.full(3, 1 / math.sqrt(3))
    cross = np.cross(np.eye(3), axis)
    return np.eye(3) * math.cos(angle) + cross * math.sin(angle) + np.outer(axis, axis) * (1 - math.cos(angle))


def _moved(sample: Sample, area: Area, matrix: Matrix) -> Sample:
    """Return the objects where they lie in the new picture, cut off at ``area``, without those that are gone."""
    corners = sample.boxes_px.reshape(-1, 2, 2) @ matrix[:, :2].T + matrix[:, 2]
    whole = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    boxes = whole.copy()
    boxes[:, ::2] = boxes[:, ::2].clip(area.left, area.right)
    boxes[:, 1::2] = boxes[:, 1::2].clip(area.top, area.bottom)
    sides = boxes[:, 2:] - boxes[:, :2]
    visible = sides.prod(axis=1) / (whole[:, 2:] - whole[:, :2]).prod(axis=1)
    kept = (sides.min(axis=1, initial=np.inf) >= LEAST_SIDE_PX) & (visible >= LEAST_VISIBLE)
    return Sample(
        pixels=sample.pixels,
        boxes_px=boxes[kept].astype(np.float32),
        class_ids=sample.class_ids[kept],
        counts=(sample.counts & (visible >= COUNTED_VISIBLE))[kept],
    )
