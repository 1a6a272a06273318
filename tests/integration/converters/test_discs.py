"""The detector that tests run, its weights set by formula: rebuilt it is the same, and it finds discs only."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_edge.contracts.bundle import Bundle
from skerry_edge.vision.detector import Detector

RED, BLUE = (40, 40, 215), (215, 60, 40)
COLOURS = (RED, BLUE)
"""BGR, in the order of the model's labels."""
Frame = np.ndarray
Backdrop = Callable[[int, int], Frame]


@pytest.fixture(scope="module", params=["onnx-fp32", "tflite-fp32"])
def detector(request: pytest.FixtureRequest, discs: Path) -> Detector:
    return Detector.open(discs, variant=request.param)


def plain(blue: int, green: int, red: int) -> Backdrop:
    return lambda width, height: np.full((height, width, 3), (blue, green, red), np.uint8)


def gradient(width: int, height: int) -> Frame:
    ramp = np.linspace(60, 190, width) * np.ones((height, 1))
    return np.stack([0.8 * ramp, ramp, 0.9 * ramp], axis=-1).astype(np.uint8)


BACKDROPS: dict[str, Backdrop] = {
    "black": plain(0, 0, 0),
    "grey": plain(128, 128, 128),
    "white": plain(255, 255, 255),
    "green": plain(50, 160, 40),
    "gradient": gradient,
}


def as_seen_by_a_camera(frame: Frame, random: np.random.Generator) -> Frame:
    """Add noise and the losses of JPEG."""
    noisy = np.clip(frame + random.normal(0, 8, frame.shape), 0, 255).astype(np.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 85])[1], cv2.IMREAD_COLOR)


def iou(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def golden_output(bundle: Bundle, variant: str) -> np.ndarray:
    (stored,) = bundle.manifest.golden.outputs[variant]
    return np.load(io.BytesIO(bundle.read(stored)))


@pytest.mark.parametrize("backdrop", BACKDROPS)
@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (320, 240)])
@pytest.mark.parametrize("share", [0.16, 0.25, 0.42])
def test_a_disc_anywhere_in_the_frame_is_found_once_with_its_box(
    detector: Detector, backdrop: str, size: tuple[int, int], share: float
) -> None:
    width, height = size
    radius = int(share * height / 2)
    random = np.random.default_rng(round(share * 100) + width)
    for number in range(6):
        label = number % 2
        x, y = int(random.integers(radius, width - radius)), int(random.integers(radius, height - radius))
        frame = BACKDROPS[backdrop](width, height)
        cv2.circle(frame, (x, y), radius, COLOURS[label], -1, cv2.LINE_AA)
        found = detector.detect(as_seen_by_a_camera(frame, random)).detections
        assert list(found.class_ids) == [label], (x, y)
        assert iou(tuple(found.boxes_px[0]), (x - radius, y - radius, x + radius, y + radius)) > 0.65


def test_a_red_and_a_blue_disc_are_found_together(detector: Detector) -> None:
    frame = BACKDROPS["grey"](640, 480)
    cv2.circle(frame, (200, 240), 70, RED, -1)
    cv2.circle(frame, (420, 240), 70, BLUE, -1)
    found = detector.detect(frame).detections
    assert sorted(found.class_ids) == [0, 1]
    assert [detector.manifest.labels[number] for number in sorted(found.class_ids)] == ["red disc", "blue disc"]


@pytest.mark.parametrize("backdrop", BACKDROPS)
def test_shapes_of_other_colours_and_noise_are_not_taken_for_discs(detector: Detector, backdrop: str) -> None:
    random = np.random.default_rng(5)
    for _ in range(10):
        frame = BACKDROPS[backdrop](640, 480)
        for colour in [(40, 200, 215), (60, 215, 60), (140, 150, 160), (30, 60, 110), (200, 60, 200), (10, 10, 10)]:
            centre = (int(random.integers(0, 640)), int(random.integers(0, 480)))
            cv2.circle(frame, centre, int(random.integers(20, 100)), colour, -1)
        noisy = np.clip(frame + random.normal(0, 20, frame.shape), 0, 255).astype(np.uint8)
        assert len(detector.detect(noisy).detections) == 0


@pytest.mark.parametrize("colour", COLOURS)
def test_a_frame_all_red_or_blue_and_pure_noise_hold_no_disc(detector: Detector, colour: tuple[int, ...]) -> None:
    random = np.random.default_rng(6)
    assert len(detector.detect(plain(*colour)(640, 480)).detections) == 0
    assert len(detector.detect(random.integers(0, 256, (480, 640, 3), dtype=np.uint8)).detections) == 0


def test_made_again_it_is_the_same_bundle(discs: Path, project_root: Path, tmp_path: Path) -> None:
    out = tmp_path / "rebuilt.skerry"
    script = project_root / "tests/discs/make_discs.py"
    subprocess.run([sys.executable, str(script), str(out)], check=True, capture_output=True)
    kept, rebuilt = Bundle.open(discs), Bundle.open(out)
    for field in ("name", "version", "labels", "license", "source", "input", "output"):
        assert getattr(rebuilt.manifest, field) == getattr(kept.manifest, field)
    assert set(rebuilt.manifest.variants) == set(kept.manifest.variants)
    assert rebuilt.manifest.golden.input == kept.manifest.golden.input
    for name, variant in kept.manifest.variants.items():
        # Other versions of a tool may write other bytes; what they compute must not differ.
        if rebuilt.manifest.variants[name].tools == variant.tools:
            assert rebuilt.manifest.variants[name].sha256 == variant.sha256
        assert np.allclose(golden_output(rebuilt, name), golden_output(kept, name), atol=1e-3)
