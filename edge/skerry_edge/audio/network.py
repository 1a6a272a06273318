"""A streaming network of microWakeWord's kind: feature rows in, one probability for each stride."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skerry_edge.audio.features import CHANNELS, Features
from skerry_edge.audio.model import BACKEND
from skerry_edge.backends.base import Array, Backend, BackendOptions, ModelFileError, TensorInfo
from skerry_edge.backends.registry import open_backend
from skerry_edge.backends.variants import open_variant
from skerry_edge.contracts.bundle import Bundle

_QUANTIZED = ("int8", "uint8")


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantization:
    """How features become what a network takes; networks of one training share it, and its cost."""

    scale: float
    zero_point: int
    dtype: np.dtype[Any]

    def apply(self, features: Features) -> Array:
        """Return features of shape (n, 40) in the network's own integers.

        The arithmetic is that of `pymicro-wakeword`, to the last bit. It differs in one place: a feature beyond the
        top of the input's range (a pure tone at full scale reaches it) is clipped, as in ESPHome's firmware, where
        the reference casts it and lets it wrap around to the bottom.
        """
        bounds = np.iinfo(self.dtype)
        scaled = np.round(features / self.scale + self.zero_point)
        return np.clip(scaled, bounds.min, bounds.max).astype(self.dtype)


class StreamingNetwork:
    """A loaded streaming model, which keeps its own state from step to step; a new stream needs a new one."""

    def __init__(self, backend: Backend, where: str) -> None:
        """Take over ``backend``. Raises ModelFileError where its tensors are not those of a streaming wake word."""
        self._backend = backend
        tensor, output = _check_tensors(backend, where)
        self.stride = tensor.shape[1]
        """How many feature rows one step takes."""
        self.quantization = Quantization(scale=tensor.scale, zero_point=tensor.zero_point, dtype=tensor.dtype)
        self.stored_as = output.dtype
        """The integers in which it gives its probabilities."""
        self._lowest, self._probabilities = _levels(output)

    def probability(self, rows: Array) -> float:
        """Run one step on quantized features of shape (stride, 40). Raises BackendError."""
        return self._probabilities[self.output(rows) - self._lowest]

    def output(self, rows: Array) -> int:
        """Run one step as `probability` does, and return its output as it is stored."""
        (output,) = self._backend.infer((rows[np.newaxis],))
        return int(output.item())

    def close(self) -> None:
        """Release the runtime's resources."""
        self._backend.close()


def open_network(path: Path, options: BackendOptions, *, variant: str | None = None) -> StreamingNetwork:
    """Load a streaming TFLite file, or the ``variant`` of the bundle at ``path``, fresh.

    Raises ModelFileError, MissingError without the `wakeword` extra, BundleError.
    """
    if variant is None:
        return StreamingNetwork(open_backend(BACKEND, path, options), str(path))
    return StreamingNetwork(open_variant(Bundle.open(path), variant, BACKEND, options), f"{path}, variant {variant}")


def _levels(output: TensorInfo) -> tuple[int, list[float]]:
    """Return the lowest value that a quantized output has, and the probabilities that it and those above it mean."""
    bounds = np.iinfo(output.dtype)
    levels = np.arange(bounds.min, bounds.max + 1)
    return bounds.min, ((levels.astype(np.float32) - output.zero_point) * output.scale).tolist()


def _check_tensors(backend: Backend, where: str) -> tuple[TensorInfo, TensorInfo]:
    inputs, outputs = backend.inputs, backend.outputs
    fits = (
        len(inputs) == len(outputs) == 1
        and len(inputs[0].shape) == 3
        and inputs[0].shape[0] == 1
        and inputs[0].shape[1] >= 1
        and inputs[0].shape[2] == CHANNELS
        and int(np.prod(outputs[0].shape)) == 1
        and all(one.dtype.name in _QUANTIZED and one.scale > 0 for one in (inputs[0], outputs[0]))
    )
    if not fits:
        tensors = ", ".join(f"{one.dtype} {list(one.shape)}" for one in (*inputs, *outputs))
        raise ModelFileError(
            "this is no streaming wake-word model",
            where=where,
            found=f"{tensors}; expected one quantized input [1, stride, {CHANNELS}] and one quantized output [1, 1]",
        )
    return inputs[0], outputs[0]
