"""The streaming front end: the same features however the sound is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from skerry_edge.audio.features import CHANNELS, STEP_SAMPLES, WINDOW_SAMPLES, FeatureStream, heard_s
from skerry_edge.foundation.errors import DataError

SOUND = np.random.default_rng(3).integers(-8000, 8000, 4000).astype(np.int16)


def test_the_first_features_come_after_a_window_and_more_after_each_step() -> None:
    stream = FeatureStream()
    assert stream.process(SOUND[: WINDOW_SAMPLES - 1]).shape == (0, CHANNELS)
    assert stream.process(SOUND[WINDOW_SAMPLES - 1 : WINDOW_SAMPLES]).shape == (1, CHANNELS)
    assert stream.process(SOUND[: 10 * STEP_SAMPLES]).shape == (10, CHANNELS)
    assert stream.process(np.empty(0, np.int16)).shape == (0, CHANNELS)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=30))
def test_the_cuts_between_chunks_do_not_show(lengths: list[int]) -> None:
    cut = FeatureStream()
    pieces = np.split(SOUND, np.minimum(np.cumsum(lengths), len(SOUND)))
    in_pieces = np.concatenate([cut.process(piece) for piece in pieces])
    np.testing.assert_array_equal(in_pieces, FeatureStream().process(SOUND))


def test_two_streams_do_not_share_their_state() -> None:
    one, other = FeatureStream(), FeatureStream()
    one.process(SOUND)
    np.testing.assert_array_equal(other.process(SOUND), FeatureStream().process(SOUND))


def test_a_row_is_heard_when_its_last_sample_is() -> None:
    assert heard_s(1) == WINDOW_SAMPLES / 16_000
    assert heard_s(98) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "sound", [np.zeros(480, np.float32), np.zeros(480, np.int32), np.zeros((2, 480), np.int16), np.int16(3)], ids=repr
)
def test_sound_of_another_shape_or_type_is_refused(sound: NDArray[np.int16]) -> None:
    with pytest.raises(DataError, match="16-bit samples of one channel"):
        FeatureStream().process(sound)


def test_samples_that_are_not_contiguous_in_memory_are_read_in_order() -> None:
    stereo = np.stack([SOUND, -SOUND], axis=1)
    np.testing.assert_array_equal(FeatureStream().process(stereo[:, 0]), FeatureStream().process(SOUND))
