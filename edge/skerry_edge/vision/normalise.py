"""Pixels of a resized picture to the values of a network's input tensor, written in place."""

from __future__ import annotations

from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_edge.backends.base import Array
from skerry_edge.contracts.manifest import ImageInput, Quantization, Tensor

FLOATS = ("float32", "float16")


class Normaliser(Protocol):
    """Writes a picture into a region of the input tensor as value = (pixel / full scale) * scale + offset."""

    def write(self, planes: list[Array], region: Array) -> None:
        """Write ``planes``, each (h, w) in the tensor's channel order, into ``region`` of shape (channels, h, w)."""
        ...

    def write_interleaved(self, picture: Array, region: Array) -> None:
        """Write ``picture`` (h, w, channels), in the tensor's channel order, into ``region`` of the same shape."""
        ...


def channel_values(spec: ImageInput, share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the real values of ``share`` (any shape, 0..1 of full scale): its shape and one more axis, the channel."""
    channels = 1 if spec.colour == "grey" else 3
    scale = np.broadcast_to(np.array(spec.scale, np.float64), (channels,))
    offset = np.broadcast_to(np.array(spec.offset, np.float64), (channels,))
    return share[..., np.newaxis] * scale + offset


def stored(real: NDArray[np.float64], tensor: Tensor) -> Array:
    """Return real values as the tensor stores them: quantized, rounded half to even and saturated where integer."""
    dtype = np.dtype(tensor.dtype)
    if tensor.dtype in FLOATS:
        return real.astype(dtype)
    quantization = tensor.quantization or Quantization(scale=1.0, zero_point=0)
    limits = np.iinfo(dtype)
    steps = np.rint(real / quantization.scale) + quantization.zero_point
    saturated: Array = np.clip(steps, limits.min, limits.max).astype(dtype)
    return saturated


class FloatNormaliser:
    """Multiplies and adds; for pictures of any integer type whose full scale is ``full_scale``."""

    def __init__(self, spec: ImageInput, full_scale: int) -> None:
        low, high = channel_values(spec, np.array([0.0, 1.0]))
        self._factor = ((high - low) / full_scale).astype(np.float32)
        self._offset = low.astype(np.float32)
        self._has_offset = bool(self._offset.any())

    def write(self, planes: list[Array], region: Array) -> None:
        """Write channel by channel."""
        for plane, factor, offset, target in zip(planes, self._factor, self._offset, region, strict=True):
            np.multiply(plane, factor, out=target)
            if self._has_offset:
                np.add(target, offset, out=target)

    def write_interleaved(self, picture: Array, region: Array) -> None:
        """Write all channels at once, in rows: a broadcast over an inner axis of three would be five times slower."""
        height, width, _ = picture.shape
        rows = region.reshape(height, -1)
        np.multiply(picture.reshape(height, -1), np.tile(self._factor, width), out=rows)
        if self._has_offset:
            np.add(rows, np.tile(self._offset, width), out=rows)


class TableNormaliser:
    """Looks each 8-bit pixel up in a table of what the tensor stores for it: scaling and quantization in one step."""

    def __init__(self, spec: ImageInput, tensor: Tensor) -> None:
        table = stored(channel_values(spec, np.arange(256) / 255.0), tensor)
        self._tables: list[NDArray[Any]] = [np.ascontiguousarray(column) for column in table.T]
        self._interleaved = np.ascontiguousarray(table[np.newaxis])

    def write(self, planes: list[Array], region: Array) -> None:
        """Write channel by channel."""
        for plane, table, target in zip(planes, self._tables, region, strict=True):
            cv2.LUT(plane, table, dst=target)

    def write_interleaved(self, picture: Array, region: Array) -> None:
        """Write all channels at once."""
        cv2.LUT(picture, self._interleaved, dst=region)
