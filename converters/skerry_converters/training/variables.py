"""A network's trained numbers as TensorFlow variables, in TensorFlow's order of axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from skerry_converters.training.convolutions import Normalization, Trained, TrainedConvolution

Value = Any
"""A TensorFlow tensor, variable or module; TensorFlow ships no types."""


class ConvolutionVariables:
    """The variables of one convolution: ``kernel`` is (size, size, channels/groups, filters)."""

    def __init__(self, index: int, start: TrainedConvolution) -> None:
        norm = start.normalization
        self.kernel = _variable(f"{index}/kernel", start.kernel.transpose(2, 3, 1, 0))
        self.bias = _variable(f"{index}/bias", start.bias)
        self.scale = _variable(f"{index}/scale", norm.scale) if norm else None
        self.mean = _variable(f"{index}/mean", norm.mean) if norm else None
        self.variance = _variable(f"{index}/variance", norm.variance) if norm else None

    def trainable(self) -> list[Value]:
        """Return what gradients change."""
        return [one for one in (self.kernel, self.bias, self.scale) if one is not None]

    def statistics(self) -> list[Value]:
        """Return what is measured while training."""
        return [one for one in (self.mean, self.variance) if one is not None]

    def trained(self) -> TrainedConvolution:
        """Return the present numbers."""
        norm = None
        if self.scale is not None and self.mean is not None and self.variance is not None:
            norm = Normalization(scale=self.scale.numpy(), mean=self.mean.numpy(), variance=self.variance.numpy())
        kernel = np.ascontiguousarray(self.kernel.numpy().transpose(3, 2, 0, 1))
        return TrainedConvolution(kernel=kernel, bias=self.bias.numpy(), normalization=norm)


class NetworkVariables:
    """The variables of all convolutions by layer index."""

    def __init__(self, start: Trained) -> None:
        self._by_layer = {index: ConvolutionVariables(index, one) for index, one in start.items()}

    def __getitem__(self, index: int) -> ConvolutionVariables:
        """Return one convolution's variables."""
        return self._by_layer[index]

    def trainable(self) -> list[Value]:
        """Return what gradients change, in a fixed order."""
        return [variable for one in self._by_layer.values() for variable in one.trainable()]

    def all(self) -> list[Value]:
        """Return every variable, in a fixed order: what gradients change, then what is measured."""
        return self.trainable() + [variable for one in self._by_layer.values() for variable in one.statistics()]

    def trained(self) -> dict[int, TrainedConvolution]:
        """Return the present numbers."""
        return {index: one.trained() for index, one in self._by_layer.items()}


def _variable(name: str, start: Any) -> Value:  # noqa: ANN401  # an array
    return tf.Variable(start, dtype=tf.float32, name=name)
