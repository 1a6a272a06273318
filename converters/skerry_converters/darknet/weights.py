"""Darknet's weights file to folded weights by layer, with the number of floats checked against the layer list."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skerry_converters.layers import (
    NETWORK_INPUT,
    Convolution,
    ConvolutionWeights,
    FloatArray,
    Network,
    Shape,
    Weights,
)
from skerry_edge.foundation.errors import DataError, ReachError

BATCH_NORM_EPSILON = 1e-6
"""Added to the standard deviation, not to the variance (`normalize_cpu` in Darknet's blas.c)."""


def read_weights(path: Path, network: Network, shapes: Sequence[Shape]) -> tuple[bytes, Weights]:
    """Read a weights file; return its bytes and the folded weights of every convolution.

    ``shapes`` are those of `infer_shapes`. Raises ReachError where the file cannot be read, and DataError where it
    does not hold exactly the floats that the network needs or holds one that is not finite.
    """
    blocks = _blocks(network, shapes)
    needed = sum(block.count for block in blocks)
    try:
        with path.open("rb") as file:
            # The size is judged before the content is read: a wrong file may be huge.
            header = _header_bytes(file.read(12), path)
            _check_size(path.stat().st_size - header, needed, path)
            file.seek(0)
            raw = file.read()
    except OSError as error:
        raise ReachError(
            "cannot read the weights", where=str(path), found=error.strerror, todo="check the path"
        ) from error
    floats = np.frombuffer(raw, dtype="<f4", offset=header).astype(np.float32)
    return raw, _split(floats, blocks, path)


def _header_bytes(start: bytes, path: Path) -> int:
    """Return 20 where `seen` is 64 bits wide and 16 where it is 32 (`load_weights_upto` in Darknet's parser.c)."""
    if len(start) < 12:
        raise DataError("this is no Darknet weights file", where=str(path), found=f"{len(start)} bytes, no header")
    major, minor, _ = struct.unpack("<iii", start)
    return 20 if major * 10 + minor >= 2 and major < 1000 and minor < 1000 else 16


def _check_size(body_bytes: int, needed: int, path: Path) -> None:
    if body_bytes == 4 * needed:
        return
    state = "is truncated" if body_bytes < 4 * needed else "is longer than the network"
    rest = f" and {body_bytes % 4} bytes" if body_bytes % 4 else ""
    raise DataError(
        f"the weights file {state}: the cfg needs {needed} floats",
        where=str(path),
        found=f"{max(0, body_bytes) // 4} floats{rest}",
        todo="use the weights that belong to this cfg, or download them again",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Block:
    """A convolution's part of the file: biases, then scales, means and variances with batch norm, then kernels."""

    index: int
    layer: Convolution
    channels_per_group: int

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        return self.layer.filters, self.channels_per_group, self.layer.size, self.layer.size

    @property
    def count(self) -> int:
        a_filter = self.channels_per_group * self.layer.size * self.layer.size
        return self.layer.filters * (a_filter + (4 if self.layer.batch_normalize else 1))


def _blocks(network: Network, shapes: Sequence[Shape]) -> list[_Block]:
    blocks = []
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Convolution):
            source = layer.inputs[0]
            read = network.input if source == NETWORK_INPUT else shapes[source]
            blocks.append(_Block(index=index, layer=layer, channels_per_group=read.channels // layer.groups))
    return blocks


def _split(floats: FloatArray, blocks: Sequence[_Block], path: Path) -> Weights:
    weights: dict[int, ConvolutionWeights] = {}
    start = 0
    for block in blocks:
        numbers = floats[start : start + block.count]
        if not np.isfinite(numbers).all():
            raise DataError(
                f"the weights of layer {block.index} hold values that are not finite",
                where=str(path),
                found=f"{int((~np.isfinite(numbers)).sum())} of {block.count} floats",
            )
        weights[block.index] = _fold(block, numbers, path)
        start += block.count
    return weights


def _fold(block: _Block, numbers: FloatArray, path: Path) -> ConvolutionWeights:
    """Fold batch normalization: kernel * s and bias - mean * s, with s = scale / (sqrt(variance) + 1e-6)."""
    n = block.layer.filters
    if not block.layer.batch_normalize:
        return ConvolutionWeights(bias=numbers[:n].copy(), kernel=numbers[n:].reshape(block.kernel_shape).copy())
    bias, scale, mean, variance = numbers[: 4 * n].astype(np.float64).reshape(4, n)
    if variance.min() < 0:
        raise DataError(
            f"layer {block.index} has a negative batch-norm variance", where=str(path), found=f"{variance.min():g}"
        )
    factor = scale / (np.sqrt(variance) + BATCH_NORM_EPSILON)
    kernel = numbers[4 * n :].reshape(block.kernel_shape) * factor[:, None, None, None]
    with np.errstate(over="ignore"):
        folded = ConvolutionWeights(kernel=kernel.astype(np.float32), bias=(bias - mean * factor).astype(np.float32))
    if not (np.isfinite(folded.kernel).all() and np.isfinite(folded.bias).all()):
        raise DataError(f"folding batch norm of layer {block.index} overflows", where=str(path))
    return folded
