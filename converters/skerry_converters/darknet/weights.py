"""Darknet's weights file to folded weights by layer, with the number of floats checked against the layer list."""

from __future__ import annotations

import struct
from collections.abc import Sequence
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
    needed = sum(count for _, count in _layer_floats(network, shapes))
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
    return raw, _split(floats, network, shapes, path)


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


def _layer_floats(network: Network, shapes: Sequence[Shape]) -> list[tuple[int, int]]:
    """Return each convolution's index and the number of floats that it has in the file."""
    floats = []
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Convolution):
            a_filter = _channels_read(layer, network, shapes) // layer.groups * layer.size * layer.size
            floats.append((index, layer.filters * (a_filter + (4 if layer.batch_normalize else 1))))
    return floats


def _channels_read(layer: Convolution, network: Network, shapes: Sequence[Shape]) -> int:
    source = layer.inputs[0]
    return (network.input if source == NETWORK_INPUT else shapes[source]).channels


def _split(floats: FloatArray, network: Network, shapes: Sequence[Shape], path: Path) -> Weights:
    weights: dict[int, ConvolutionWeights] = {}
    start = 0
    for index, count in _layer_floats(network, shapes):
        layer = network.layers[index]
        assert isinstance(layer, Convolution)  # noqa: S101  # for the type checker; _layer_floats gives no others
        block = floats[start : start + count]
        if not np.isfinite(block).all():
            raise DataError(
                f"the weights of layer {index} hold values that are not finite",
                where=str(path),
                found=f"{int((~np.isfinite(block)).sum())} of {count} floats",
            )
        weights[index] = _fold(index, layer, block, _channels_read(layer, network, shapes), path)
        start += count
    return weights


def _fold(index: int, layer: Convolution, block: FloatArray, channels: int, path: Path) -> ConvolutionWeights:
    """Fold batch normalization: kernel * s and bias - mean * s, with s = scale / (sqrt(variance) + 1e-6)."""
    n = layer.filters
    shape = (n, channels // layer.groups, layer.size, layer.size)
    if not layer.batch_normalize:
        return ConvolutionWeights(bias=block[:n].copy(), kernel=block[n:].reshape(shape).copy())
    bias, scale, mean, variance = block[: 4 * n].astype(np.float64).reshape(4, n)
    if variance.min() < 0:
        raise DataError(
            f"layer {index} has a negative batch-norm variance", where=str(path), found=f"{variance.min():g}"
        )
    factor = scale / (np.sqrt(variance) + BATCH_NORM_EPSILON)
    kernel = block[4 * n :].reshape(shape) * factor[:, None, None, None]
    with np.errstate(over="ignore"):
        folded = ConvolutionWeights(kernel=kernel.astype(np.float32), bias=(bias - mean * factor).astype(np.float32))
    if not (np.isfinite(folded.kernel).all() and np.isfinite(folded.bias).all()):
        raise DataError(f"folding batch norm of layer {index} overflows", where=str(path))
    return folded
