"""Debian's own `darknet detector test` and a converted bundle print the same labels and percentages."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_edge.vision.detector import Detector

TINY_YOLO = Path("/usr/share/darknet/cfg/yolov2-tiny-voc.cfg")
THRESHOLD = 0.24
_FOUND = re.compile(r"^(?P<label>[^:]+): (?P<percent>\d+)%$", re.MULTILINE)


@pytest.fixture
def darknet(need_program: Callable[[str], str], tmp_path: Path) -> Callable[..., list[tuple[str, int]]]:
    """Return a function that lets Darknet itself detect, and gives its labels and percentages, sorted."""
    program = need_program("darknet")

    def run(cfg: Path, weights: Path, names: Path, picture: Path) -> list[tuple[str, int]]:
        data = tmp_path / "darknet.data"
        data.write_text(f"classes=20\nnames={names}\n")
        files = ["detector", "test", str(data), str(cfg), str(weights), str(picture)]
        command = [program, *files, "-thresh", str(THRESHOLD), "-out", str(tmp_path / "prediction")]
        # One thread and no display: Darknet would draw a window otherwise.
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=tmp_path)
        assert "Predicted in" in done.stdout
        return sorted((one["label"], int(one["percent"])) for one in _FOUND.finditer(done.stdout))

    return run


def found_by(detector: Detector, picture: Path) -> list[tuple[str, int]]:
    """Return labels and percentages, rounded as C's printf does, sorted."""
    detections = detector.detect(cv2.imread(str(picture))).detections
    return sorted(
        (detector.manifest.labels[class_id], int(f"{score * 100:.0f}"))
        for class_id, score in zip(detections.class_ids, detections.scores, strict=True)
    )


def blobs(path: Path, width: int, height: int, seed: int) -> Path:
    """Draw a picture of random shapes, so that a seeded network sees different things in different places."""
    random = np.random.default_rng(seed)
    picture = np.full((height, width, 3), random.integers(0, 256, 3), np.uint8)
    for _ in range(40):
        centre = (int(random.integers(0, width)), int(random.integers(0, height)))
        colour = tuple(int(one) for one in random.integers(0, 256, 3))
        cv2.circle(picture, centre, int(random.integers(5, height // 4)), colour, -1)
    cv2.imwrite(str(path), picture)
    return path


def test_seeded_yolov2_tiny_voc_finds_what_darknet_finds(
    skerry: Callable[..., object],
    darknet: Callable[..., list[tuple[str, int]]],
    seeded_weights: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    weights, names, out = tmp_path / "seeded.weights", tmp_path / "voc.names", tmp_path / "tiny.skerry"
    # Each anchor: centre, size, objectness, 20 classes; wide class logits and a low objectness leave a handful.
    scales = np.tile([1.0, 1.0, 0.4, 0.4, 2.5] + [3.0] * 20, 5)
    bias = np.tile([0.0, 0.0, 0.0, 0.0, -7.0] + [0.0] * 20, 5)
    weights.write_bytes(seeded_weights(TINY_YOLO, 5, scales, bias, 128))
    names.write_text("".join(f"class {number}\n" for number in range(20)))
    files = ["--weights", weights, "--labels", names, "--out", out]
    assert skerry("convert", TINY_YOLO, *files, "--to", "onnx-fp32", "--resize", "letterbox").code == 0
    detector = Detector.open(out, score_threshold=THRESHOLD)
    for number, (width, height) in enumerate([(640, 427), (301, 500)]):
        picture = blobs(tmp_path / f"{number}.png", width, height, seed=number)
        expected = darknet(TINY_YOLO, weights, names, picture)
        assert len(expected) >= 3
        assert found_by(detector, picture) == expected


@pytest.mark.parametrize("variant", ["onnx-fp32", "tflite-fp32"])
def test_trained_yolo_fastest_finds_what_darknet_finds_on_photographs(
    skerry: Callable[..., object],
    darknet: Callable[..., list[tuple[str, int]]],
    shared_data: Path,
    tmp_path: Path,
    variant: str,
) -> None:
    folder, out = shared_data / "darknet", tmp_path / "fastest.skerry"
    sources = [folder / name for name in ("yolo-fastest-voc.cfg", "yolo-fastest-voc.weights", "voc.names")]
    files = [sources[0], "--weights", sources[1], "--labels", sources[2], "--out", out]
    assert skerry("convert", *files, "--to", variant, "--resize", "letterbox").code == 0
    detector = Detector.open(out, score_threshold=THRESHOLD)
    seen = 0
    for photograph in sorted((shared_data / "voc/images").iterdir())[:12]:
        picture = tmp_path / f"{photograph.stem}.png"
        cv2.imwrite(str(picture), cv2.imread(str(photograph)))
        expected = darknet(*sources, picture)
        assert found_by(detector, picture) == expected, photograph.name
        seen += len(expected)
    assert seen >= 12
