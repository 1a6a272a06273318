"""A small TinyYOLOv2, numbers for it, and samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from skerry_converters.layers import Network
from skerry_converters.training.architecture import tiny_yolo_v2
from skerry_converters.training.convolutions import Normalization, TrainedConvolution, fresh
from skerry_converters.training.samples import Sample

ANCHORS = ((0.6, 0.8), (1.5, 1.2))


@pytest.fixture(scope="session")
def network() -> Network:
    """Three classes, two anchors, the fewest filters, 64 pixels."""
    return tiny_yolo_v2(3, ANCHORS, width=0.02, side_px=64)


@pytest.fixture(scope="session")
def trained(network: Network) -> dict[int, TrainedConvolution]:
    """Numbers as a training leaves them: every part of the normalization matters."""
    random = np.random.default_rng(5)

    def shaken(one: TrainedConvolution) -> TrainedConvolution:
        filters = len(one.bias)
        bias = random.normal(0, 0.3, filters).astype(np.float32)
        if one.normalization is None:
            return TrainedConvolution(kernel=one.kernel * 4, bias=bias, normalization=None)
        norm = Normalization(
            scale=random.uniform(0.5, 1.5, filters).astype(np.float32),
            mean=random.normal(0, 0.2, filters).astype(np.float32),
            variance=random.uniform(0.2, 3.0, filters).astype(np.float32),
        )
        return TrainedConvolution(kernel=one.kernel, bias=bias, normalization=norm)

    return {index: shaken(one) for index, one in fresh(network, 3).items()}


@pytest.fixture(scope="session")
def sample() -> Callable[..., Sample]:
    """Return a function that makes a grey sample with a white rectangle for each box."""

    def make(*boxes: tuple[int, int, int, int], side: int = 64, class_ids: list[int] | None = None) -> Sample:
        pixels = np.full((side, side, 3), 90, np.uint8)
        for left, top, right, bottom in boxes:
            pixels[top:bottom, left:right] = 255
        return Sample(
            pixels=pixels,
            boxes_px=np.array(boxes, np.float32).reshape(-1, 4),
            class_ids=np.array(class_ids or [0] * len(boxes), np.int32),
            counts=np.ones(len(boxes), np.bool_),
        )

    return make
