"""TFLite files from a TensorFlow function by TensorFlow's own converter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from skerry_converters.families.base import FloatArray, Samples
from skerry_converters.sources.base import Function
from skerry_edge.foundation.errors import DataError


@dataclass(frozen=True, kw_only=True, slots=True)
class _Settings:
    """What is set on a `TFLiteConverter` for a precision; ``edge`` is the type of inputs and outputs."""

    optimized: bool = True
    weights: tuple[Any, ...] = ()
    operators: Any = None
    edge: Any = tf.float32


SETTINGS: Mapping[str, _Settings] = {
    "fp32": _Settings(optimized=False),
    "fp16": _Settings(weights=(tf.float16,)),
    "dynamic": _Settings(),
    "int8": _Settings(operators=tf.lite.OpsSet.TFLITE_BUILTINS_INT8, edge=tf.int8),
    "int8x16": _Settings(
        operators=tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8, edge=tf.int16
    ),
}


def convert_function(function: Function, precision: str, samples: Samples | None, *, where: str) -> bytes:
    """Return a TFLite file in a precision of SETTINGS, inputs and outputs in the function's order.

    ``samples`` have the function's own layout. Raises DataError, with TensorFlow's words, where it cannot convert.
    """
    settings = SETTINGS[precision]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.concrete], function.owner)
    if settings.optimized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = list(settings.weights)
    if settings.operators is not None and samples is not None:
        converter.target_spec.supported_ops = [settings.operators]
        converter.representative_dataset = representative(samples)
    converter.inference_input_type = converter.inference_output_type = settings.edge
    try:
        data: bytes = converter.convert()
    except Exception as error:  # the converter raises its own class, ValueError and others
        raise DataError("TensorFlow cannot convert the network", where=where, found=told(error)) from error
    return _in_signature_order(data, [one.name for one in function.inputs])


def representative(samples: Samples) -> Callable[[], Iterator[list[FloatArray]]]:
    """Return samples as a representative data set."""

    def each() -> Iterator[list[FloatArray]]:
        for sample in samples:
            yield [sample]

    return each


def told(error: Exception, printed: str = "") -> str:
    """Return the lines of an error, or else of what was ``printed``, that say what cannot be done."""
    lines = [line.strip() for line in f"{error}\n{printed}".splitlines() if line.strip()]
    telling = [line for line in lines if "error:" in line or "ops:" in line.lower()]
    return "; ".join(telling or lines[:1])[:400] or type(error).__name__


def _in_signature_order(data: bytes, inputs: list[str]) -> bytes:
    """Put the file's tensors into the order of the function's arguments and results, which the converter loses."""
    buffer = bytearray(data)
    model = schema.Model.GetRootAs(buffer, 0)
    signature, graph = model.SignatureDefs(0), model.Subgraphs(0)
    given = {one.Name().decode(): one.TensorIndex() for one in map(signature.Inputs, range(signature.InputsLength()))}
    made = {one.Name().decode(): one.TensorIndex() for one in map(signature.Outputs, range(signature.OutputsLength()))}
    # Views: writing to them writes to the buffer.
    entering, leaving = graph.InputsAsNumpy(), graph.OutputsAsNumpy()
    entering[:] = [given[name] for name in inputs]
    leaving[:] = [made[f"output_{number}"] for number in range(len(leaving))]
    return bytes(buffer)
