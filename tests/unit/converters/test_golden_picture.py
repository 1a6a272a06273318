"""The golden picture is the same everywhere and exercises a network's whole input range."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

from skerry_converters.conversion.golden import golden_picture, npy_bytes, png_bytes


def test_the_picture_never_changes() -> None:
    digest = hashlib.sha256(golden_picture(96, 64).tobytes()).hexdigest()
    assert digest == "3e5ade4b0e52e99fe65195e66a7d03fa4d9e33a1ba55e8e633baa6c6ebbac846"


@pytest.mark.parametrize(("width", "height"), [(1, 1), (33, 65), (416, 416)])
def test_the_picture_has_the_size_asked_for_and_survives_png(width: int, height: int) -> None:
    picture = golden_picture(width, height)
    assert picture.shape == (height, width, 3)
    decoded = cv2.imdecode(np.frombuffer(png_bytes(picture), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(decoded, picture)


def test_every_channel_reaches_from_dark_to_full() -> None:
    picture = golden_picture(416, 416)
    assert (picture.min(axis=(0, 1)) == 0).all()
    assert (picture.max(axis=(0, 1)) == 255).all()


def test_an_array_keeps_shape_and_values_as_npy() -> None:
    import io

    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4).transpose(2, 0, 1)
    assert np.array_equal(np.load(io.BytesIO(npy_bytes(values))), values)
    assert npy_bytes(values) == npy_bytes(values.copy())
