"""A file's outputs as real values with their axes as the source has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skerry_converters.calibration.feeds import axes_between
from skerry_edge.backends.base import Array
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import ConfigError, DataError


class OutputReader:
    """Brings a variant's outputs to the source's shape and scale.

    Raises DataError where the variant has other outputs than the source.
    """

    def __init__(self, source: Sequence[Tensor], variant: Sequence[Tensor]) -> None:
        self._source, self._variant = tuple(source), tuple(variant)
        if len(source) != len(variant):
            raise DataError(
                "the file has another number of outputs than its source",
                found=f"{len(variant)}, expected {len(source)}",
            )
        try:
            self._axes = [axes_between(one, own) for one, own in zip(variant, source, strict=True)]
        except ConfigError as error:
            raise DataError("the file has other outputs than its source", found=error.found) from error

    def source_values(self, outputs: Sequence[Array]) -> list[Array]:
        """Return the source's outputs as real values."""
        return [real_values(one, tensor) for one, tensor in zip(outputs, self._source, strict=True)]

    def variant_values(self, outputs: Sequence[Array]) -> list[Array]:
        """Return the variant's outputs as real values, axes as in the source."""
        rows = zip(outputs, self._variant, self._axes, strict=True)
        return [np.transpose(real_values(one, tensor), axes) for one, tensor, axes in rows]


def real_values(array: Array, tensor: Tensor) -> Array:
    """Return stored integers as the real numbers, float64, that they stand for; floats as they are."""
    quantization = tensor.quantization
    if quantization is None:
        return array
    real: Array = (array.astype(np.float64) - quantization.zero_point) * quantization.scale
    return real
