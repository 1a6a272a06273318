"""TFLite files from a float TFLite file by LiteRT's quantizer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema
from litert_quantizer import calibrator, quantizer, recipe, recipe_manager
from litert_quantizer.utils import qsv_utils

from skerry_converters.families.base import FloatArray, Samples
from skerry_edge.foundation.errors import DataError

SIGNATURE = "serving_default"
INPUT = "input"

_HALF = [
    {
        "regex": ".*",
        "operation": operation,
        "algorithm_key": "float_casting",
        "op_config": {
            "weight_tensor_config": {"num_bits": 16, "symmetric": True, "granularity": "TENSORWISE", "dtype": "FLOAT"},
            "compute_precision": "FLOAT",
            "explicit_dequantize": True,
        },
    }
    for operation in ("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D_TRANSPOSE", "FULLY_CONNECTED", "EMBEDDING_LOOKUP")
]


def quantize_file(path: Path, precision: str, samples: Samples | None, *, where: str) -> bytes:
    """Return the float TFLite file ``path`` as fp16, dynamic, int8 or int8x16; ``samples`` fit its one input.

    Raises DataError, with the quantizer's words, where it cannot.
    """
    recipes: dict[str, Any] = {
        "fp16": _HALF,
        "dynamic": recipe.dynamic_wi8_afp32(),
        "int8": recipe.static_wi8_ai8(),
        "int8x16": recipe.static_wi8_ai16(),
    }
    try:
        data = with_signature(path.read_bytes())
        worker = quantizer.Quantizer(data, recipes[precision])
        ranges = _ranges(data, recipes[precision], samples) if worker.need_calibration else None
        result = worker.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    except (ValueError, RuntimeError, KeyError, IndexError, NotImplementedError) as error:
        raise DataError(
            "LiteRT's quantizer cannot quantize the network", where=where, found=f"{error}"[:300]
        ) from error
    return bytes(result.quantized_model)


def _ranges(data: bytes, steps: list[dict[str, Any]], samples: Samples | None) -> dict[str, Any]:
    """Return each tensor's smallest and largest value over all samples.

    The quantizer's own way is a moving average that forgets all but its first samples' ranges.
    """
    assert samples is not None  # noqa: S101  # for the type checker; `Target.make` has asked
    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(steps)
    worker = calibrator.Calibrator(data, num_threads=os.cpu_count() or 1, qsv_update_func=qsv_utils.min_max_update)
    worker.calibrate({SIGNATURE: _Named(samples)}, manager)
    ranges: dict[str, Any] = worker.get_model_qsvs()
    return ranges


def with_signature(data: bytes) -> bytes:
    """Return a TFLite file with one signature, its first input called INPUT, which calibration goes by.

    Files of TensorFlow 1 have none, others one of any name; it is not needed to run a file.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    graph = model.subgraphs[0]
    entering = [(INPUT if place == 0 else f"{INPUT}_{place}", tensor) for place, tensor in enumerate(graph.inputs)]
    leaving = [(f"output_{place}", tensor) for place, tensor in enumerate(graph.outputs)]
    signature = schema.SignatureDefT()
    signature.signatureKey = SIGNATURE
    signature.subgraphIndex = 0
    signature.inputs, signature.outputs = _named_tensors(entering), _named_tensors(leaving)
    model.signatureDefs = [signature]
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _named_tensors(named: list[tuple[str, int]]) -> list[Any]:
    maps = []
    for name, tensor in named:
        one = schema.TensorMapT()
        one.name, one.tensorIndex = name, tensor
        maps.append(one)
    return maps


class _Named:
    """Samples by the input's name, as the calibrator takes them."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[dict[str, FloatArray]]:
        return ({INPUT: sample} for sample in self._samples)
