"""The gate: an emitted file must compute, in the device's own backend, what its source computes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skerry_converters.layers import FloatArray
from skerry_converters.targets import Target
from skerry_edge.backends.base import Array, Backend, BackendError, ModelFileError, TensorInfo
from skerry_edge.backends.registry import backend_for, open_backend
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import ImageInput, Tensor
from skerry_edge.vision.preprocess import Preprocessor

LARGEST_ERROR = 1e-3
"""The most that any raw output value of an fp32 file may differ from the source's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the gate found for one file; ``reason`` is None where it passed."""

    variant: str
    backend: str
    largest_error: float | None = None
    reason: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the file may go into the bundle."""
        return self.reason is None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Checked:
    """A file after the gate: its tensors as the backend declares them and its outputs for the golden input."""

    target: Target
    data: bytes
    verdict: Verdict
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    values: tuple[Array, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Gate:
    """Judges files by one picture at network size, uint8 BGR, and what the source gives for it, (c, h, w) an output."""

    image: ImageInput
    picture: NDArray[np.uint8]
    expected: tuple[FloatArray, ...]

    def check(self, target: Target, data: bytes) -> Checked:
        """Run ``data`` as a device would, with its preprocessing, and compare; what is wrong is in the verdict.

        Raises MissingError where the backend's runtime is not installed.
        """
        name = backend_for(target.format)
        try:
            with tempfile.TemporaryDirectory(prefix="skerry-") as folder:
                path = Path(folder, target.file)
                path.write_bytes(data)
                backend = open_backend(name, path)
            try:
                return self._run(target, data, name, backend)
            finally:
                backend.close()
        except (ModelFileError, BackendError, BundleError) as error:
            verdict = Verdict(variant=target.name, backend=name, reason=str(error))
            return Checked(target=target, data=data, verdict=verdict)

    def _run(self, target: Target, data: bytes, name: str, backend: Backend) -> Checked:
        inputs = tuple(_tensor(info, target) for info in backend.inputs)
        outputs = tuple(_tensor(info, target) for info in backend.outputs)
        tensor, _ = Preprocessor(self.image, inputs[0]).run(self.picture)
        values = backend.infer((tensor,))
        largest_error, reason = _compare([_planar(value, target) for value in values], self.expected)
        verdict = Verdict(variant=target.name, backend=name, largest_error=largest_error, reason=reason)
        return Checked(target=target, data=data, verdict=verdict, inputs=inputs, outputs=outputs, values=values)


def _tensor(info: TensorInfo, target: Target) -> Tensor:
    dtype: Any = info.dtype.name
    return Tensor(name=info.name, shape=info.shape, layout=target.layout, dtype=dtype)


def _planar(value: Array, target: Target) -> Array:
    """Return the one picture of a batch as (channels, height, width)."""
    first: Array = value[0]
    return first if target.layout == "NCHW" else first.transpose(2, 0, 1)


def _compare(values: list[Array], expected: tuple[FloatArray, ...]) -> tuple[float | None, str | None]:
    """Return the largest error and the reason to refuse, if there is one."""
    shapes, wanted = [value.shape for value in values], [value.shape for value in expected]
    if shapes != wanted:
        return None, f"outputs of shapes {shapes}, the source has {wanted}"
    for number, value in enumerate(values):
        if not np.isfinite(value).all():
            return None, f"output {number} holds values that are not finite"
    largest = max(float(np.abs(value - want).max()) for value, want in zip(values, expected, strict=True))
    if largest > LARGEST_ERROR:
        return largest, f"differs from the source by {largest:.3g}, allowed are {LARGEST_ERROR:g}"
    for number, value in enumerate(values):
        if value.min() == value.max():
            return largest, f"output {number} is the same everywhere and proves nothing"
    return largest, None
