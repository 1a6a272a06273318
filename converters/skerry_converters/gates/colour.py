"""Whether a file expects red and blue the other way round: a fault that leaves most boxes where they were."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from skerry_converters.gates.metrics import energy, sqnr_db
from skerry_converters.gates.verdict import ColourFigures
from skerry_edge.backends.base import Array
from skerry_edge.contracts.manifest import ImageInput, Tensor

INPUTS = 8
_CLEAR_DB = 200.0
"""Stands for an output without any error, so that a mean can be taken."""


class ColourMeter:
    """Compares outputs for a picture as it is fed and with its first and last channel exchanged, for a few pictures."""

    def __init__(self, channel_axis: int, outputs: int) -> None:
        self._axis = channel_axis
        self._sums = np.zeros((3, outputs))
        self._inputs = 0

    @property
    def taken(self) -> int:
        """How many pictures were compared."""
        return self._inputs

    @property
    def wants_more(self) -> bool:
        """Whether another picture would make it surer."""
        return self._inputs < INPUTS

    def exchanged(self, tensor: Array) -> Array:
        """Return the input tensor with its channels the other way round."""
        return np.ascontiguousarray(np.flip(tensor, self._axis))

    def add(self, source: Sequence[Array], fed: Sequence[Array], exchanged: Sequence[Array]) -> None:
        """Take real values of all outputs for one picture."""
        for place, (want, one, other) in enumerate(zip(source, fed, exchanged, strict=True)):
            self._sums[:, place] += [_energy(want), _energy(one - want), _energy(other - want)]
        self._inputs += 1

    def figures(self) -> ColourFigures:
        """Return the mean over the outputs of the SQNR over all pictures."""
        signal, fed, exchanged = self._sums
        return ColourFigures(
            inputs=self._inputs, fed_db=_mean_db(signal, fed), exchanged_db=_mean_db(signal, exchanged)
        )


def colour_meter(model_input: object, tensor: Tensor, outputs: int) -> ColourMeter | None:
    """Return a meter for a network of colour pictures, and None for every other one."""
    if not isinstance(model_input, ImageInput) or model_input.colour == "grey" or "C" not in tensor.layout:
        return None
    return ColourMeter(tensor.layout.index("C"), outputs)


def _energy(values: Array) -> float:
    return energy(values.astype(np.float64)) if np.isfinite(values).all() else math.inf


def _mean_db(signal: Array, noise: Array) -> float:
    ratios = [sqnr_db(float(one), float(other)) for one, other in zip(signal, noise, strict=True)]
    return float(np.clip(ratios, -_CLEAR_DB, _CLEAR_DB).mean())
