"""The camera changes light, sharpness and noise, and never so much that a small sign is lost."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from skerry_converters.rendering.conditions import Conditions, draw_conditions
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.lens import Lens, develop, draw_lens

SHARP = Lens(
    exposure=1.0,
    balance=(1.0, 1.0, 1.0),
    gamma=1.0,
    saturation=1.0,
    veil=0.0,
    vignette=0.0,
    blur_px=0.0,
    motion_px=0.0,
    motion_angle=0.0,
    sharpening=0.0,
    noise=0.0,
    colour_noise=False,
    coarse=1.0,
    quality=None,
)


@pytest.fixture
def day() -> Conditions:
    """Plain daylight."""
    return replace(draw_conditions(Draws("day"), skies=(("cloudy", 1.0),)), light=(1.0, 1.0, 1.0))


@pytest.fixture
def ramp() -> np.ndarray:
    """Greys up to three quarters, above which highlights are compressed."""
    return np.repeat(np.linspace(0, 190, 240).astype(np.uint8)[None, :, None], 160, axis=0).repeat(3, axis=2)


def test_a_perfect_camera_changes_nothing(day: Conditions, ramp: np.ndarray) -> None:
    assert np.array_equal(develop(ramp, day, SHARP, Draws("frame")), ramp)


@pytest.mark.parametrize(("setting", "value"), [("exposure", 0.5), ("gamma", 2.0), ("vignette", 0.5)])
def test_settings_darken(day: Conditions, ramp: np.ndarray, setting: str, value: float) -> None:
    darker = develop(ramp, day, replace(SHARP, **{setting: value}), Draws("frame"))
    assert darker.mean() < ramp.mean() - 5


def test_noise_has_the_deviation_that_the_lens_has(day: Conditions) -> None:
    grey = np.full((200, 300, 3), 120, np.uint8)
    noisy = develop(grey, day, replace(SHARP, noise=6.0, colour_noise=True), Draws("frame")).astype(float)
    assert noisy.std() == pytest.approx(6.0, rel=0.1)
    assert noisy.mean() == pytest.approx(120, abs=0.5)


def test_grey_noise_is_grey(day: Conditions) -> None:
    grey = np.full((100, 100, 3), 120, np.uint8)
    noisy = develop(grey, day, replace(SHARP, noise=6.0), Draws("frame"))
    assert np.ptp(noisy.astype(int), axis=2).max() == 0


def test_each_frame_has_noise_of_its_own(day: Conditions, ramp: np.ndarray) -> None:
    noisy = replace(SHARP, noise=4.0)
    assert not np.array_equal(develop(ramp, day, noisy, Draws("a")), develop(ramp, day, noisy, Draws("b")))


def test_motion_blurs_along_its_direction_only(day: Conditions) -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[::8] = 180
    along = develop(stripes, day, replace(SHARP, motion_px=7.0, motion_angle=0.0), Draws("frame"))
    across = develop(stripes, day, replace(SHARP, motion_px=7.0, motion_angle=np.pi / 2), Draws("frame"))
    assert along[:, 8:-8].std() > 3 * across[8:-8].std()


@pytest.mark.parametrize("smallest_px", [16.0, 24.0, 60.0])
def test_no_lens_blurs_the_smallest_sign_away(day: Conditions, smallest_px: float) -> None:
    """Stripes an eighth of the sign wide, as the strokes of figures are, keep a good part of their contrast."""
    side = 128
    period = smallest_px / 4
    wave = 100 + 60 * np.sin(np.arange(side) * 2 * np.pi / period)
    pattern = np.repeat(np.repeat(wave.astype(np.uint8)[None, :, None], side, axis=0), 3, axis=2)
    for number in range(60):
        lens = draw_lens(Draws("lens", number), day, smallest_px)
        seen = develop(pattern, day, replace(lens, noise=0.0), Draws("frame", number)).astype(np.float32)
        assert cv2.reduce(seen[..., 1], 0, cv2.REDUCE_AVG).std() > 0.12 * wave.std()
