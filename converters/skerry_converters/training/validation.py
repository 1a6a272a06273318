"""How well a network does on pictures that it is not trained on, as a device would see it do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skerry_converters.layers import Network, Region
from skerry_converters.training.samples import Sample
from skerry_edge.bench.average_precision import mean_average_precision
from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.bench.matching import Matcher
from skerry_edge.contracts.manifest import Tensor, YoloRegion
from skerry_edge.vision.decoders.base import Limits
from skerry_edge.vision.decoders.region import RegionDecoder
from skerry_edge.vision.geometry import Size, stretched

LEAST_SCORE = 0.01
"""Detections below it change an average precision by next to nothing."""
BATCH = 16

Infer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From pictures uint8 (batch, side, side, 3), red green blue, to the raw output (batch, rows, columns, channels)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """AP50 over all classes by VOC's every-point rule, NaN where there is nothing to be found.

    ``false_per_empty`` is how many detections above the decoder's own threshold there are in a picture without objects;
    None where there is no such picture.
    """

    ap50: float
    false_per_empty: float | None


def validate(infer: Infer, network: Network, samples: Sequence[Sample]) -> Score:
    """Score a network on samples of its input's size."""
    (region,) = (head for head in network.heads if isinstance(head, Region))
    spec = YoloRegion(classes=region.classes, anchors=region.anchors, softmax=region.softmax)
    decoder: RegionDecoder | None = None
    matcher = Matcher(region.classes)
    size = Size(network.input.width, network.input.height)
    geometry = stretched(size, size)
    false, empty = 0, 0
    for start in range(0, len(samples), BATCH):
        part = samples[start : start + BATCH]
        raws = infer(np.stack([one.pixels[..., ::-1] for one in part]))
        decoder = decoder or RegionDecoder(spec, _tensor(raws), Limits(score=LEAST_SCORE, iou=spec.nms_iou))
        for sample, raw in zip(part, raws, strict=True):
            found = decoder.decode((raw[np.newaxis],), geometry)
            matcher.add(found, _truth(sample))
            if not len(sample.class_ids):
                empty += 1
                false += int((found.scores > spec.score_threshold).sum())
    return Score(ap50=mean_average_precision(matcher.matches()), false_per_empty=false / empty if empty else None)


def _tensor(raws: NDArray[Any]) -> Tensor:
    return Tensor(name="head_0", shape=(1, *raws.shape[1:]), layout="NHWC")


def _truth(sample: Sample) -> GroundTruth:
    return GroundTruth(
        boxes_px=sample.boxes_px.astype(np.float64),
        class_ids=sample.class_ids.astype(np.int64),
        difficult=~sample.counts,
        crowd=np.zeros(len(sample.counts), np.bool_),
    )
