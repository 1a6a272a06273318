"""The operators that a network needs of TensorFlow Lite Micro, and the code that registers them.

Source: `tensorflow/lite/micro/micro_mutable_op_resolver.h` of tensorflow/tflite-micro, whose `MicroMutableOpResolver`
has one method for each operator that TensorFlow Lite Micro implements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skerry_converters.tflite_file.model import TfliteModel
from skerry_edge.foundation.errors import ConfigError

_BUILTIN = """
ABS ADD ADD_N ARG_MAX ARG_MIN ASSIGN_VARIABLE AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND BROADCAST_ARGS
BROADCAST_TO CALL_ONCE CAST CEIL CONCATENATION CONV_2D COS CUMSUM DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV
DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP EQUAL EXP EXPAND_DIMS FILL FLOOR FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER
GATHER_ND GREATER GREATER_EQUAL HARD_SWISH IF L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOG LOGICAL_AND
LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG NOT_EQUAL PACK PAD
PADV2 PRELU QUANTIZE READ_VARIABLE REDUCE_ALL REDUCE_MAX REDUCE_MIN RELU RELU6 RESHAPE RESIZE_BILINEAR
RESIZE_NEAREST_NEIGHBOR REVERSE_V2 ROUND RSQRT SELECT_V2 SHAPE SIN SLICE SOFTMAX SPACE_TO_BATCH_ND SPACE_TO_DEPTH
SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM SVDF TANH TRANSPOSE TRANSPOSE_CONV
UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK VAR_HANDLE WHILE ZEROS_LIKE
"""
_SPELLED = {
    "BATCH_MATMUL": "BatchMatMul",
    "CUMSUM": "CumSum",
    "PADV2": "PadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTM",
}
"""Operators whose method has more capitals than their name has words."""

CUSTOM_METHODS: Mapping[str, str] = {
    "CIRCULAR_BUFFER": "AddCircularBuffer",
    "SignalDelay": "AddDelay",
    "SignalEnergy": "AddEnergy",
    "SignalFftAutoScale": "AddFftAutoScale",
    "SignalFilterBank": "AddFilterBank",
    "SignalFilterBankLog": "AddFilterBankLog",
    "SignalFilterBankSpectralSubtraction": "AddFilterBankSpectralSubtraction",
    "SignalFilterBankSquareRoot": "AddFilterBankSquareRoot",
    "SignalFramer": "AddFramer",
    "SignalIrfft": "AddIrfft",
    "SignalOverlapAdd": "AddOverlapAdd",
    "SignalPCAN": "AddPCAN",
    "SignalRfft": "AddRfft",
    "SignalStacker": "AddStacker",
    "SignalWindow": "AddWindow",
    "TFLM_DECODE": "AddDecode",
    "TFLite_Detection_PostProcess": "AddDetectionPostprocess",
}
"""Custom operators that TensorFlow Lite Micro brings along, and their methods."""

HINTS: Mapping[str, str] = {
    "BIDIRECTIONAL_SEQUENCE_LSTM": "use a unidirectional LSTM",
    "GELU": "train with RELU or RELU6",
    "LSTM": "export it as a UNIDIRECTIONAL_SEQUENCE_LSTM",
    "POW": "use MUL or SQUARE",
    "RELU_N1_TO_1": "use MINIMUM and MAXIMUM",
    "RELU_0_TO_1": "use MINIMUM and MAXIMUM",
    "SELECT": "use SELECT_V2",
    "TILE": "use BROADCAST_TO or CONCATENATION",
    "TOPK_V2": "sort after the network",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "use a UNIDIRECTIONAL_SEQUENCE_LSTM",
}
"""What to do instead of an operator that TensorFlow Lite Micro lacks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TflmOperator:
    """An operator with the resolver's method that registers it, and how often the network has it."""

    name: str
    method: str
    count: int


def tflm_operators(model: TfliteModel, *, where: str) -> tuple[TflmOperator, ...]:
    """Return the operators of all subgraphs, each kind once, in the order of their methods' names.

    Raises ConfigError naming every operator that TensorFlow Lite Micro lacks, where it stands, and what to do instead.
    """
    counts: dict[str, int] = {}
    lacking: list[str] = []
    for graph, operator in model.operators:
        method = CUSTOM_METHODS.get(operator.custom_code) if operator.custom_code else METHODS.get(operator.name)
        if method is None:
            hint = HINTS.get(operator.name)
            place = f"{operator.label} (subgraph {graph.index}, operator {operator.index})"
            lacking.append(f"{place}: {hint}" if hint else place)
        else:
            key = operator.custom_code or operator.name
            counts[key] = counts.get(key, 0) + 1
    if lacking:
        raise ConfigError(
            "TensorFlow Lite Micro lacks operators of the network", where=where, found="; ".join(lacking[:8])
        )
    methods = {**METHODS, **CUSTOM_METHODS}
    found = (TflmOperator(name=key, method=methods[key], count=count) for key, count in counts.items())
    return tuple(sorted(found, key=lambda one: one.method))


def operators_header(identifier: str, operators: tuple[TflmOperator, ...], arena_bytes: int) -> str:
    """Return a C++ header that registers the operators with any resolver, and states the arena that was measured.

    Releases of TensorFlow Lite Micro differ in their namespaces, so the resolver is a template's argument:
    `tflite::MicroMutableOpResolver<kws_operator_count> resolver; kws_register_operators(resolver);`.
    """
    guard = f"{identifier.upper()}_OPERATORS_H_"
    calls = " &&\n         ".join(f"static_cast<int>(resolver.{one.method}()) == 0" for one in operators)
    return f"""\
#ifndef {guard}
#define {guard}

#include <cstddef>

constexpr unsigned int {identifier}_operator_count = {len(operators)};

// Measured with the reference kernels on a 64-bit machine: structures are smaller on a 32-bit microcontroller, while
// kernels made for a chip (ESP-NN, CMSIS-NN) may take scratch memory on top.
constexpr std::size_t {identifier}_arena_bytes = {arena_bytes};

// Returns false where the resolver has no room left.
template <typename Resolver>
bool {identifier}_register_operators(Resolver &resolver) {{
  return {calls or "true"};
}}

#endif
"""


def _method(name: str) -> str:
    """Return the resolver's method for an operator: AVERAGE_POOL_2D is registered by AddAveragePool2D."""
    words = (word if word == "2D" else word.capitalize() for word in name.split("_"))
    return f"Add{_SPELLED.get(name) or ''.join(words)}"


METHODS: Mapping[str, str] = {name: _method(name) for name in _BUILTIN.split()}
"""The method of `MicroMutableOpResolver` for each built-in operator that TensorFlow Lite Micro has."""
