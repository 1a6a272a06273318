"""Recordings as calibration data: the features that the device would hear."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skerry_converters.calibration.items import CalibrationError
from skerry_converters.calibration.opening import open_calibration
from skerry_edge.audio.features import FeatureStream
from skerry_edge.contracts.manifest import AudioInput, Tensor
from skerry_edge.foundation.errors import ConfigError, DataError

AUDIO = AudioInput()
STRIDE = Tensor(name="features", shape=(1, 3, 40), layout="NTC")


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., np.ndarray]:
    """Return a function that writes seconds of noise as 16 kHz WAV, and returns the samples."""

    def write(name: str, seconds: float, seed: int = 0) -> np.ndarray:
        pcm = np.random.default_rng(seed).integers(-3000, 3000, int(seconds * 16000)).astype(np.int16)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(pcm.tobytes())
        return pcm

    return write


def test_inputs_follow_one_another_and_are_the_front_ends_features(
    tmp_path: Path, record: Callable[..., np.ndarray]
) -> None:
    expected = FeatureStream().process(record("a.wav", 1.0))
    calibration = open_calibration(tmp_path, AUDIO, STRIDE)
    assert len(calibration) == len(expected) // 3
    joined = np.concatenate([one[0] for one in calibration.tensors()])
    assert np.array_equal(joined, expected[: len(joined)].astype(np.float32))


def test_each_recording_begins_afresh_and_stays_together(tmp_path: Path, record: Callable[..., np.ndarray]) -> None:
    for place in range(3):
        record(f"{place}.wav", 0.5, seed=place)
    samples = list(open_calibration(tmp_path, AUDIO, STRIDE).samples())
    names = [sample.item.name for sample in samples]
    assert names == sorted(names, key=names.index)
    alone = tmp_path / "alone"
    record("alone/1.wav", 0.5, seed=1)
    again = [sample.value for sample in open_calibration(alone, AUDIO, STRIDE).samples()]
    own = [sample.value for sample in samples if sample.item.name == "1.wav"]
    assert all(np.array_equal(one, two) for one, two in zip(own, again, strict=True))


def test_a_whole_spectrogram_with_a_channel_axis_is_one_input(
    tmp_path: Path, record: Callable[..., np.ndarray]
) -> None:
    record("a.wav", 1.2)
    tensor = Tensor(name="features", shape=(1, 49, 40, 1), layout="NHWC")
    calibration = open_calibration(tmp_path, AUDIO, tensor)
    assert [one.shape for one in calibration.tensors()] == [(1, 49, 40, 1)] * 2


def test_a_limit_counts_recordings(tmp_path: Path, record: Callable[..., np.ndarray]) -> None:
    for place in range(4):
        record(f"{place}.wav", 0.5, seed=place)
    calibration = open_calibration(tmp_path, AUDIO, STRIDE, limit=2)
    assert len(calibration.items) == 2
    assert len(calibration) == sum(item.samples for item in calibration.items) > 2


def test_damaged_and_short_recordings_are_named(tmp_path: Path, record: Callable[..., np.ndarray]) -> None:
    record("good.wav", 0.5)
    record("short.wav", 0.03)
    (tmp_path / "noise.wav").write_bytes(b"no sound")
    with pytest.raises(CalibrationError, match="2 of 3 files") as caught:
        open_calibration(tmp_path, AUDIO, STRIDE)
    assert "shorter than one input" in str(caught.value)
    assert "noise.wav" in str(caught.value)


@pytest.mark.parametrize("shape", [(1, 3, 41), (2, 3, 40), (1,)])
def test_a_tensor_that_features_do_not_fit_is_refused(
    tmp_path: Path, record: Callable[..., np.ndarray], shape: tuple[int, ...]
) -> None:
    record("a.wav", 0.5)
    with pytest.raises(ConfigError, match="no room for the front end's features"):
        open_calibration(tmp_path, AUDIO, Tensor(name="x", shape=shape, layout="NTC"[: len(shape)]))


def test_a_folder_without_recordings_or_a_single_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no recordings"):
        open_calibration(tmp_path, AUDIO, STRIDE)
    (tmp_path / "clip.mp4").write_bytes(b"")
    with pytest.raises(ConfigError, match="a network that listens"):
        open_calibration(tmp_path / "clip.mp4", AUDIO, STRIDE)
    with pytest.raises(ConfigError, match="another feature step"):
        open_calibration(tmp_path, AudioInput(feature_step_ms=20), STRIDE)
