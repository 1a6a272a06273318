"""Recordings on disk: whole, block by block, and never a damaged one that reads as a short one."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from skerry_edge.audio.recordings import RecordingSource, find_recordings
from skerry_edge.foundation.errors import DataError, MissingError, ReachError, SkerryError

Pcm = NDArray[np.int16]


def heard(path: Path) -> Pcm:
    return np.concatenate(list(RecordingSource(path)))


def refusal(path: Path, family: type[SkerryError] = DataError) -> SkerryError:
    with pytest.raises(family) as caught:
        heard(path)
    assert caught.value.where == str(path)
    return caught.value


@pytest.mark.parametrize("form", ["WAV", "FLAC"])
def test_a_recording_of_the_right_form_is_read_bit_for_bit_in_small_blocks(
    tmp_path: Path, noise: Pcm, form: str
) -> None:
    path = tmp_path / f"a.{form.lower()}"
    soundfile.write(path, noise, 16_000, subtype="PCM_16", format=form)
    blocks = list(RecordingSource(path))
    np.testing.assert_array_equal(np.concatenate(blocks), noise)
    assert max(len(block) for block in blocks) <= 8000
    assert all(block.dtype == np.int16 and block.ndim == 1 for block in blocks)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_other_sample_formats_are_read(tmp_path: Path, noise: Pcm, subtype: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise / 32768, 16_000, subtype=subtype)
    # The coarsest formats have steps of 1/256 of full scale.
    assert np.abs(heard(path).astype(int) - noise).max() <= (256 if subtype in ("PCM_U8", "ULAW") else 0)


@pytest.mark.parametrize(("rate_hz", "channels"), [(44100, 2), (8000, 1), (48000, 6)])
def test_other_rates_and_channels_are_resampled_and_mixed(tmp_path: Path, rate_hz: int, channels: int) -> None:
    path = tmp_path / "a.wav"
    second = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz)
    soundfile.write(path, np.stack([second] * channels, axis=1), rate_hz)
    sound = heard(path)
    assert len(sound) == 16_000
    assert np.abs(sound[1000:-1000]).max() == pytest.approx(16384, rel=0.01)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("form", ["WAV", "FLAC"])
def test_a_recording_cut_short_is_refused_however_much_of_it_decodes(
    tmp_path: Path, noise: Pcm, form: str, share: float
) -> None:
    path = tmp_path / f"a.{form.lower()}"
    soundfile.write(path, noise, 16_000, subtype="PCM_16", format=form)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    assert refusal(path).found


def test_a_flac_file_damaged_in_the_middle_is_refused(tmp_path: Path, noise: Pcm) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, noise, 16_000, subtype="PCM_16")
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 200] = bytes(200)
    path.write_bytes(raw)
    assert "decode" in str(refusal(path))


def test_a_wav_file_whose_header_does_not_know_the_length_is_read(tmp_path: Path, noise: Pcm) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise, 16_000, subtype="PCM_16")
    raw = bytearray(path.read_bytes())
    at = raw.index(b"data") + 4
    raw[at : at + 4] = struct.pack("<I", 0xFFFF_FFFF)
    path.write_bytes(raw)
    np.testing.assert_array_equal(heard(path), noise)


def test_a_wav_file_with_other_chunks_around_the_sound_is_read(tmp_path: Path, noise: Pcm) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise, 16_000, subtype="PCM_16")
    raw = path.read_bytes()
    odd = b"note" + struct.pack("<I", 3) + b"abc\x00"
    at = raw.index(b"data")
    body = raw[8:at] + odd + raw[at:] + odd
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    np.testing.assert_array_equal(heard(path), noise)


def test_a_flac_file_that_does_not_know_its_length_is_refused_as_it_may_be_cut(tmp_path: Path, noise: Pcm) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, noise, 16_000, subtype="PCM_16")
    raw = bytearray(path.read_bytes())
    raw[21] &= 0xF0  # the 36 bits of STREAMINFO's total samples (RFC 9639, section 8.2)
    raw[22:26] = bytes(4)
    path.write_bytes(raw)
    assert "how long" in str(refusal(path))


@pytest.mark.parametrize("form", ["WAV", "FLAC"])
def test_a_recording_without_a_sample_is_refused(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form.lower()}"
    soundfile.write(path, np.empty(0, np.int16), 16_000, subtype="PCM_16", format=form)
    # libsndfile writes a FLAC file of no bytes at all, and does not read it back.
    assert ("empty" if form == "WAV" else "does not decode") in str(refusal(path))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_float_recording_with_samples_that_are_no_numbers_is_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "a.wav"
    sound = np.zeros(20_000, np.float32)
    sound[15_000] = value
    soundfile.write(path, sound, 16_000, subtype="FLOAT")
    assert "not finite" in str(refusal(path))


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", b"fLaC", b"RIFF\x00\x00\x00\x00WAVE", b"hello", b"RIFF\xff\xff\xff\xffWAVEfmt ", bytes(5000)],
    ids=lambda content: repr(content[:12]),
)
def test_a_file_that_is_no_recording_is_refused_with_what_libsndfile_says(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    error = refusal(path)
    assert error.found
    assert str(path) not in error.found


def test_a_path_that_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, found in (("absent.wav", "no such file"), (".", "a folder"), ("pipe", "no regular file")):
        assert refusal(tmp_path / name, ReachError).found == found


def test_without_soundfile_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(MissingError) as caught:
        heard(tmp_path / "a.wav")
    assert "pip install 'skerry[wakeword]'" in str(caught.value.todo)


def test_a_folder_s_recordings_are_found_in_order_with_those_below(tmp_path: Path) -> None:
    for name in ("b.WAV", "a.flac", "c/d.wav", "notes.txt", "x.wav/e.flac"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = [path.relative_to(tmp_path).as_posix() for path in find_recordings(tmp_path)]
    assert found == ["a.flac", "b.WAV", "c/d.wav", "x.wav/e.flac"]


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no recordings"):
        find_recordings(tmp_path)


def test_a_recording_can_be_heard_twice(tmp_path: Path, noise: Pcm) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise, 16_000, subtype="PCM_16")
    source = RecordingSource(path)
    assert sum(map(len, source)) == sum(map(len, source)) == len(noise)
    assert (source.name, source.policy) == (str(path), "file")


def test_a_long_recording_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    samples = 1 << 30  # 2 GiB of silence, which a sparse file holds in a few blocks
    soundfile.write(path, np.zeros(1, np.int16), 16_000, subtype="PCM_16")
    raw = bytearray(path.read_bytes())
    at = raw.index(b"data") + 4
    raw[at : at + 4] = struct.pack("<I", samples * 2 - 4096)
    with path.open("wb") as file:
        file.write(raw)
        file.truncate(samples * 2)
    blocks = iter(RecordingSource(path))
    assert [len(next(blocks)) for _ in range(3)] == [8000, 8000, 8000]
