"""Calibration data of real photographs, clips and voices."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_converters.calibration.cautions import Leakage, NearlyAlike, TooFew, cautions
from skerry_converters.calibration.items import CalibrationError
from skerry_converters.calibration.opening import open_calibration
from skerry_edge.contracts.manifest import AudioInput, ImageInput, Tensor

IMAGE = ImageInput(width=320, height=320)
TENSOR = Tensor(name="image", shape=(1, 3, 320, 320), layout="NCHW")


def test_fifty_different_photographs_are_few_and_nothing_worse(shared_data: Path) -> None:
    calibration = open_calibration(shared_data / "voc", IMAGE, TENSOR)
    rest, held = calibration.split(0.5, 0)
    assert (len(rest), len(held)) == (25, 25)
    assert cautions(calibration) == (TooFew(count=50, unit="pictures"),)
    assert not any(isinstance(one, Leakage) for one in cautions(rest, held))


def test_frames_of_a_fixed_camera_look_alike(shared_data: Path) -> None:
    calibration = open_calibration(shared_data / "video" / "one-by-one-person-detection.mp4", IMAGE, TENSOR, limit=40)
    assert len(calibration) == 40
    assert any(isinstance(one, NearlyAlike) for one in cautions(calibration))


def test_the_two_damaged_recordings_are_named(shared_data: Path) -> None:
    stride = Tensor(name="features", shape=(1, 3, 40), layout="NTC")
    with pytest.raises(CalibrationError, match="2 of 42 files") as caught:
        open_calibration(shared_data / "wakeword" / "alexa", AudioInput(), stride)
    assert "127.flac" in str(caught.value)
    assert "33.flac" in str(caught.value)
    negative = open_calibration(shared_data / "wakeword" / "negative", AudioInput(), stride)
    assert len(negative.items) == 52
    assert sum(1 for _ in negative.tensors()) == len(negative)
