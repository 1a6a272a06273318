"""Which pictures look alike, by a hash that survives resizing, recompression and a change of brightness."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_edge.vision.images import Pixels

_SIDE = 64
_FREQUENCIES = 16
BYTES = _FREQUENCIES * _FREQUENCIES // 8
ALIKE_BITS = 25
"""Of 256 bits. Recompressed, halved and brightened VOC photographs differ in at most 20, different ones in over 95."""
_NOISE = 4.0
"""Of a frequency, in grey levels: what a sensor's noise of a few levels reaches in a picture that shows nothing."""

_SET_BITS = np.array([value.bit_count() for value in range(256)], np.uint8)


def fingerprint(pixels: Pixels) -> bytes:
    """Return 32 bytes for a BGR picture: which of its low frequencies are above their median.

    The hash of Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010), section 3.2.1, with
    16x16 frequencies of a 64x64 picture; the mean brightness is left out, and so is what may be noise alone.
    """
    grey = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(grey.astype(np.float32))[:_FREQUENCIES, :_FREQUENCIES].ravel()
    bits = low > max(float(np.median(low[1:])), _NOISE)
    bits[0] = False
    return np.packbits(bits).tobytes()


def alike(one: bytes, others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell which of ``others``, uint8 (n, 32), look like ``one``."""
    different = _SET_BITS[np.bitwise_xor(others, np.frombuffer(one, np.uint8))].sum(axis=1)
    close: NDArray[np.bool_] = different <= ALIKE_BITS
    return close


def stacked(fingerprints: Sequence[bytes]) -> NDArray[np.uint8]:
    """Return fingerprints as rows, uint8 (n, 32)."""
    return np.frombuffer(b"".join(fingerprints), np.uint8).reshape(-1, BYTES)


def alike_groups(fingerprints: Sequence[bytes | None]) -> tuple[tuple[int, ...], ...]:
    """Group the places of pictures so that no two of different groups look alike; without fingerprint, each its own.

    A group may be a chain, as frames of a slow pan are: its ends need not look alike. Every place is in one group;
    groups and their members rise.
    """
    rows = stacked([one or bytes(BYTES) for one in fingerprints])
    left = np.array([one is not None for one in fingerprints], np.bool_)
    groups: list[tuple[int, ...]] = []
    for place, one in enumerate(fingerprints):
        if one is None:
            groups.append((place,))
        elif left[place]:
            groups.append(_linked(place, rows, left))
    return tuple(groups)


def _linked(start: int, rows: NDArray[np.uint8], left: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the places that a chain of likeness leads to from ``start``, and take them from those ``left``."""
    left[start] = False
    waiting, members = [start], [start]
    while waiting:
        near = np.flatnonzero(left & alike(rows[waiting.pop()].tobytes(), rows)).tolist()
        left[near] = False
        waiting += near
        members += near
    return tuple(sorted(members))
