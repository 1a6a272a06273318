"""LiteRT (TensorFlow Lite) on the CPU; `tflite-runtime` stands in where LiteRT has no wheel."""

from __future__ import annotations

import importlib
import importlib.util
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
from skerry_edge.backends.native_output import only_warnings


def import_runtime() -> Any:  # noqa: ANN401  # the runtime ships no types
    """Import LiteRT, or its older distribution where that is what there is."""
    package = "ai_edge_litert" if importlib.util.find_spec("ai_edge_litert") else "tflite_runtime"
    return importlib.import_module(f"{package}.interpreter")


def load(path: Path, options: BackendOptions) -> Backend:
    """Load a TFLite file. Raises ModelFileError where LiteRT refuses it, UnsuitedBackendError for another device."""
    if options.device != "cpu":
        raise UnsuitedBackendError("the litert backend runs on the cpu", found=f"device '{options.device}'")
    runtime = import_runtime()
    resolver = runtime.OpResolverType
    try:
        with only_warnings():
            # The content, not the path: the interpreter maps a path lazily and would see a file that is replaced.
            interpreter = runtime.Interpreter(
                model_content=path.read_bytes(),
                num_threads=options.threads or None,
                experimental_op_resolver_type=(
                    resolver.BUILTIN_WITHOUT_DEFAULT_DELEGATES if options.plain_kernels else resolver.AUTO
                ),
            )
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError, OSError) as error:
        raise ModelFileError("LiteRT cannot load the model", where=str(path), found=str(error).strip()[:300]) from error
    return LiteRtBackend(interpreter, str(path))


class LiteRtBackend:
    """A LiteRT interpreter whose tensors are allocated, as a backend; ``where`` names the file in errors."""

    def __init__(self, interpreter: Any, where: str) -> None:  # noqa: ANN401  # the runtime ships no types
        self._interpreter = interpreter
        self._where = where
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        self._inputs = tuple(_info(one) for one in inputs)
        self._outputs = tuple(_info(one) for one in outputs)
        self._input_indices = tuple(one["index"] for one in inputs)
        self._output_indices = tuple(one["index"] for one in outputs)

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """The inputs in the file's order."""
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        """The outputs in the file's order."""
        return self._outputs

    def infer(self, tensors: tuple[Array, ...]) -> tuple[Array, ...]:
        """Run once. Raises BackendError."""
        check_inputs(tensors, self._inputs)
        try:
            for index, tensor in zip(self._input_indices, tensors, strict=True):
                self._interpreter.set_tensor(index, tensor)
            self._interpreter.invoke()
            return tuple(self._interpreter.get_tensor(index) for index in self._output_indices)
        except (ValueError, RuntimeError) as error:
            raise BackendError("inference failed", where=self._where, found=str(error).strip()[:300]) from error

    def close(self) -> None:
        """Release the interpreter."""
        self._interpreter = None


def _info(one: dict[str, Any]) -> TensorInfo:
    scale, zero_point = one["quantization"]
    return TensorInfo(
        name=one["name"],
        shape=tuple(int(size) for size in one["shape"]),
        dtype=np.dtype(one["dtype"]),
        scale=float(scale),
        zero_point=int(zero_point),
    )
