"""Sources that deliver and stand still all the same."""

from __future__ import annotations

import numpy as np
import pytest

from skerry_edge.agent.sources.standstill import LOOK_EVERY_S, FrozenPicture, SilentSound

RANDOM = np.random.default_rng(3)


def picture() -> np.ndarray:
    return RANDOM.integers(0, 255, (48, 64, 3)).astype(np.uint8)


def test_a_picture_that_is_repeated_is_frozen_until_it_moves() -> None:
    frozen, still = FrozenPicture(10.0), picture()
    judged = [frozen.judge(still.copy(), float(now_s)) for now_s in range(12)]
    assert judged == [False] * 10 + [True] * 2
    assert not frozen.judge(picture(), 12.0)
    assert not frozen.judge(still, 13.0)


def test_the_smallest_change_is_movement() -> None:
    frozen, still = FrozenPicture(3.0), picture()
    for now_s in range(20):
        still[0, 0, 0] ^= 1
        assert not frozen.judge(still, float(now_s))


def test_pictures_are_compared_now_and_then_only() -> None:
    frozen, still = FrozenPicture(1.0), picture()
    assert not frozen.judge(still, 0.0)
    assert not frozen.judge(picture(), LOOK_EVERY_S / 2)
    assert frozen.judge(still, 1.0)


def test_a_limit_of_zero_judges_nothing() -> None:
    frozen, still = FrozenPicture(0.0), picture()
    assert not any(frozen.judge(still, now_s) for now_s in (0.0, 1e6))


@pytest.mark.parametrize("constant", [0, -1, 300])
def test_a_constant_is_silence_whatever_its_value(constant: int) -> None:
    silence = SilentSound(1.0, level=0)
    chunk = np.full(1600, constant, np.int16)
    judged = [silence.judge(chunk, now_s / 10) for now_s in range(12)]
    assert judged == [False] * 10 + [True] * 2


def test_what_is_louder_than_the_level_ends_the_silence() -> None:
    silence = SilentSound(1.0, level=2)
    hiss = RANDOM.integers(-2, 3, 1600).astype(np.int16)
    assert [silence.judge(hiss, at_s) for at_s in (0.0, 2.0)] == [False, True]
    voice = hiss.copy()
    voice[7] = 4
    assert not silence.judge(voice, 2.1)


def test_the_loudest_samples_do_not_overflow() -> None:
    loud = np.array([-32768, 32767], np.int16)
    silence = SilentSound(1.0, level=2)
    assert [silence.judge(loud, at_s) for at_s in (0.0, 2.0)] == [False, False]
