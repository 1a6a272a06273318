"""A labelled picture as training uses it, and the seam that sources of them implement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sample:
    """A picture and its objects.

    ``pixels`` is uint8 (height, width, 3), blue green red; ``boxes_px`` is float32 (n, 4): x_min, y_min, x_max, y_max
    in pixels of it; ``class_ids`` is int32 (n,); ``counts`` is bool (n,), False for an object that is neither to be
    found nor to be punished, such as VOC's difficult ones.
    """

    pixels: Pixels
    boxes_px: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    counts: NDArray[np.bool_]


class SampleSource(Protocol):
    """Labelled pictures by number. Must be picklable: the pictures are made in other processes."""

    @property
    def length(self) -> int | None:
        """How many different pictures there are; None where there is no end of them."""
        ...

    def sample(self, number: int) -> Sample:
        """Return picture ``number``, the same whenever it is asked for; numbers past ``length`` begin a new round.

        Raises SkerryError for a picture or labels that cannot be read.
        """
        ...
