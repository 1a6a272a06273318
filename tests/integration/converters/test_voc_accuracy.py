"""Converted Yolo-Fastest has, on 50 real photographs, the accuracy that its network has."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_edge.vision.detector import Detector

Box = tuple[float, float, float, float]
Truth = dict[str, list[tuple[Box, bool]]]
"""One class's boxes by photograph, each with whether it is marked difficult."""
Found = list[tuple[float, str, Box]]
"""One class's detections: score, photograph, box."""


def annotated(folder: Path) -> dict[str, Truth]:
    truth: dict[str, Truth] = defaultdict(lambda: defaultdict(list))
    for path in sorted(folder.iterdir()):
        for item in ET.parse(path).getroot().iter("object"):
            corners = tuple(float(item.findtext(f"bndbox/{key}")) for key in ("xmin", "ymin", "xmax", "ymax"))
            truth[item.findtext("name")][path.stem].append((corners, item.findtext("difficult") == "1"))
    return truth


def overlap(one: Box, other: Box) -> float:
    """Return the IoU of boxes whose last pixel counts, as in the VOC development kit."""
    width = min(one[2], other[2]) - max(one[0], other[0]) + 1
    height = min(one[3], other[3]) - max(one[1], other[1]) + 1
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def average_precision(truth: Truth, found: Found) -> float:
    """Return VOC 2007's 11-point average precision at an IoU of 0.5; difficult boxes count neither way."""
    count = sum(not difficult for boxes in truth.values() for _, difficult in boxes)
    taken: set[tuple[str, int]] = set()
    hits = []
    for _, photograph, box in sorted(found, key=lambda one: -one[0]):
        boxes = truth.get(photograph, [])
        overlaps = [overlap(box, other) for other, _ in boxes]
        best = int(np.argmax(overlaps)) if overlaps else -1
        if best < 0 or overlaps[best] < 0.5:
            hits.append(0)
        elif not boxes[best][1]:
            hits.append(int((photograph, best) not in taken))
            taken.add((photograph, best))
    right = np.cumsum(hits)
    precision, recall = right / np.arange(1, len(hits) + 1), right / count
    return float(np.mean([precision[recall >= tenth / 10].max(initial=0.0) for tenth in range(11)]))


@pytest.mark.parametrize("variant", ["onnx-fp32", "tflite-fp32"])
def test_mean_average_precision_on_voc(
    skerry: Callable[..., object], shared_data: Path, tmp_path: Path, variant: str
) -> None:
    folder, out = shared_data / "darknet", tmp_path / "fastest.skerry"
    files = ["--weights", folder / "yolo-fastest-voc.weights", "--labels", folder / "voc.names", "--out", out]
    assert skerry("convert", folder / "yolo-fastest-voc.cfg", *files, "--to", variant, "--nms-iou", "0.45").code == 0
    detector = Detector.open(out, score_threshold=0.005)
    found: dict[str, Found] = defaultdict(list)
    for photograph in sorted((shared_data / "voc/images").iterdir()):
        detections = detector.detect(cv2.imread(str(photograph))).detections
        for box, score, number in zip(detections.boxes_px, detections.scores, detections.class_ids, strict=True):
            found[detector.manifest.labels[number]].append((float(score), photograph.stem, tuple(map(float, box))))
    truth = annotated(shared_data / "voc/annotations")
    counted = [label for label, boxes in truth.items() if any(not hard for one in boxes.values() for _, hard in one)]
    mean = 100 * np.mean([average_precision(truth[label], found[label]) for label in counted])
    assert mean == pytest.approx(80.8, abs=1.0)
