"""The seam that every inference runtime implements, and the errors that it may raise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skerry_edge.backends.errors import BackendError, ModelFileError, UnsuitedBackendError

__all__ = [
    "Array",
    "Backend",
    "BackendError",
    "BackendOptions",
    "ModelFileError",
    "TensorInfo",
    "UnsuitedBackendError",
    "check_inputs",
]

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class TensorInfo:
    """A tensor as the loaded file declares it; ``scale`` is 0.0 where it is not quantized.

    Dimensions that the file leaves open are 0.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float = 0.0
    zero_point: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class BackendOptions:
    """How to load a model: threads (0 is the runtime's default), device, and plain kernels where they exist.

    ``plain_kernels`` asks for the runtime's own built-in kernels without an accelerating delegate (LiteRT: no
    XNNPACK), which are slower and bit-exact with the reference.
    """

    threads: int = 0
    device: str = "cpu"
    plain_kernels: bool = False


class Backend(Protocol):
    """A loaded model. Not thread-safe; a stateful model keeps its state between calls until closed."""

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """The inputs in the file's order."""
        ...

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        """The outputs in the file's order."""
        ...

    def infer(self, tensors: tuple[Array, ...]) -> tuple[Array, ...]:
        """Run once; ``tensors`` match ``inputs`` in order, shape and dtype. Raises BackendError.

        The returned arrays are the caller's own: they stay valid after the next call.
        """
        ...

    def close(self) -> None:
        """Release the runtime's resources; the backend is not used afterwards."""
        ...


def check_inputs(tensors: tuple[Array, ...], infos: tuple[TensorInfo, ...]) -> None:
    """Refuse tensors whose number, shape or dtype is not what the model declares. Raises BackendError."""
    if len(tensors) != len(infos):
        raise BackendError("wrong number of input tensors", found=f"{len(tensors)}, expected {len(infos)}")
    for tensor, info in zip(tensors, infos, strict=True):
        fits = len(tensor.shape) == len(info.shape) and all(
            want in (0, got) for got, want in zip(tensor.shape, info.shape, strict=True)
        )
        if not fits or tensor.dtype != info.dtype:
            raise BackendError(
                f"input '{info.name}' does not fit",
                found=f"{tensor.dtype} {tensor.shape}, expected {info.dtype} {info.shape}",
            )
