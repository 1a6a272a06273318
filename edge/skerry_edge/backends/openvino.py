"""OpenVINO: the CPU, and Intel's GPU and NPU where the machine has one."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from skerry_edge.backends.base import (
    Array,
    Backend,
    BackendError,
    BackendOptions,
    ModelFileError,
    TensorInfo,
    UnsuitedBackendError,
    check_inputs,
)

MAX_THREADS = 1024


def import_runtime() -> Any:  # noqa: ANN401  # openvino ships no types
    """Import OpenVINO."""
    return importlib.import_module("openvino")


@cache
def shared_core() -> Any:  # noqa: ANN401  # openvino ships no types
    """Return OpenVINO's Core, one for the whole process.

    With two of them, the first to go takes the memory along that the second then makes the signals' stack (seen in
    2026.4): the next signal ends the process. The one that is kept does not go.
    """
    return import_runtime().Core()


def load(path: Path, options: BackendOptions) -> Backend:
    """Load an OpenVINO model: the .xml at ``path`` and the .bin beside it.

    Raises ModelFileError where OpenVINO refuses it, UnsuitedBackendError for a device that is not here.
    """
    core = shared_core()
    device = _device(core, options.device)
    try:
        # The weights are read, not mapped: the caller may replace or remove the file once this returns.
        model = core.read_model(path, config={"ENABLE_MMAP": False})
        compiled = core.compile_model(model, device, _properties(device, options))
        return _OpenVinoBackend(compiled, str(path))
    except (RuntimeError, TypeError, ValueError) as error:
        raise ModelFileError("OpenVINO cannot load the model", where=str(path), found=_told(error)) from error


def _device(core: Any, wanted: str) -> str:  # noqa: ANN401  # openvino ships no types
    available: list[str] = core.available_devices
    for device in available:
        if device.lower() == wanted.lower():
            return device
    known = ", ".join(device.lower() for device in available)
    raise UnsuitedBackendError(f"the openvino backend runs here on: {known}", found=f"device '{wanted}'")


def _properties(device: str, options: BackendOptions) -> dict[str, Any]:
    properties: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if device == "CPU":
        # Left to itself OpenVINO computes float models in bf16 (x86 with AMX) or f16 (Arm), with other results.
        properties["INFERENCE_PRECISION_HINT"] = "f32"
        if options.threads:
            properties["INFERENCE_NUM_THREADS"] = min(options.threads, MAX_THREADS)
    return properties


def _told(error: Exception) -> str:
    """Return the line of OpenVINO's message that says what is wrong: the last, below its own source locations."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


class _OpenVinoBackend:
    def __init__(self, compiled: Any, where: str) -> None:  # noqa: ANN401  # openvino ships no types
        self._request = compiled.create_infer_request()
        self._where = where
        self._inputs = tuple(_info(port) for port in compiled.inputs)
        self._outputs = tuple(_info(port) for port in compiled.outputs)

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return self._outputs

    def infer(self, tensors: tuple[Array, ...]) -> tuple[Array, ...]:
        check_inputs(tensors, self._inputs)
        try:
            # Inputs may be shared, since the call is over when it returns; outputs are copies, the caller's own.
            results = self._request.infer(list(tensors), share_inputs=True)
            return tuple(results[place] for place in range(len(self._outputs)))
        except (RuntimeError, TypeError, ValueError) as error:
            raise BackendError("inference failed", where=self._where, found=_told(error)) from error

    def close(self) -> None:
        self._request = None


def _info(port: Any) -> TensorInfo:  # noqa: ANN401  # openvino ships no types
    shape = tuple(size.get_length() if size.is_static else 0 for size in port.get_partial_shape())
    # A tensor without a name is called after its node.
    name = port.get_any_name() if port.get_names() else port.get_node().get_friendly_name()
    return TensorInfo(name=name, shape=shape, dtype=np.dtype(port.get_element_type().to_dtype()))
