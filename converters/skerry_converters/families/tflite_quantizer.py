"""TFLite files with smaller weights from a float TFLite file, by LiteRT's quantizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from litert_quantizer import quantizer, recipe

from skerry_edge.foundation.errors import DataError

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


def shrink_weights(path: Path, precision: Literal["fp16", "dynamic"], *, where: str) -> bytes:
    """Return the float TFLite file ``path`` with float16 weights, or int8 weights and float activations.

    Raises DataError, with the quantizer's words, where it cannot.
    """
    steps: list[dict[str, Any]] = _HALF if precision == "fp16" else recipe.dynamic_wi8_afp32()
    try:
        result = quantizer.Quantizer(path.read_bytes(), steps).quantize(
            enable_progress_bar=False, enable_progress_report=False
        )
    except (ValueError, RuntimeError, KeyError, IndexError, NotImplementedError) as error:
        raise DataError("LiteRT's quantizer cannot convert the network", where=where, found=f"{error}"[:300]) from error
    return bytes(result.quantized_model)
