"""Pictures cut out of a stream of bytes, whatever the pieces it arrives in; pure."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.images import Pixels, decode_image

MAX_JPEG_BYTES = 32 << 20
"""Far above any camera's picture: a stream without an end of image is no pictures."""
_SOI, _EOI = 0xD8, 0xD9
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})


class Cutter(Protocol):
    """Finds pictures in a stream, and decodes them."""

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the pictures that ``piece`` completes, as bytes. Raises SourceError where there can be none."""
        ...

    def decode(self, picture: bytes) -> Pixels:
        """Return a picture's pixels. Raises ImageError where it is damaged."""
        ...


class JpegCutter:
    """JPEG after JPEG without anything between, as `rpicam-vid` and `jpegenc` write them (MJPEG).

    An end-of-image marker inside a segment, as a thumbnail has one, ends no picture: segments are skipped by their
    length (ITU-T T.81, B.1.1).
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._scanned = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the pictures that ``piece`` completes (see Cutter); what comes before a start of image is skipped."""
        self._rest += piece
        pictures = []
        while self._begin() and (end := self._end()) is not None:
            pictures.append(bytes(self._rest[:end]))
            del self._rest[:end]
            self._scanned = 0
        if len(self._rest) > MAX_JPEG_BYTES:
            raise SourceError(
                "unsupported", "the stream holds no JPEG pictures", found=f"none in {len(self._rest)} bytes"
            )
        return pictures

    def decode(self, picture: bytes) -> Pixels:
        """Return the pixels (see Cutter)."""
        return decode_image(picture, where="the camera's stream")

    def _begin(self) -> bool:
        """Drop what lies before the first start of image; tell whether there is one."""
        if self._scanned:
            return True
        start = self._rest.find(b"\xff\xd8")
        if start < 0:
            # The last byte may be the first half of the marker.
            del self._rest[: max(0, len(self._rest) - 1)]
            return False
        del self._rest[:start]
        self._scanned = 2
        return True

    def _end(self) -> int | None:
        """Return where the first picture ends, or None where it is not complete; goes on where it stopped before."""
        at = self._scanned
        while (at := self._rest.find(b"\xff", at)) >= 0 and at + 1 < len(self._rest):
            self._scanned = at
            marker = self._rest[at + 1]
            if marker == _EOI:
                return at + 2
            if marker in (0x00, 0xFF) or marker in _WITHOUT_LENGTH:
                # A stuffed byte of the compressed data, a fill byte, or a restart.
                at += 1 if marker == 0xFF else 2
                continue
            if marker == _SOI:
                # A picture that broke off, and the next one: the first part goes.
                del self._rest[:at]
                self._scanned = at = 2
                continue
            if at + 4 > len(self._rest):
                return None
            at += 2 + int.from_bytes(self._rest[at + 2 : at + 4], "big")
        return None


class I420Cutter:
    """Raw pictures of one size: planes of luma, blue and red difference, the last two halved both ways, no padding.

    ``width`` is a multiple of 8 and ``height`` of 2, so that no program pads its rows.
    """

    def __init__(self, *, width: int, height: int) -> None:
        self._size = (height * 3 // 2, width)
        self._rest = bytearray()

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the pictures that ``piece`` completes (see Cutter)."""
        self._rest += piece
        size_bytes = self._size[0] * self._size[1]
        count = len(self._rest) // size_bytes
        pictures = [bytes(self._rest[at * size_bytes : (at + 1) * size_bytes]) for at in range(count)]
        del self._rest[: count * size_bytes]
        return pictures

    def decode(self, picture: bytes) -> Pixels:
        """Return the pixels, taken for BT.601 as cameras make them."""
        planes = np.frombuffer(picture, np.uint8).reshape(self._size)
        return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420), np.uint8)
