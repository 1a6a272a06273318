"""Pictures' truths and detections written down as plain rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.vision.detections import Detections


@pytest.fixture
def detections() -> Callable[..., Detections]:
    """Return a function that makes detections of rows (class, score, x_min, y_min, x_max, y_max)."""

    def make(*rows: Sequence[float]) -> Detections:
        table = np.array(rows, np.float64).reshape(-1, 6)
        return Detections(
            boxes_px=table[:, 2:].astype(np.float32),
            scores=table[:, 1].astype(np.float32),
            class_ids=table[:, 0].astype(np.int64),
        )

    return make


@pytest.fixture
def truth() -> Callable[..., GroundTruth]:
    """Return a function that makes truths of rows (class, x_min, y_min, x_max, y_max)."""

    def make(*rows: Sequence[float], difficult: Sequence[int] = (), crowd: Sequence[int] = ()) -> GroundTruth:
        table = np.array(rows, np.float64).reshape(-1, 5)
        places = np.arange(len(table))
        return GroundTruth(
            boxes_px=table[:, 1:],
            class_ids=table[:, 0].astype(np.int64),
            difficult=np.isin(places, difficult),
            crowd=np.isin(places, crowd),
        )

    return make
