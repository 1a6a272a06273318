"""TFLite files from a TensorFlow function by TensorFlow's own converter."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Literal

import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from skerry_converters.families.base import FloatArray, Samples
from skerry_converters.sources.base import Function
from skerry_edge.foundation.errors import DataError

Precision = Literal["fp32", "fp16", "dynamic"]


def convert_function(function: Function, precision: Precision, *, where: str) -> bytes:
    """Return a TFLite file with float activations, inputs and outputs in the function's order.

    Weights are float32, float16, or int8 where TensorFlow finds that worth it ("dynamic"). Raises DataError, with
    TensorFlow's words, where it cannot convert.
    """
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.concrete], function.owner)
    if precision != "fp32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    try:
        data: bytes = converter.convert()
    except Exception as error:  # the converter raises its own class, ValueError and others
        raise DataError("TensorFlow cannot convert the network", where=where, found=told(error)) from error
    del converter
    # It is part of reference cycles that hold many times the network's size, and often another conversion follows.
    gc.collect()
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
