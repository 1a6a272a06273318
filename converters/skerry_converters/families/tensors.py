"""The tensors of an emitted file, as the backend that will run it declares them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skerry_edge.backends.base import TensorInfo
from skerry_edge.backends.registry import open_backend
from skerry_edge.contracts.manifest import Quantization, Tensor
from skerry_edge.foundation.errors import DataError


def declared(
    backend: str, path: Path, inputs: Sequence[Tensor], outputs: Sequence[Tensor]
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Load a file and return its tensors, with the layouts of ``inputs`` and ``outputs``, which have the same shapes.

    Raises ModelFileError where the runtime refuses the file, DataError where its tensors are others.
    """
    loaded = open_backend(backend, path)
    try:
        return _described(loaded.inputs, inputs, path), _described(loaded.outputs, outputs, path)
    finally:
        loaded.close()


def _described(infos: tuple[TensorInfo, ...], wanted: Sequence[Tensor], path: Path) -> tuple[Tensor, ...]:
    if [info.shape for info in infos] != [one.shape for one in wanted]:
        raise DataError(
            "the converted file has other tensors than its source",
            where=path.name,
            found=f"{[info.shape for info in infos]}, expected {[one.shape for one in wanted]}",
        )
    return tuple(_tensor(info, one.layout) for info, one in zip(infos, wanted, strict=True))


def _tensor(info: TensorInfo, layout: str) -> Tensor:
    dtype: Any = info.dtype.name
    quantization = Quantization(scale=info.scale, zero_point=info.zero_point) if info.scale else None
    return Tensor(name=info.name, shape=info.shape, layout=layout, dtype=dtype, quantization=quantization)
