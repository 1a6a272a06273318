"""TinyYOLOv2 for measurements: Debian's cfg, weights from a seed, brought in by the project's own converter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from skerry_edge.bench.speed.frames import synthetic_frame

CFG = Path("/usr/share/darknet/cfg/yolov2-tiny-voc.cfg")
"""From Debian's package `darknet`."""
# The cfg's convolutions with batch norm: channels in, filters, kernel size; then the linear one of 5 * (5 + 20).
_CONVOLUTIONS = (
    (3, 16, 3),
    (16, 32, 3),
    (32, 64, 3),
    (64, 128, 3),
    (128, 256, 3),
    (256, 512, 3),
    (512, 1024, 3),
    (1024, 1024, 3),
)
_HEAD_INPUTS = 1024
ANCHORS_IN_CELLS = ((1.08, 1.19), (3.42, 4.41), (6.63, 11.38), (9.42, 5.11), (16.62, 10.52))
"""The cfg's anchors."""
_CALIBRATION_PICTURES = 20
ANCHORS, CLASSES = len(ANCHORS_IN_CELLS), 20
_VALUES = 5 + CLASSES
_HEADER = np.array([0, 2, 0, 0, 0], "<i4")
"""major 0, minor 2, revision 0, and 64 bits of images seen: Darknet's header of 20 bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TinyYolo:
    """The network's files: Darknet's own, the bundle made of them, and a picture of 1280x720."""

    weights: Path
    labels: Path
    bundle: Path
    picture: Path


def make_tiny_yolo(folder: Path, targets: Sequence[str] = ("onnx-fp32",)) -> TinyYolo:
    """Write weights, labels, picture and a bundle of ``targets`` into ``folder``; integer ones are calibrated on noise.

    Raises FileNotFoundError without Debian's cfg.
    """
    if not CFG.is_file():
        raise FileNotFoundError(f"{CFG.name} is not there: install Debian's package darknet")
    folder.mkdir(parents=True, exist_ok=True)
    made = TinyYolo(
        weights=folder / "tiny.weights",
        labels=folder / "tiny.names",
        bundle=folder / "tiny.skerry",
        picture=folder / "frame.png",
    )
    made.weights.write_bytes(seeded_weights(seed=0))
    made.labels.write_text("".join(f"class {number}\n" for number in range(CLASSES)), encoding="utf-8")
    cv2.imwrite(str(made.picture), frame())
    sources = ["--weights", str(made.weights), "--labels", str(made.labels)]
    arguments = [str(CFG), *sources, "--to", ",".join(targets), "--resize", "letterbox", "--out", str(made.bundle)]
    noise = ["--calibration", str(_noise(folder / "noise"))] if any("int8" in name for name in targets) else []
    subprocess.run(
        [sys.executable, "-m", "skerry_edge", "convert", *arguments, *noise], check=True, capture_output=True
    )
    return made


def _noise(folder: Path) -> Path:
    """Write pictures of noise: what weights from a seed see in anything else is noise, too."""
    folder.mkdir(exist_ok=True)
    for seed in range(_CALIBRATION_PICTURES):
        cv2.imwrite(str(folder / f"{seed:02}.png"), synthetic_frame(1280, 720, seed))
    return folder


def frame() -> np.ndarray:
    """Return the frame that is looked at: 1280x720, BGR, noise as soft as a photograph."""
    return synthetic_frame(1280, 720, seed=0)


def seeded_weights(seed: int) -> bytes:
    """Return a Darknet weights file: He-normal kernels and the batch-norm statistics of a unit-variance network."""
    random = np.random.default_rng(seed)
    blocks = []
    for channels, filters, size in _CONVOLUTIONS:
        shape = (filters, channels, size, size)
        bias, scale, mean, variance = (np.full(filters, value) for value in (0, 1, 0, 1))
        blocks += [bias, scale, mean, variance, random.normal(0, (2 / (channels * size * size)) ** 0.5, shape)]
    head_bias = np.zeros((ANCHORS, _VALUES))
    head_bias[:, 4] = -4
    blocks += [head_bias, random.normal(0, (2 / _HEAD_INPUTS) ** 0.5, (ANCHORS * _VALUES, _HEAD_INPUTS))]
    return _HEADER.tobytes() + b"".join(block.astype("<f4").tobytes() for block in blocks)


def plausible_output(seed: int) -> np.ndarray:
    """Return a raw 13x13x125 output as a trained network's: three objects, each seen by four neighbouring cells."""
    random = np.random.default_rng(seed)
    raw = random.normal(0, 0.5, (ANCHORS, _VALUES, 13, 13)).astype(np.float32)
    raw[:, 4] = random.normal(-7, 1.5, (ANCHORS, 13, 13))
    for row, column, class_id in ((3, 4, 6), (6, 9, 14), (10, 5, 11)):
        for below, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
            values = raw[2, :, row + below, column + right]
            values[:4] = random.normal(0, 0.2, 4)
            values[4] = 2.5 - below - right
            values[5 + class_id] = 8
    return raw.reshape(1, ANCHORS * _VALUES, 13, 13)
