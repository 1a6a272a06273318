"""A variant of a bundle opened on a backend, and held against the manifest."""

from __future__ import annotations

import math

import numpy as np

from skerry_edge.backends.base import Backend, BackendOptions, ModelFileError, TensorInfo
from skerry_edge.backends.extraction import extracted
from skerry_edge.backends.registry import open_backend
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import Tensor


def open_variant(bundle: Bundle, variant: str, backend: str, options: BackendOptions) -> Backend:
    """Load a variant whose file has been checked against its hash, and check its tensors against the manifest.

    Raises BundleError, ConfigError, MissingError, and ModelFileError where the file is not what the manifest says.
    """
    described = bundle.variant(variant)
    with extracted(bundle, described) as path:
        loaded = open_backend(backend, path, options)
    where = f"{bundle.path}!{described.file}"
    try:
        check_tensors(described.inputs, loaded.inputs, where=f"{where}, inputs")
        check_tensors(described.outputs, loaded.outputs, where=f"{where}, outputs")
    except ModelFileError:
        loaded.close()
        raise
    return loaded


def check_tensors(described: tuple[Tensor, ...], loaded: tuple[TensorInfo, ...], *, where: str) -> None:
    """Refuse tensors whose number, name, shape, dtype or quantization is not the manifest's. Raises ModelFileError."""
    if len(described) != len(loaded):
        raise ModelFileError(
            "the model file has another number of tensors than the manifest says",
            where=where,
            found=f"{len(loaded)}, expected {len(described)}",
        )
    for want, got in zip(described, loaded, strict=True):
        if not _fits(want, got):
            raise ModelFileError(
                "a tensor of the model file is not what the manifest says",
                where=where,
                found=f"{_told(got)}, expected {_told(_as_info(want))}",
            )


def _fits(want: Tensor, got: TensorInfo) -> bool:
    expected = _as_info(want)
    if (expected.name, len(expected.shape), expected.dtype) != (got.name, len(got.shape), got.dtype):
        return False
    if any(size not in (0, expected.shape[axis]) for axis, size in enumerate(got.shape)):
        return False
    # ONNX does not record how an integer input or output is quantized; the manifest's word stands then.
    same_scale = math.isclose(expected.scale, got.scale, rel_tol=1e-5) and expected.zero_point == got.zero_point
    return same_scale or got.scale == 0.0


def _as_info(tensor: Tensor) -> TensorInfo:
    scale, zero_point = (tensor.quantization.scale, tensor.quantization.zero_point) if tensor.quantization else (0.0, 0)
    return TensorInfo(
        name=tensor.name, shape=tensor.shape, dtype=np.dtype(tensor.dtype), scale=scale, zero_point=zero_point
    )


def _told(info: TensorInfo) -> str:
    quantized = f" scale {info.scale:.6g} zero point {info.zero_point}" if info.scale else ""
    return f"'{info.name}' {info.dtype} {info.shape}{quantized}"
