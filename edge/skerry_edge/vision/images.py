"""Picture files to pixels: decoded whole or refused, upright, 8-bit BGR."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.errors import ImageError

IMAGE_SUFFIXES = frozenset(
    {
        ".avif",
        ".bmp",
        ".dib",
        ".gif",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".tif",
        ".tiff",
        ".webp",
    }
)
"""Endings, in lower case, by which a folder's pictures are told from its other files."""

MAX_FILE_BYTES = 1 << 30
"""Far above any picture of the 2^30 pixels that OpenCV decodes at most, and small enough for memory."""

Pixels = NDArray[np.uint8]
"""A picture as uint8 (height, width, 3), blue green red."""


def read_image(path: Path) -> Pixels:
    """Read a picture file.

    The orientation that a camera noted (EXIF) is applied, so pixels and boxes are those of the upright picture that a
    viewer shows. Grey becomes colour, 16 bits become 8, transparency is dropped, an animation gives its first frame.
    Raises ReachError where the file cannot be read, ImageError where it does not decode to its end.
    """
    try:
        # Reading a pipe could wait for ever, and a device never ends.
        if path.exists() and not path.is_file():
            raise ReachError("cannot read the image", where=str(path), found="no regular file")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ReachError("cannot read the image", where=str(path), found=error.strerror) from error
    if len(data) > MAX_FILE_BYTES:
        raise ImageError("the image file is too large", where=str(path), found=f"over {MAX_FILE_BYTES} bytes")
    return decode_image(data, where=str(path))


def decode_image(data: bytes, *, where: str) -> Pixels:
    """Decode a picture file's content as `read_image` does. Raises ImageError."""
    if not data:
        raise ImageError("the image file is empty", where=where)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise ImageError("the image does not decode", where=where, found=f"OpenCV says: {error.err}") from error
    if pixels is None:
        raise ImageError(
            "the image does not decode", where=where, todo="it is damaged, cut short or of no format known here"
        )
    return np.asarray(pixels, np.uint8)
