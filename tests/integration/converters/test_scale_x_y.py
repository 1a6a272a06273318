"""`scale_x_y`, which Debian's Darknet does not know, from the cfg to boxes, against the formula spelled out."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skerry_edge.vision.detector import Detector

SIDE_PX, CELLS, SCALE = 64, 8, 1.2
ANCHORS = ((10.0, 14.0), (30.0, 20.0))
CFG = f"""
[net]
width={SIDE_PX}
height={SIDE_PX}
channels=3
[convolutional]
filters=14
size=8
stride=8
activation=linear
[yolo]
anchors=10,14, 30,20
classes=2
num=2
scale_x_y={SCALE}
"""


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def by_formula(raw: np.ndarray, threshold: float) -> list[tuple[int, float, list[float]]]:
    """Return class, score and box in pixels of every detection, before suppression (AlexeyAB's yolo_layer.c)."""
    found = []
    for anchor, (width, height) in enumerate(ANCHORS):
        for row in range(CELLS):
            for column in range(CELLS):
                x, y, w, h, objectness, *classes = (float(one) for one in raw[anchor * 7 : anchor * 7 + 7, row, column])
                centre_x = (column + logistic(x) * SCALE - 0.5 * (SCALE - 1)) / CELLS * SIDE_PX
                centre_y = (row + logistic(y) * SCALE - 0.5 * (SCALE - 1)) / CELLS * SIDE_PX
                half_w, half_h = width * math.exp(w) / 2, height * math.exp(h) / 2
                box = [centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h]
                for number, logit in enumerate(classes):
                    score = logistic(objectness) * logistic(logit)
                    if score > threshold:
                        found.append((number, score, [min(max(edge, 0.0), SIDE_PX) for edge in box]))
    return sorted(found, key=lambda one: -one[1])


@pytest.mark.parametrize("variant", ["onnx-fp32", "tflite-fp32"])
def test_boxes_are_those_of_the_formula(skerry: Callable[..., object], tmp_path: Path, variant: str) -> None:
    random = np.random.default_rng(11)
    bias = random.normal(0, 0.5, 14).astype("<f4")
    kernel = random.normal(0, 0.15, (14, 3, 8, 8)).astype("<f4")
    cfg, weights, labels, out = (tmp_path / name for name in ("s.cfg", "s.weights", "s.names", "s.skerry"))
    cfg.write_text(CFG)
    weights.write_bytes(struct.pack("<iiiq", 0, 2, 0, 0) + bias.tobytes() + kernel.tobytes())
    labels.write_text("a\nb\n")
    # Nothing overlaps by more than everything, so suppression leaves all boxes.
    options = ["--to", variant, "--out", out, "--nms-iou", "1"]
    assert skerry("convert", cfg, "--weights", weights, "--labels", labels, *options).code == 0

    frame = random.integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    cells = (frame[:, :, ::-1] / 255).reshape(CELLS, 8, CELLS, 8, 3)
    raw = np.einsum("fcij,yixjc->fyx", kernel.astype(np.float64), cells) + bias[:, None, None]
    expected = by_formula(raw, 0.5)
    found = Detector.open(out, score_threshold=0.5).detect(frame).detections
    assert len(found) == len(expected) >= 5
    for place, (number, score, box) in enumerate(expected):
        assert found.class_ids[place] == number
        assert found.scores[place] == pytest.approx(score, abs=1e-4)
        assert found.boxes_px[place] == pytest.approx(box, abs=1e-2)
