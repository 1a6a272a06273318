"""A sample made to fit an input tensor: by the device's own preprocessing, or by layout and quantization alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from skerry_edge.backends.base import Array
from skerry_edge.contracts.manifest import AudioInput, ImageInput, Tensor, TensorInput
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.geometry import Geometry
from skerry_edge.vision.normalise import stored
from skerry_edge.vision.preprocess import Preprocessor

ModelInput = ImageInput | AudioInput | TensorInput


@dataclass(frozen=True, kw_only=True, slots=True)
class Fed:
    """An input tensor of the caller's own, and where the picture lies in it; None where it was no picture."""

    tensor: Array
    geometry: Geometry | None = None


class Feed(Protocol):
    """Makes samples of one kind fit one tensor."""

    def __call__(self, value: Array) -> Fed:
        """Return the tensor for a sample's ``value``."""
        ...


class PictureFeed:
    """Pictures, by the very code that a device runs."""

    def __init__(self, image: ImageInput, tensor: Tensor) -> None:
        self._preprocessor = Preprocessor(image, tensor)

    def __call__(self, value: Array) -> Fed:
        """Return the tensor for a uint8 BGR picture. Raises ImageError."""
        tensor, geometry = self._preprocessor.run(value)
        # A calibrator may keep what it is given; the preprocessor's own buffer is written again.
        return Fed(tensor=tensor.copy(), geometry=geometry)


class ArrayFeed:
    """Real values that lie as in tensor ``source`` and go into ``target``: axes moved, then quantized.

    Raises ConfigError where the two have no common axes.
    """

    def __init__(self, source: Tensor, target: Tensor) -> None:
        self._target = target
        self._axes = axes_between(source, target)

    def __call__(self, value: Array) -> Fed:
        """Return the tensor for ``value``, the shape of ``source`` without its batch axis."""
        moved = np.transpose(value[np.newaxis].astype(np.float64), self._axes)
        return Fed(tensor=np.ascontiguousarray(stored(moved, self._target)))


def axes_between(source: Tensor, target: Tensor) -> tuple[int, ...]:
    """Return the order of ``source``'s axes that gives ``target``'s shape. Raises ConfigError where there is none."""
    if sorted(source.layout) != sorted(target.layout) or len(set(source.layout)) != len(source.layout):
        axes = tuple(range(len(source.shape)))
    else:
        axes = tuple(source.layout.index(axis) for axis in target.layout)
    if tuple(source.shape[axis] for axis in axes) != target.shape:
        raise ConfigError(
            f"tensor '{target.name}' has another shape than '{source.name}'",
            found=f"{target.shape} ({target.layout}) for {source.shape} ({source.layout})",
        )
    return axes
