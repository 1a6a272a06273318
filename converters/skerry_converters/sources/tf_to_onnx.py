"""TensorFlow functions and TFLite files as ONNX, by tf2onnx."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import onnx
import tensorflow as tf
import tf2onnx

from skerry_converters.emit_onnx import OPSET
from skerry_converters.sources.base import Function, ModelFile
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import DataError


def function_to_onnx(function: Function, folder: Path, *, where: str) -> ModelFile:
    """Write a function as `source.onnx`, in its own layout. Raises DataError with tf2onnx' words."""
    specs = [tf.TensorSpec(one.shape, one.dtype, one.name) for one in function.inputs]
    outer = tf.function(function.concrete)
    return _written(
        lambda: tf2onnx.convert.from_function(outer, input_signature=specs, opset=OPSET),
        folder,
        (function.inputs, function.outputs),
        where,
    )


def tflite_to_onnx(file: ModelFile, folder: Path, *, where: str) -> ModelFile:
    """Write a float TFLite file as `source.onnx`, in its own layout. Raises DataError with tf2onnx' words."""
    return _written(
        lambda: tf2onnx.convert.from_tflite(str(file.path), opset=OPSET), folder, (file.inputs, file.outputs), where
    )


def _written(
    convert: Callable[[], tuple[Any, Any]],
    folder: Path,
    tensors: tuple[Sequence[Tensor], Sequence[Tensor]],
    where: str,
) -> ModelFile:
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    try:
        model, _ = convert()
        onnx.checker.check_model(model)
    except Exception as error:  # tf2onnx raises RuntimeError, ValueError, KeyError, TensorFlow's and ONNX' own
        raise DataError("tf2onnx cannot convert the network", where=where, found=f"{error}"[:300]) from error
    path = folder / "source.onnx"
    path.write_bytes(model.SerializeToString(deterministic=True))
    inputs, outputs = tensors
    return ModelFile(
        path=path,
        inputs=_renamed(inputs, [one.name for one in model.graph.input], where),
        outputs=_renamed(outputs, [one.name for one in model.graph.output], where),
        tools={"tf2onnx": version("tf2onnx"), "tensorflow": version("tensorflow")},
    )


def _renamed(tensors: Sequence[Tensor], names: Sequence[str], where: str) -> tuple[Tensor, ...]:
    if len(tensors) != len(names):
        raise DataError("tf2onnx changed the number of inputs or outputs", where=where, found=", ".join(names))
    return tuple(
        Tensor(name=name, shape=one.shape, layout=one.layout, dtype=one.dtype)
        for name, one in zip(names, tensors, strict=True)
    )
