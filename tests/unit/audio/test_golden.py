"""Golden recordings: sound in, what the network gave for it out, and what is no such recording."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skerry_edge.audio.golden import decode_recording, encode_recording, golden_recording
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.models.golden import check_golden


def sound(*, channels: int = 1, bytes_a_sample: int = 2, rate_hz: int = 16_000, seconds: float = 1.0) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(bytes_a_sample)
        file.setframerate(rate_hz)
        file.writeframes(bytes(int(rate_hz * seconds) * channels * bytes_a_sample))
    return buffer.getvalue()


@pytest.fixture
def bundle(tmp_path: Path, word_bundle: Callable[..., bytes]) -> Callable[..., Bundle]:
    def write(**more: object) -> Bundle:
        path = tmp_path / "alexa.skerry"
        path.write_bytes(word_bundle(**more))
        return Bundle.open(path)

    return write


def test_a_recording_comes_back_as_it_was_written() -> None:
    pcm = np.random.default_rng(3).integers(-32768, 32767, 5000).astype(np.int16)
    assert np.array_equal(decode_recording(encode_recording(pcm), where="here"), pcm)
    assert encode_recording(pcm) == encode_recording(pcm)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "cannot be read"),
        (b"RIFF" + bytes(40), "cannot be read"),
        (sound()[:20], "cannot be read"),
        (sound(channels=2), "2 channels"),
        (sound(bytes_a_sample=1), "8 bits"),
        (sound(rate_hz=44_100), "44100 samples"),
        (sound(seconds=0), "0.0 s"),
        (sound(seconds=31), "31.0 s"),
    ],
    ids=["nothing", "zeros", "torn", "stereo", "8 bits", "44.1 kHz", "empty", "long"],
)
def test_what_is_no_golden_recording_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(BundleError) as caught:
        decode_recording(data, where="here")
    assert said in str(caught.value)


def test_a_whole_model_computes_its_golden_recording_and_another_does_not(bundle: Callable[..., Bundle]) -> None:
    check = check_golden(bundle(), "tflite-int8", "litert")
    assert (check.passed, check.sqnr_db) == (True, float("inf"))
    other = bundle(golden_of=sound(seconds=74_285 / 16_000))
    assert not check_golden(other, "tflite-int8", "litert").passed


def test_a_bundle_without_a_recording_has_none(bundle: Callable[..., Bundle]) -> None:
    assert golden_recording(bundle(recording=None)) is None
    assert len(golden_recording(bundle())) == 74_285
