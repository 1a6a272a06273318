"""Raw outputs read as real numbers, and checked against the manifest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skerry_edge.backends.base import Array, BackendError
from skerry_edge.contracts.manifest import Tensor


def check_shape(raw: Array, tensor: Tensor) -> None:
    """Refuse an output of another shape than the manifest's. Raises BackendError."""
    if raw.shape != tensor.shape:
        raise BackendError(f"output '{tensor.name}' does not fit", found=f"{raw.shape}, expected {tensor.shape}")


def real_values(values: Array, tensor: Tensor) -> NDArray[np.float32]:
    """Return stored values of ``tensor`` as float32 real ones."""
    real: NDArray[np.float32] = values.astype(np.float32, copy=False)
    if tensor.quantization is not None:
        real = (real - np.float32(tensor.quantization.zero_point)) * np.float32(tensor.quantization.scale)
    return real
