"""LiteRT with its reference kernels, which define what a quantized network computes.

Not the backend that devices run: its fast kernels differ from LiteRT's own reference ones by up to 10 steps in the
last layer of a small network (MLPerf Tiny's streaming wake word), while TensorFlow Lite Micro gives the reference's
very bits. Parity with the fast ones would judge LiteRT, not the firmware.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence

import numpy as np

from skerry_edge.backends.base import Array, ModelFileError
from skerry_edge.backends.registry import missing_reason
from skerry_edge.foundation.errors import MissingError


def run_litert(model: bytes, inputs: Sequence[Array], *, where: str) -> tuple[Array, ...]:
    """Run a `.tflite` model on ``inputs``, each with one row a run, as one stream; return the outputs likewise.

    Raises MissingError where LiteRT is not installed, ModelFileError where it cannot run the model.
    """
    reason = missing_reason("litert")
    if reason:
        raise MissingError("parity is measured against LiteRT", found=reason)
    package = "ai_edge_litert" if importlib.util.find_spec("ai_edge_litert") else "tflite_runtime"
    runtime = importlib.import_module(f"{package}.interpreter")
    try:
        interpreter = runtime.Interpreter(
            model_content=model, num_threads=1, experimental_op_resolver_type=runtime.OpResolverType.BUILTIN_REF
        )
        interpreter.allocate_tensors()
        given = [one["index"] for one in interpreter.get_input_details()]
        made = [one["index"] for one in interpreter.get_output_details()]
        rows = []
        for run in range(len(inputs[0])):
            for index, values in zip(given, inputs, strict=True):
                interpreter.set_tensor(index, values[run])
            interpreter.invoke()
            rows.append([interpreter.get_tensor(index) for index in made])
    except (ValueError, RuntimeError) as error:
        raise ModelFileError("LiteRT cannot run the model", where=where, found=str(error).strip()[:300]) from error
    return tuple(np.stack(one) for one in zip(*rows, strict=True))
