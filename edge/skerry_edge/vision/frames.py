"""What every source of pictures gives: frames, and failures that leave the rest of the source intact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from skerry_edge.foundation.errors import SkerryError
from skerry_edge.vision.images import Pixels


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One picture: the file that it is from, its index and time in that file (0 for a still), uint8 BGR pixels."""

    source: str
    index: int
    time_s: float
    pixels: Pixels


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One file, or the rest of one, that gives no more frames, and why."""

    source: str
    error: SkerryError


class Source(Protocol):
    """A bounded or endless supply of frames, read once from its beginning."""

    def frames(self) -> Iterator[Frame | Failure]:
        """Yield what there is, in order; a failure is an item like any other, and the next item may be good."""
        ...

    def close(self) -> None:
        """Release files and devices."""
        ...
