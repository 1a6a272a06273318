"""A streaming network of microWakeWord's kind: feature rows in, one probability for each stride."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from skerry_edge.audio.features import CHANNELS, Features
from skerry_edge.backends.base import Backend, BackendOptions, ModelFileError, TensorInfo
from skerry_edge.backends.registry import open_backend

BACKEND = "litert"
"""The one backend that keeps the state of a streaming TFLite model between calls."""
_QUANTIZED = ("int8", "uint8")


class StreamingNetwork:
    """A loaded streaming model, which keeps its own state from step to step; a new stream needs a new one."""

    def __init__(self, backend: Backend, where: str) -> None:
        """Take over ``backend``. Raises ModelFileError where its tensors are not those of a streaming wake word."""
        self._backend = backend
        self._input, self._output = _check_tensors(backend, where)
        self.stride = self._input.shape[1]
        """How many feature rows one step takes."""

    def probability(self, features: Features) -> float:
        """Run one step on features of shape (stride, 40). Raises BackendError.

        The arithmetic is that of `pymicro-wakeword`, to the last bit. It differs in one place: a feature beyond the
        top of the input's range (a pure tone at full scale reaches it) is clipped, as in ESPHome's firmware, where
        the reference casts it and lets it wrap around to the bottom.
        """
        tensor = self._input
        bounds = np.iinfo(tensor.dtype)
        scaled = np.round(features[np.newaxis] / tensor.scale + tensor.zero_point)
        (output,) = self._backend.infer((np.clip(scaled, bounds.min, bounds.max).astype(tensor.dtype),))
        return float(((output.astype(np.float32) - self._output.zero_point) * self._output.scale).item())

    def close(self) -> None:
        """Release the runtime's resources."""
        self._backend.close()


def open_network(path: Path, options: BackendOptions) -> StreamingNetwork:
    """Load a streaming TFLite file, fresh. Raises ModelFileError, and MissingError without the `wakeword` extra."""
    return StreamingNetwork(open_backend(BACKEND, path, options), str(path))


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
