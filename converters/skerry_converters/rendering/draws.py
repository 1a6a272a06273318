"""Random choices that come out alike on every machine: a PCG64 stream, read by `Generator.random` alone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
_SEED_BYTES = 16


class Draws:
    """A stream of choices that ``key`` alone decides, of whatever parts it is made up.

    numpy keeps no stream stable from version to version except PCG64's raw one; `random` is that stream's upper 53 bits
    and has never changed, so everything here is derived from it.
    """

    def __init__(self, *key: str | int) -> None:
        self._key = key
        digest = hashlib.sha256("\0".join(map(str, key)).encode()).digest()
        self._stream = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:_SEED_BYTES], "big")))

    def apart(self, name: str) -> Draws:
        """Return a stream of its own for one part, which no number of draws elsewhere moves."""
        return Draws(*self._key, name)

    def share(self) -> float:
        """Return a number from 0 up to, not including, 1."""
        return float(self._stream.random())

    def between(self, low: float, high: float) -> float:
        """Return a number from ``low`` to ``high``, all alike likely."""
        return low + (high - low) * self.share()

    def ratio(self, low: float, high: float) -> float:
        """Return a number from ``low`` to ``high`` (both above 0), its logarithm evenly spread."""
        return low * math.exp(self.share() * math.log(high / low))

    def near(self, middle: float, deviation: float) -> float:
        """Return a number around ``middle``, as the sum of four even draws: a bell within 3.5 deviations."""
        return middle + deviation * math.sqrt(3.0) * (sum(self.share() for _ in range(4)) - 2.0)

    def below(self, count: int) -> int:
        """Return a whole number from 0 up to, not including, ``count``."""
        return int(self.share() * count)

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.share() < probability

    def one_of(self, items: Sequence[T]) -> T:
        """Return one of ``items``, all alike likely."""
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[tuple[T, float]]) -> T:
        """Return one of the items by weights of any sum."""
        left = self.share() * sum(weight for _, weight in items)
        for item, weight in items:
            left -= weight
            if left < 0:
                return item
        return items[-1][0]

    def grid(self, *shape: int) -> NDArray[np.float32]:
        """Return an array of this shape with numbers from 0 to 1."""
        return self._stream.random(shape).astype(np.float32)
