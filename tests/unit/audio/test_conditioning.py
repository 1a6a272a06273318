"""Any rate and number of channels to 16 kHz mono; exact where there is nothing to change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from skerry_edge.audio.conditioning import MAX_RATE_HZ, MIN_RATE_HZ, Conditioner
from skerry_edge.foundation.errors import DataError

Tone = Callable[[int], NDArray[np.float32]]


def convert(sound: NDArray[np.float32], rate_hz: int, block: int = 3000) -> NDArray[np.int16]:
    conditioner = Conditioner(rate_hz=rate_hz, where="here")
    blocks = [conditioner.convert(sound[at : at + block]) for at in range(0, len(sound), block)]
    return np.concatenate([*blocks, conditioner.finish()])


def test_16_khz_mono_of_16_bits_comes_out_bit_for_bit() -> None:
    every = np.arange(-32768, 32768, dtype=np.int16)
    as_read = (every / 32768).astype(np.float32)[:, np.newaxis]
    np.testing.assert_array_equal(convert(as_read, 16_000), every)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 22050, 44100, 48000, 96000])
def test_a_tone_at_another_rate_is_the_same_tone_at_16_khz(tone: Tone, rate_hz: int) -> None:
    resampled = convert(tone(rate_hz)[:, np.newaxis], rate_hz)
    assert len(resampled) == 16_000
    expected = tone(16_000) * 32768
    middle = slice(1000, -1000)  # a tone that begins and ends at once rings at both ends
    assert np.abs(resampled[middle] - expected[middle]).max() <= 2


@pytest.mark.parametrize("rate_hz", [44100, 48000])
def test_the_cuts_between_blocks_do_not_show(tone: Tone, rate_hz: int) -> None:
    sound = tone(rate_hz)[:, np.newaxis]
    np.testing.assert_array_equal(convert(sound, rate_hz, block=777), convert(sound, rate_hz, block=rate_hz))


def test_what_is_above_half_the_new_rate_is_gone_and_does_not_fold_down() -> None:
    whistle = np.sin(2 * np.pi * 12_000 * np.arange(48_000) / 48_000).astype(np.float32)
    assert np.abs(convert(whistle[:, np.newaxis], 48_000)[500:-500]).max() <= 2


def test_channels_are_averaged(tone: Tone) -> None:
    sound = tone(16_000)
    silence = np.zeros_like(sound)
    mixed = convert(np.stack([sound, silence], axis=1), 16_000)
    np.testing.assert_array_equal(mixed, convert((sound / 2)[:, np.newaxis], 16_000))


def test_sound_beyond_full_scale_is_clipped_and_does_not_wrap_around() -> None:
    loud = np.array([[2.0], [-2.0], [1.0], [-1.0]], np.float32)
    assert convert(loud, 16_000).tolist() == [32767, -32768, 32767, -32768]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_finite_number_is_refused(value: float) -> None:
    with pytest.raises(DataError, match="not finite") as caught:
        convert(np.array([[0.0], [value]], np.float32), 16_000)
    assert caught.value.where == "here"


@pytest.mark.parametrize("rate_hz", [0, 1, MIN_RATE_HZ - 1, MAX_RATE_HZ + 1])
def test_a_rate_that_no_voice_is_recorded_at_is_refused(rate_hz: int) -> None:
    with pytest.raises(DataError, match=f"found {rate_hz} Hz"):
        Conditioner(rate_hz=rate_hz, where="here")
