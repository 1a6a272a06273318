"""One network over the front end's features: what is its own among words that share a stream."""

from __future__ import annotations

import numpy as np

from skerry_edge.audio.decision import SlidingMean, Step
from skerry_edge.audio.features import CHANNELS, heard_s
from skerry_edge.audio.network import StreamingNetwork
from skerry_edge.backends.base import Array


class Track:
    """Feeds feature rows to one fresh network and averages its probabilities; ``word`` names them."""

    def __init__(self, network: StreamingNetwork, *, word: str, window: int) -> None:
        self._network = network
        self._word = word
        self._mean = SlidingMean(window)
        self.quantization = network.quantization
        self._pending: Array = np.empty((0, CHANNELS), self.quantization.dtype)
        self._rows = 0
        self.stride = network.stride
        """How many rows one score takes."""
        self.shortest_rows = network.stride * window
        """How many rows the first score takes."""

    def judge(self, rows: Array) -> list[Step]:
        """Take the next rows, shape (n, 40), quantized; return the scores that they complete. Raises BackendError."""
        self._pending = np.concatenate((self._pending, rows))
        steps = []
        while len(self._pending) >= self.stride:
            probability = self._network.probability(self._pending[: self.stride])
            self._pending = self._pending[self.stride :]
            self._rows += self.stride
            steps.append(Step(word=self._word, time_s=heard_s(self._rows), score=self._mean.add(probability)))
        return steps

    def skip(self, rows: int) -> None:
        """Leave out so many rows of the stream."""
        self._rows += rows
