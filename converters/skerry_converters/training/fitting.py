"""A sample brought to the size of a network's square input, as the device brings its pictures to it."""

from __future__ import annotations

from typing import Literal

import numpy as np

from skerry_converters.training.samples import Sample
from skerry_edge.vision.geometry import Size, letterboxed, stretched
from skerry_edge.vision.resample import CornerSampler

PAD = 127
"""The grey of a letterbox: half of full scale, as Darknet's 0.5."""


def fitted(sample: Sample, side_px: int, resize: Literal["stretch", "letterbox"]) -> Sample:
    """Return the sample with a picture of ``side_px`` squared, sampled as Darknet and our bundles sample."""
    height, width = sample.pixels.shape[:2]
    network = Size(side_px, side_px)
    geometry = (letterboxed if resize == "letterbox" else stretched)(Size(width, height), network)
    if geometry.source == network:
        return sample
    picture = CornerSampler(geometry.source, geometry.picture).sample(sample.pixels)
    if geometry.picture != network:
        left, top = geometry.corner
        whole = np.full((side_px, side_px, 3), PAD, np.uint8)
        whole[top : top + geometry.picture.height, left : left + geometry.picture.width] = picture
        picture = whole
    factor = np.array(geometry.picture) / geometry.source
    shift = (np.array(network) - geometry.picture) / 2
    boxes = sample.boxes_px * np.tile(factor, 2) + np.tile(shift, 2)
    return Sample(pixels=picture, boxes_px=boxes.astype(np.float32), class_ids=sample.class_ids, counts=sample.counts)
