"""ONNX Runtime: the CPU, and on a Jetson the GPU by NVIDIA's CUDA and TensorRT."""

from __future__ import annotations

import importlib
import os
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
from skerry_edge.foundation.errors import MissingError

PROVIDERS = {
    "cpu": ("CPUExecutionProvider",),
    "cuda": ("CUDAExecutionProvider", "CPUExecutionProvider"),
    "tensorrt": ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"),
}
"""ONNX Runtime's execution providers by device; what the first leaves goes to the next."""
_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(int16)": "int16",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}


def import_onnxruntime() -> Any:  # noqa: ANN401  # onnxruntime ships no types
    """Import ONNX Runtime without its telemetry: a device tells nobody what it runs.

    Its Linux wheels write an id beside the temporary files and report events unless this is said before the import.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    return importlib.import_module("onnxruntime")


import_runtime = import_onnxruntime
"""What every backend's module calls it."""


def load(path: Path, options: BackendOptions) -> Backend:
    """Load an ONNX file on the cpu, on cuda, or on tensorrt with cuda for what it leaves.

    Raises ModelFileError where ONNX Runtime refuses it, UnsuitedBackendError for another device, and MissingError
    where this ONNX Runtime cannot reach the device: it would compute on the CPU, and say nothing.
    """
    ort = import_onnxruntime()
    providers = _providers(ort, options.device)
    session_options = ort.SessionOptions()
    session_options.log_severity_level = 3
    # Workers that wait by spinning take the processor from the device's other pipelines: a small network is then
    # twice as slow while one core is busy, and at 10 frames a second costs seven times the processor time. Waiting
    # asleep costs it a tenth on an idle machine.
    session_options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if options.threads:
        session_options.intra_op_num_threads = options.threads
    try:
        session = ort.InferenceSession(str(path), session_options, providers=providers)
    except Exception as error:  # ONNX Runtime's own exceptions share no other base
        raise ModelFileError("ONNX Runtime cannot load the model", where=str(path), found=_first_line(error)) from error
    if session.get_providers()[0] != providers[0]:
        raise _out_of_reach(options.device, f"it computes on {session.get_providers()[0]} instead")
    return _OnnxBackend(session, str(path))


def _providers(ort: Any, device: str) -> list[str]:  # noqa: ANN401  # onnxruntime ships no types
    if device not in PROVIDERS:
        raise UnsuitedBackendError(f"the onnx backend runs on: {', '.join(PROVIDERS)}", found=f"device '{device}'")
    wanted, available = PROVIDERS[device], ort.get_available_providers()
    if wanted[0] not in available:
        raise _out_of_reach(device, f"it has {', '.join(available)}")
    return list(wanted)


def _out_of_reach(device: str, found: str) -> MissingError:
    todo = "install the onnxruntime-gpu of the board's maker (for a Jetson, NVIDIA's own wheel), and its drivers"
    return MissingError(f"this ONNX Runtime cannot reach the device '{device}'", found=found, todo=todo)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__


class _OnnxBackend:
    def __init__(self, session: Any, where: str) -> None:  # noqa: ANN401  # onnxruntime ships no types
        self._session = session
        self._where = where
        self._inputs = tuple(_info(one, where) for one in session.get_inputs())
        self._outputs = tuple(_info(one, where) for one in session.get_outputs())
        self._names = tuple(info.name for info in self._inputs)

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return self._outputs

    def infer(self, tensors: tuple[Array, ...]) -> tuple[Array, ...]:
        check_inputs(tensors, self._inputs)
        try:
            return tuple(self._session.run(None, dict(zip(self._names, tensors, strict=True))))
        except Exception as error:  # ONNX Runtime's own exceptions share no other base
            raise BackendError("inference failed", where=self._where, found=_first_line(error)) from error

    def close(self) -> None:
        self._session = None


def _info(one: Any, where: str) -> TensorInfo:  # noqa: ANN401  # onnxruntime ships no types
    if one.type not in _DTYPES:
        raise ModelFileError("a tensor's type is not supported", where=f"{where}, '{one.name}'", found=one.type)
    shape = tuple(size if isinstance(size, int) else 0 for size in one.shape)
    return TensorInfo(name=one.name, shape=shape, dtype=np.dtype(_DTYPES[one.type]))
