"""How far two sets of outputs are apart: signal to quantization noise, cosine, largest error, steps of quantization."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from skerry_edge.backends.base import Array

LSB_STEPS = (0, 1, 2)
"""The distances, in steps of the output's own quantization, that shares are reported for."""


class OutputFigures(Struct, frozen=True, kw_only=True):
    """What was measured for one output over all inputs.

    ``sqnr_db`` and ``cosine`` are None where they have no value: no error at all, or a source that is zero everywhere.
    ``max_abs_error`` and ``mean_error`` (the variant's value minus the source's) are in the output's own units.
    ``share_within_lsb`` and ``saturated_share`` (values at the ends of the integer type) are for integer outputs alone.
    ``constant`` says that all values of all inputs are one number, ``stuck`` that every input gave the same although
    the source's output varied.
    """

    name: str
    values: int
    sqnr_db: float | None = None
    cosine: float | None = None
    max_abs_error: float | None = None
    mean_error: float | None = None
    share_within_lsb: dict[str, float] | None = None
    saturated_share: float | None = None
    not_finite: int = 0
    constant: bool = False
    source_constant: bool = False
    stuck: bool = False

    @property
    def exact(self) -> bool:
        """Whether no value differs."""
        return self.max_abs_error == 0 and not self.not_finite


def sqnr_db(signal: float, noise: float) -> float:
    """Return 10 log10 of the ratio of two sums of squares; infinite without noise, minus infinity without signal."""
    if noise == 0:
        return math.inf
    ratio = signal / noise
    return 10 * math.log10(ratio) if ratio > 0 else -math.inf


def energy(values: NDArray[np.float64]) -> float:
    """Return the sum of squares."""
    # Not a dot product: BLAS would wake threads of its own beside the runtime's, which took twenty times as long.
    return float(np.square(values).sum())


def compare(name: str, source: Array, variant: Array) -> OutputFigures:
    """Compare two arrays of real values and of one shape at once."""
    meter = OutputMeter(name)
    meter.add(source, variant)
    return meter.figures()


class _Range:
    """The lowest and the highest of all values so far."""

    def __init__(self) -> None:
        self._low, self._high = math.inf, -math.inf

    @property
    def one_value(self) -> bool:
        """Whether there were values, and all of them equal."""
        return self._low == self._high

    def add(self, values: NDArray[Any]) -> None:
        self._low = min(self._low, float(values.min(initial=np.inf)))
        self._high = max(self._high, float(values.max(initial=-np.inf)))


class OutputMeter:
    """Measures one output input after input; keeps sums and the first pair, so that memory stays flat.

    ``lsb`` is the step of the variant's quantization where its output is of integers.
    """

    def __init__(self, name: str, lsb: float | None = None) -> None:
        self._name = name
        self._lsb = lsb
        self._values = self._not_finite = self._saturated = 0
        self._signal = self._noise = self._power = self._product = self._errors = 0.0
        self._largest = 0.0
        self._within = np.zeros(len(LSB_STEPS), np.int64)
        self._range, self._source_range = _Range(), _Range()
        self._first: tuple[Array, Array] | None = None
        self._source_varies = self._variant_varies = False

    def add(self, source: Array, variant: Array, stored: Array | None = None) -> None:
        """Take one input's values, real and of one shape; ``stored`` are the variant's as integers, where it has such.

        Raises ValueError for different shapes.
        """
        if source.shape != variant.shape:
            raise ValueError(f"shapes {source.shape} and {variant.shape}")
        self._note_variation(source, variant)
        self._values += variant.size
        finite = np.isfinite(variant)
        self._not_finite += int(np.count_nonzero(~finite))
        want, got = source[finite].astype(np.float64), variant[finite].astype(np.float64)
        self._range.add(got)
        self._source_range.add(source)
        if got.size:
            self._add_errors(want, got)
        if stored is not None:
            limits = np.iinfo(stored.dtype)
            self._saturated += int(np.count_nonzero((stored == limits.min) | (stored == limits.max)))

    def figures(self) -> OutputFigures:
        """Return what was measured so far."""
        counted = self._values - self._not_finite
        ratio = sqnr_db(self._signal, self._noise)
        lengths = math.sqrt(self._signal * self._power)
        integer = self._lsb is not None and counted > 0
        return OutputFigures(
            name=self._name,
            values=self._values,
            sqnr_db=ratio if counted and math.isfinite(ratio) else None,
            cosine=self._product / lengths if lengths > 0 else None,
            max_abs_error=self._largest if counted else None,
            mean_error=self._errors / counted if counted else None,
            share_within_lsb=self._shares(counted) if integer else None,
            saturated_share=self._saturated / self._values if integer else None,
            not_finite=self._not_finite,
            constant=self._range.one_value,
            source_constant=self._source_range.one_value,
            stuck=self._source_varies and not self._variant_varies,
        )

    def _note_variation(self, source: Array, variant: Array) -> None:
        if self._first is None:
            self._first = (source.copy(), variant.copy())
            return
        first_source, first_variant = self._first
        self._source_varies |= not np.array_equal(first_source, source)
        self._variant_varies |= not np.array_equal(first_variant, variant, equal_nan=True)

    def _add_errors(self, want: NDArray[np.float64], got: NDArray[np.float64]) -> None:
        error = got - want
        self._signal += energy(want)
        self._power += energy(got)
        self._product += float((want * got).sum())
        self._noise += energy(error)
        self._errors += float(error.sum())
        distance = np.abs(error)
        self._largest = max(self._largest, float(distance.max()))
        if self._lsb:
            steps = np.rint(distance / self._lsb)
            self._within += [int(np.count_nonzero(steps <= limit)) for limit in LSB_STEPS]

    def _shares(self, counted: int) -> dict[str, float]:
        return {str(steps): float(count / counted) for steps, count in zip(LSB_STEPS, self._within, strict=True)}
