"""The error of each layer, added up input after input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skerry_converters.gates.metrics import energy, sqnr_db
from skerry_edge.backends.base import Array

LEAST_DB = -100.0
"""Stands for values that are not finite, or not zero where the float network's all are: JSON has no infinity."""


class LayerMeter:
    """Sums signal and noise of some layers; no value is kept."""

    def __init__(self, layers: int) -> None:
        self._signal, self._noise = np.zeros(layers), np.zeros(layers)
        self._comparable = np.ones(layers, np.bool_)

    def add(self, reference: Sequence[Array], emitted: Sequence[Array]) -> None:
        """Take the real values of all layers for one input."""
        for place, (want, got) in enumerate(zip(reference, emitted, strict=True)):
            if want.shape != got.shape:
                self._comparable[place] = False
                continue
            exact = want.astype(np.float64)
            self._signal[place] += energy(exact)
            self._noise[place] += energy(got - exact) if np.isfinite(got).all() else np.inf

    def ratios_db(self) -> list[float | None]:
        """Return each layer's SQNR, infinite where nothing differs, and None for values of another shape."""
        rows = zip(self._signal, self._noise, self._comparable, strict=True)
        return [
            max(LEAST_DB, sqnr_db(float(signal), float(noise))) if comparable else None
            for signal, noise, comparable in rows
        ]
