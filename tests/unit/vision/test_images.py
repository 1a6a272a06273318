"""Picture files decode whole, upright and as 8-bit colour, or not at all."""

import struct

import cv2
import numpy as np
import pytest

from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.images import decode_image, read_image

FORMATS = [".jpg", ".png", ".webp", ".bmp", ".tiff", ".ppm"]


def encoded(suffix: str, pixels: np.ndarray) -> bytes:
    done, data = cv2.imencode(suffix, pixels)
    assert done
    return data.tobytes()


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_whole_file_decodes(tmp_path, picture, suffix):
    path = tmp_path / f"ünïcode{suffix}"
    path.write_bytes(encoded(suffix, picture))
    pixels = read_image(path)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - picture).mean() < 6


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.995])
def test_a_file_that_is_cut_short_is_refused_whatever_its_format(picture, suffix, share):
    data = encoded(suffix, picture)
    with pytest.raises(ImageError, match="does not decode"):
        decode_image(data[: int(len(data) * share)], where="cut")


def test_a_progressive_jpeg_that_is_cut_short_is_refused(picture):
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    assert done
    with pytest.raises(ImageError):
        decode_image(data.tobytes()[: len(data) // 2], where="cut")


@pytest.mark.parametrize("data", [b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", bytes(1000)])
def test_what_is_no_picture_is_refused_with_the_files_name(data):
    with pytest.raises(ImageError) as caught:
        decode_image(data, where="photos/cat.jpg")
    assert "photos/cat.jpg" in str(caught.value)


def test_an_empty_file_is_refused_as_empty(tmp_path):
    (tmp_path / "zero.png").touch()
    with pytest.raises(ImageError, match="empty"):
        read_image(tmp_path / "zero.png")


def test_a_file_that_is_not_there_is_told_apart_from_a_damaged_one(tmp_path):
    with pytest.raises(ReachError, match="cannot read"):
        read_image(tmp_path / "none.png")


def test_grey_becomes_colour(picture):
    grey = picture[..., 0]
    pixels = decode_image(encoded(".png", grey), where="grey")
    assert np.array_equal(pixels, np.stack([grey] * 3, axis=2))


def test_sixteen_bits_become_eight(picture):
    pixels = decode_image(encoded(".png", picture.astype(np.uint16) * 257), where="deep")
    assert np.array_equal(pixels, picture)


def test_transparency_is_dropped(picture):
    transparent = np.dstack([picture, np.full(picture.shape[:2], 7, np.uint8)])
    assert np.array_equal(decode_image(encoded(".png", transparent), where="clear"), picture)


def test_a_picture_of_one_pixel_decodes():
    assert decode_image(encoded(".png", np.full((1, 1, 3), 9, np.uint8)), where="dot").tolist() == [[[9, 9, 9]]]


def test_the_cameras_orientation_is_applied():
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :10] = 255
    jpeg = encoded(".jpg", pixels)
    # A TIFF header with one entry, tag 0x0112 (orientation) = 6: turn clockwise to view (EXIF 2.3, 4.6.4).
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    body = b"Exif\0\0" + tiff
    upright = decode_image(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:], where="turned")
    assert upright.shape == (40, 20, 3)
    assert upright[:8].mean() > 240
    assert upright[15:].mean() < 15
