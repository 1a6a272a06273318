"""The newest version of each operator that the Edge TPU compiler can read.

The compiler, last released as 16.0 in 2021, holds a TFLite of its own and refuses a whole file for one operator of a
later version: "Didn't find op for builtin opcode 'CONV_2D' version '6' … Registration failed", and likewise for
TRANSPOSE_CONV 4, QUANTIZE 3 and EXP 2 (google-coral/edgetpu issues 631, 845 and 879, tensorflow/tflite-micro issue
2633). Coral's runtime and Python packages of that release are built on TensorFlow 2.5.0; which operator version came
with which release is the table in TensorFlow's `lite/tools/versioning/runtime_version.cc`.
"""

from __future__ import annotations

from collections.abc import Mapping

from skerry_converters.tflite_file.vocabulary import BUILTIN_OPERATORS

COMPILER = "Edge TPU Compiler 16.0"
TFLITE = "2.5"

_FIRST_UNKNOWN = "REDUCE_ALL"
"""The schema's list grows at its end; from this operator on it is of TensorFlow 2.6 and later."""

_LATER_THAN_FIRST: Mapping[str, int] = {
    "ABS": 3,
    "ADD": 3,
    "ARG_MAX": 2,
    "ARG_MIN": 2,
    "AVERAGE_POOL_2D": 3,
    "BATCH_MATMUL": 4,
    "BATCH_TO_SPACE_ND": 3,
    "BIDIRECTIONAL_SEQUENCE_LSTM": 3,
    "BIDIRECTIONAL_SEQUENCE_RNN": 3,
    "BROADCAST_TO": 3,
    "CONCATENATION": 3,
    "CONV_2D": 5,
    "DEPTHWISE_CONV_2D": 6,
    "DEPTH_TO_SPACE": 2,
    "DEQUANTIZE": 4,
    "DIV": 2,
    "EMBEDDING_LOOKUP": 3,
    "EQUAL": 3,
    "FAKE_QUANT": 2,
    "FILL": 3,
    "FLOOR_DIV": 2,
    "FULLY_CONNECTED": 9,
    "GATHER": 5,
    "GATHER_ND": 3,
    "GREATER": 2,
    "GREATER_EQUAL": 2,
    "L2_NORMALIZATION": 2,
    "LEAKY_RELU": 2,
    "LESS": 2,
    "LESS_EQUAL": 2,
    "LOGISTIC": 3,
    "LOG_SOFTMAX": 2,
    "LSTM": 4,
    "MAXIMUM": 4,
    "MAX_POOL_2D": 3,
    "MEAN": 3,
    "MINIMUM": 4,
    "MIRROR_PAD": 2,
    "MUL": 4,
    "NOT_EQUAL": 3,
    "PACK": 3,
    "PAD": 3,
    "PADV2": 3,
    "QUANTIZE": 2,
    "REDUCE_MAX": 3,
    "REDUCE_MIN": 3,
    "RELU": 3,
    "RELU6": 3,
    "RESIZE_BILINEAR": 4,
    "RESIZE_NEAREST_NEIGHBOR": 4,
    "REVERSE_V2": 3,
    "RNN": 3,
    "RSQRT": 2,
    "SELECT": 2,
    "SLICE": 5,
    "SOFTMAX": 3,
    "SPACE_TO_BATCH_ND": 3,
    "SPACE_TO_DEPTH": 2,
    "SPARSE_TO_DENSE": 3,
    "SPLIT": 4,
    "SPLIT_V": 2,
    "SQUARED_DIFFERENCE": 2,
    "SQUEEZE": 2,
    "STRIDED_SLICE": 5,
    "SUB": 5,
    "SUM": 2,
    "SVDF": 4,
    "TANH": 3,
    "TILE": 2,
    "TOPK_V2": 2,
    "TRANSPOSE": 5,
    "TRANSPOSE_CONV": 3,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 3,
    "UNIDIRECTIONAL_SEQUENCE_RNN": 3,
    "UNPACK": 4,
}
"""The newest version in TensorFlow 2.5.0, for the operators that have more than one."""


def newest_readable(name: str) -> int:
    """Return the newest version of a built-in operator that the compiler can read; 0 where it knows none."""
    if BUILTIN_OPERATORS.index(name) >= BUILTIN_OPERATORS.index(_FIRST_UNKNOWN):
        return 0
    return _LATER_THAN_FIRST.get(name, 1)
