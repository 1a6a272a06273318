"""Detections and figures written down plainly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from skerry_converters.gates.metrics import OutputFigures
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
def output() -> Callable[..., OutputFigures]:
    """Return a function that makes an output's figures, good ones where nothing else is said."""

    def make(**changes: object) -> OutputFigures:
        good = {"name": "head", "values": 100, "sqnr_db": 50.0, "cosine": 1.0, "max_abs_error": 1e-5, "mean_error": 0.0}
        return OutputFigures(**{**good, **changes})  # type: ignore[arg-type]

    return make
