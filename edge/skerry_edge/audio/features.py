"""The TFLite Micro audio front end, streaming: 40 channel energies for every 10 ms of sound."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skerry_edge.audio.extra import load_extra
from skerry_edge.audio.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ, Pcm
from skerry_edge.audio.step import STEP_MS
from skerry_edge.foundation.errors import DataError

CHANNELS = 40
STEP_SAMPLES = SAMPLE_RATE_HZ * STEP_MS // 1000
WINDOW_SAMPLES = SAMPLE_RATE_HZ * 30 // 1000
"""The front end's window; the step and the channels are compiled into `pymicro-features` too."""

Features = NDArray[np.float64]


class FeatureStream:
    """The features of one stream of sound; samples that fill no step are kept for the next call."""

    def __init__(self) -> None:
        self._front_end: Any = load_extra("pymicro_features").MicroFrontend()
        self._left = b""

    def process(self, pcm: Pcm) -> Features:
        """Return the features that ``pcm``, shape (n,), int16, completes: shape (steps, 40), steps may be 0.

        The first comes after 480 samples, each further one after 160. Raises DataError for another shape or dtype.
        """
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise DataError("sound must be 16-bit samples of one channel", found=f"{pcm.dtype} {pcm.shape}")
        data = self._left + pcm.tobytes()
        step_bytes = STEP_SAMPLES * BYTES_PER_SAMPLE
        whole = len(data) // step_bytes * step_bytes
        self._left = data[whole:]
        # One step at a time, as the front end gives one row of features a call at most.
        outputs = (self._front_end.process_samples(data[at : at + step_bytes]) for at in range(0, whole, step_bytes))
        rows = [output.features for output in outputs if output.features]
        return np.array(rows, dtype=np.float64).reshape(len(rows), CHANNELS)


def heard_s(rows: int) -> float:
    """Return the position in the stream, in seconds, where the feature row number ``rows`` (from 1) was complete."""
    return (WINDOW_SAMPLES + (rows - 1) * STEP_SAMPLES) / SAMPLE_RATE_HZ
