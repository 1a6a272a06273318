"""Any sample rate and number of channels to what the wake word hears; exact where there is nothing to change."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skerry_edge.audio.extra import load_extra
from skerry_edge.audio.pcm import SAMPLE_RATE_HZ, Pcm
from skerry_edge.foundation.errors import DataError

MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 384_000
"""Telephone to studio: below, half of what the models listen to is missing; above, no sound card records."""
FULL_SCALE = 32_768
RESAMPLE_QUALITY = "HQ"
"""soxr's 20-bit setting: its error lies below the last of 16 bits."""


class Conditioner:
    """Turns blocks of one recording into 16 kHz mono, carrying the resampler's state between them.

    Channels are averaged with equal weights, before resampling, so that nothing clips that did not clip
    before. A recording that is 16 kHz, mono and 16 bits comes out bit for bit.
    """

    def __init__(self, *, rate_hz: int, where: str) -> None:
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise DataError(
                "the sample rate is outside what can be resampled",
                where=where,
                found=f"{rate_hz} Hz, expected {MIN_RATE_HZ} to {MAX_RATE_HZ}",
            )
        self._where = where
        self._resampler: Any = None
        if rate_hz != SAMPLE_RATE_HZ:
            soxr = load_extra("soxr")
            self._resampler = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality=RESAMPLE_QUALITY)

    def convert(self, block: NDArray[np.float32]) -> Pcm:
        """Convert samples of shape (frames, channels), full scale 1.0; louder ones are clipped, as a converter would.

        Raises DataError where a sample is not a finite number.
        """
        if not np.isfinite(block).all():
            raise DataError("the recording holds samples that are not finite numbers", where=self._where)
        mono = block.mean(axis=1, dtype=np.float32)
        return _quantize(mono if self._resampler is None else self._resampler.resample_chunk(mono))

    def finish(self) -> Pcm:
        """Return what the resampler still holds at the end of the recording."""
        if self._resampler is None:
            return np.empty(0, np.int16)
        return _quantize(self._resampler.resample_chunk(np.empty(0, np.float32), last=True))


def _quantize(mono: NDArray[np.float32]) -> Pcm:
    return np.clip(np.rint(mono * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
