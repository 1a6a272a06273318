"""What every source of pictures gives: frames, and failures that leave the rest of the source intact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from skerry_edge.foundation.errors import SkerryError
from skerry_edge.vision.images import Pixels


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One picture: what it is from, its index and time in that (0 for a still), uint8 BGR pixels.

    ``at_s`` is when a camera captured it, as early as that can be known, on the monotonic clock; None in a file.
    """

    source: str
    index: int
    time_s: float
    pixels: Pixels
    at_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One file, or the rest of one, that gives no more frames, and why."""

    source: str
    error: SkerryError


class Source(Protocol):
    """A bounded or endless supply of frames, read once from its beginning."""

    def frames(self) -> Iterator[Frame | Failure]:
        """Yield what there is, in order; a failure is an item like any other, and the next item may be good.

        A camera raises SourceError or MissingError when it cannot be opened or stops.
        """
        ...

    def close(self) -> None:
        """Release files and devices."""
        ...
