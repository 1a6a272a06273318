"""Leaky ReLU in operators that the Edge TPU has, as Keras layers; in float both give the very same bits.

The Edge TPU compiler knows no LEAKY_RELU ("Operation not supported", google-coral/edgetpu issues 272 and 597). A PRELU
whose alpha is the slope in every channel computes the same, and so does max(x, ax) for a slope from 0 to 1, which needs
no PRELU and so suits compilers and runtimes older than 13 (issue 165).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from skerry_edge.foundation.errors import ConfigError

Value = Any
"""A Keras tensor; Keras ships no types."""


def leaky_as_prelu(value: Value, slope: float, name: str) -> Value:
    """Return leaky ReLU of ``value``, (batch, height, width, channels), as one PRELU with a constant alpha.

    The alpha has one element a channel, as the Edge TPU wants it. Raises ConfigError for another rank.
    """
    if len(value.shape) != 4:
        raise ConfigError("a PRELU of a network for the Edge TPU has four dimensions", found=str(tuple(value.shape)))
    layer = keras.layers.PReLU(shared_axes=[1, 2], name=name)
    result = layer(value)
    layer.set_weights([np.full((1, 1, value.shape[-1]), slope, np.float32)])
    return result


def leaky_as_maximum(value: Value, slope: float, name: str) -> Value:
    """Return leaky ReLU of ``value``, of any rank, as MUL and MAXIMUM.

    Raises ConfigError for a slope outside 0 to 1, where max(x, ax) is something else.
    """
    if not 0 <= slope <= 1:
        raise ConfigError("max(x, ax) is a leaky ReLU for slopes from 0 to 1 only", found=f"slope {slope}")
    return _Maximum(slope, name=name)(value)


class _Maximum(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """max(x, ax), elementwise."""

    def __init__(self, slope: float, *, name: str) -> None:
        super().__init__(name=name)
        self._slope = slope

    def call(self, inputs: Value) -> Value:
        """Return the larger of the value and the value times the slope."""
        return keras.ops.maximum(inputs, inputs * self._slope)
