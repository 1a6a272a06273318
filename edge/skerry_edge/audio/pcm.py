"""Sound as the wake word hears it: one channel of signed 16-bit samples, 16,000 a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
BYTES_PER_SAMPLE = 2
CHUNK_SAMPLES = SAMPLE_RATE_HZ // 10
"""The most samples that a live source hands on at once: 0.1 s, which bounds the delay of a detection."""

Pcm = NDArray[np.int16]
CapturePolicy = Literal["live", "file"]
"""``file`` delivers every sample; ``live`` stays with the newest sound and counts what it drops."""


class AudioSource(Protocol):
    """Where sound comes from: something to iterate once, and to close."""

    @property
    def name(self) -> str:
        """The file's path as it was given, or what stands for a stream; it names the source of a detection."""
        ...

    @property
    def policy(self) -> CapturePolicy:
        """Whether every sample is delivered, or the newest only."""
        ...

    def __iter__(self) -> Iterator[Pcm]:
        """Yield chunks of shape (n,), n >= 1. Raises DataError, ReachError and MissingError, while iterating too."""
        ...

    def close(self) -> None:
        """Release file, pipe or process; closing twice is harmless."""
        ...


@runtime_checkable
class LossySource(Protocol):
    """A source that stays with the newest sound."""

    @property
    def dropped_samples(self) -> int:
        """How many samples were not delivered so far."""
        ...
