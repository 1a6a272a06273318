"""Pictures that look alike are told, and pictures that do not are not."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from skerry_converters.calibration.similarity import alike, alike_groups, fingerprint, stacked

Make = Callable[..., np.ndarray]


def recompressed(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_COLOR))


def halved(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


def brightened(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=0.9, beta=20))


@pytest.mark.parametrize("change", [recompressed, halved, brightened])
def test_a_changed_copy_looks_like_its_original(photograph: Make, change: Callable[[np.ndarray], np.ndarray]) -> None:
    original = photograph(1, width=320, height=240)
    assert alike(fingerprint(original), stacked([fingerprint(change(original))])).all()


def test_different_pictures_do_not_look_alike(photograph: Make) -> None:
    prints = [fingerprint(photograph(seed)) for seed in range(60)]
    assert all(alike(one, stacked(prints)).sum() == 1 for one in prints)


def test_pictures_that_show_nothing_but_noise_look_alike() -> None:
    noisy = [
        np.random.default_rng(seed).normal(40, 4, (240, 320, 3)).clip(0, 255).astype(np.uint8) for seed in range(9)
    ]
    assert alike(fingerprint(noisy[0]), stacked([fingerprint(one) for one in noisy])).all()


def test_dark_pictures_of_different_things_do_not_look_alike(photograph: Make) -> None:
    prints = [fingerprint(photograph(seed) // 10) for seed in range(20)]
    assert all(alike(one, stacked(prints)).sum() == 1 for one in prints)


def test_a_mirrored_picture_is_another_picture(photograph: Make) -> None:
    original = photograph(1)
    mirrored = np.ascontiguousarray(original[:, ::-1])
    assert not alike(fingerprint(original), stacked([fingerprint(mirrored)])).any()


def test_groups_hold_every_picture_once_and_link_chains() -> None:
    def with_bits(first: int, last: int) -> bytes:
        return np.packbits([first <= bit < last for bit in range(256)]).tobytes()

    chain = [with_bits(0, 20), with_bits(0, 40), with_bits(0, 60)]
    apart = with_bits(100, 250)
    assert alike_groups([chain[0], apart, None, chain[2], chain[1], None]) == ((0, 3, 4), (1,), (2,), (5,))
    assert alike_groups([]) == ()
    assert alike_groups([None, None]) == ((0,), (1,))


def test_groups_do_not_depend_on_the_order() -> None:
    random = np.random.default_rng(0)
    rows = np.repeat(random.integers(0, 2, (10, 256)), 4, axis=0)
    rows[np.arange(40), random.integers(0, 256, 40)] ^= 1
    prints = [np.packbits(row).tobytes() for row in rows]
    order = random.permutation(40).tolist()
    sizes = sorted(len(group) for group in alike_groups([prints[place] for place in order]))
    assert sizes == [4] * 10
