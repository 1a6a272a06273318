"""The operators that the Edge TPU has: from which runtime on, which operands must be constant, and their limits.

Source: https://coral.ai/docs/edgetpu/models-intro/#supported-operations, Table 1, for compiler 16.0 and runtime 14,
the last that were released; "model parameters (such as bias tensors) are constant at compile-time" is from "Model
requirements" on the same page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skerry_converters.edgetpu import limits
from skerry_converters.edgetpu.limits import Limit


@dataclass(frozen=True, kw_only=True, slots=True)
class Supported:
    """One operator: ``parameters`` are the places of the inputs that must be constant.

    ``runtime`` is the oldest Edge TPU runtime that has it, None where all have it.
    """

    runtime: int | None = None
    parameters: tuple[int, ...] = ()
    limits: tuple[Limit, ...] = ()
    unpublished: str = ""
    """A limit that the table mentions without saying where it lies, which cannot be predicted."""


_PLAIN = Supported()
_REDUCTION = Supported(runtime=14, parameters=(1,), limits=(limits.no_batch_axis,))
_RESIZE = Supported(parameters=(1,), limits=(limits.moderate_resize,))

SUPPORTED: Mapping[str, Supported] = {
    "ADD": _PLAIN,
    "AVERAGE_POOL_2D": Supported(limits=(limits.no_fused_activation,)),
    "CONCATENATION": Supported(limits=(limits.no_fused_activation, limits.zero_constants)),
    "CONV_2D": Supported(parameters=(1, 2), limits=(limits.equal_dilation,)),
    "DEPTHWISE_CONV_2D": Supported(parameters=(1, 2), limits=(limits.equal_dilation,)),
    "EXPAND_DIMS": Supported(runtime=13, parameters=(1,)),
    "FULLY_CONNECTED": Supported(parameters=(1, 2), limits=(limits.default_weights, limits.one_dimensional_output)),
    "L2_NORMALIZATION": _PLAIN,
    "LOGISTIC": _PLAIN,
    "MAXIMUM": _PLAIN,
    "MAX_POOL_2D": Supported(limits=(limits.no_fused_activation,)),
    "MEAN": Supported(parameters=(1,), limits=(limits.no_batch_axis, limits.whole_fours_of_channels)),
    "MINIMUM": _PLAIN,
    "MUL": _PLAIN,
    "PACK": Supported(runtime=13, limits=(limits.no_batch_packing,)),
    "PAD": Supported(parameters=(1,), limits=(limits.no_batch_padding,)),
    "PRELU": Supported(runtime=13, parameters=(1,), limits=(limits.alpha_per_channel,)),
    "QUANTIZE": Supported(runtime=13),
    "REDUCE_MAX": _REDUCTION,
    "REDUCE_MIN": _REDUCTION,
    "RELU": _PLAIN,
    "RELU6": _PLAIN,
    "RELU_N1_TO_1": _PLAIN,
    "RESHAPE": Supported(parameters=(1,), unpublished="some reshapes of large tensors are not mapped"),
    "RESIZE_BILINEAR": _RESIZE,
    "RESIZE_NEAREST_NEIGHBOR": _RESIZE,
    "RSQRT": Supported(runtime=14),
    "SLICE": Supported(parameters=(1, 2)),
    "SOFTMAX": Supported(limits=(limits.short_vector,)),
    "SPACE_TO_DEPTH": _PLAIN,
    "SPLIT": Supported(parameters=(0,), limits=(limits.no_batch_split,)),
    "SQUARED_DIFFERENCE": Supported(runtime=14),
    "SQUEEZE": _PLAIN,
    "STRIDED_SLICE": Supported(parameters=(1, 2, 3), limits=(limits.unit_strides,)),
    "SUB": _PLAIN,
    "SUM": Supported(runtime=13, parameters=(1,), limits=(limits.no_batch_axis,)),
    "TANH": _PLAIN,
    "TRANSPOSE": Supported(runtime=14, parameters=(1,)),
    "TRANSPOSE_CONV": Supported(runtime=13, parameters=(0, 1, 3)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Supported(runtime=14, parameters=(*range(1, 9), *range(12, 16))),
}

HINTS: Mapping[str, str] = {
    "LEAKY_RELU": "convert it to PRELU or to max(x, ax), which compute the same",
    "HARD_SWISH": "train with RELU6",
    "ELU": "train with RELU6",
    "GELU": "train with RELU6",
    "DEQUANTIZE": "keep the network's outputs 8-bit",
    "DIV": "multiply by the inverse",
    "SQRT": "use RSQRT",
    "SPLIT_V": "split into equal parts",
    "ARG_MAX": "take the maximum after the network",
    "TOPK_V2": "sort after the network",
    "GATHER": "do it after the network",
    "PADV2": "pad with zeros",
    "MIRROR_PAD": "pad with zeros",
    "BATCH_MATMUL": "use FULLY_CONNECTED with constant weights",
    "CAST": "keep all tensors 8-bit",
    "BIDIRECTIONAL_SEQUENCE_LSTM": "only unidirectional LSTMs are supported",
    "LSTM": "export it as a UNIDIRECTIONAL_SEQUENCE_LSTM",
}
"""What to do instead of an operator that the Edge TPU does not have."""
