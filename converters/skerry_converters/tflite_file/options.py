"""The options of built-in operators by name: which field of which table of the schema holds each."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from skerry_converters.tflite_file.errors import TfliteFileError
from skerry_converters.tflite_file.flatbuffer import Table
from skerry_converters.tflite_file.vocabulary import ACTIVATIONS, PADDINGS, WEIGHTS_FORMATS

OptionValue = int | float | bool | str
Options = Mapping[str, OptionValue]

_INT8 = struct.Struct("<b")
_BOOL = struct.Struct("<?")
_INT32 = struct.Struct("<i")
_FLOAT32 = struct.Struct("<f")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Field:
    """Where an option stands; ``words`` name its numbers, where it is an enumeration."""

    number: int
    layout: struct.Struct | None
    default: float = 0
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """One options table of the schema: its number in the union `BuiltinOptions` and its fields by name."""

    union: int
    fields: Mapping[str, _Field]


def _integer(number: int, default: int = 0) -> _Field:
    return _Field(number=number, layout=_INT32, default=default)


def _flag(number: int) -> _Field:
    return _Field(number=number, layout=_BOOL, default=False)


def _real(number: int) -> _Field:
    return _Field(number=number, layout=_FLOAT32, default=0.0)


def _word(number: int, words: tuple[str, ...]) -> _Field:
    return _Field(number=number, layout=_INT8, words=words)


def _activation(number: int) -> _Field:
    return _word(number, ACTIVATIONS)


def _text(number: int) -> _Field:
    return _Field(number=number, layout=None)


_POOL = _Kind(
    union=5,
    fields={
        "padding": _word(0, PADDINGS),
        "stride_w": _integer(1),
        "stride_h": _integer(2),
        "filter_w": _integer(3),
        "filter_h": _integer(4),
        "activation": _activation(5),
    },
)
_REDUCER = _Kind(union=27, fields={"keep_dims": _flag(0)})

KINDS: Mapping[str, _Kind] = {
    "CONV_2D": _Kind(
        union=1,
        fields={
            "padding": _word(0, PADDINGS),
            "stride_w": _integer(1),
            "stride_h": _integer(2),
            "activation": _activation(3),
            "dilation_w": _integer(4, 1),
            "dilation_h": _integer(5, 1),
        },
    ),
    "DEPTHWISE_CONV_2D": _Kind(
        union=2,
        fields={
            "padding": _word(0, PADDINGS),
            "stride_w": _integer(1),
            "stride_h": _integer(2),
            "depth_multiplier": _integer(3),
            "activation": _activation(4),
            "dilation_w": _integer(5, 1),
            "dilation_h": _integer(6, 1),
        },
    ),
    "AVERAGE_POOL_2D": _POOL,
    "MAX_POOL_2D": _POOL,
    "L2_POOL_2D": _POOL,
    "FULLY_CONNECTED": _Kind(
        union=8,
        fields={
            "activation": _activation(0),
            "weights_format": _word(1, WEIGHTS_FORMATS),
            "keep_num_dims": _flag(2),
        },
    ),
    "SOFTMAX": _Kind(union=9, fields={"beta": _real(0)}),
    "CONCATENATION": _Kind(union=10, fields={"axis": _integer(0), "activation": _activation(1)}),
    "ADD": _Kind(union=11, fields={"activation": _activation(0)}),
    "L2_NORMALIZATION": _Kind(union=12, fields={"activation": _activation(0)}),
    "RESIZE_BILINEAR": _Kind(union=15, fields={"align_corners": _flag(2), "half_pixel_centers": _flag(3)}),
    "RESIZE_NEAREST_NEIGHBOR": _Kind(union=74, fields={"align_corners": _flag(0), "half_pixel_centers": _flag(1)}),
    "SPACE_TO_DEPTH": _Kind(union=19, fields={"block_size": _integer(0)}),
    "DEPTH_TO_SPACE": _Kind(union=94, fields={"block_size": _integer(0)}),
    "MUL": _Kind(union=21, fields={"activation": _activation(0)}),
    "SUB": _Kind(union=28, fields={"activation": _activation(0)}),
    "DIV": _Kind(union=29, fields={"activation": _activation(0)}),
    "GATHER": _Kind(union=23, fields={"axis": _integer(0), "batch_dims": _integer(1)}),
    "MEAN": _REDUCER,
    "SUM": _REDUCER,
    "REDUCE_MAX": _REDUCER,
    "REDUCE_MIN": _REDUCER,
    "REDUCE_PROD": _REDUCER,
    "REDUCE_ANY": _REDUCER,
    "REDUCE_ALL": _REDUCER,
    "STRIDED_SLICE": _Kind(
        union=32,
        fields={
            "begin_mask": _integer(0),
            "end_mask": _integer(1),
            "ellipsis_mask": _integer(2),
            "new_axis_mask": _integer(3),
            "shrink_axis_mask": _integer(4),
        },
    ),
    "SPLIT": _Kind(union=35, fields={"num_splits": _integer(0)}),
    "SPLIT_V": _Kind(union=79, fields={"num_splits": _integer(0)}),
    "PACK": _Kind(union=59, fields={"values_count": _integer(0), "axis": _integer(1)}),
    "UNPACK": _Kind(union=64, fields={"num": _integer(0), "axis": _integer(1)}),
    "TRANSPOSE_CONV": _Kind(
        union=49,
        fields={
            "padding": _word(0, PADDINGS),
            "stride_w": _integer(1),
            "stride_h": _integer(2),
            "activation": _activation(3),
        },
    ),
    "LEAKY_RELU": _Kind(union=75, fields={"alpha": _real(0)}),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _Kind(union=71, fields={"activation": _activation(0), "time_major": _flag(3)}),
    "BATCH_MATMUL": _Kind(union=101, fields={"adj_x": _flag(0), "adj_y": _flag(1)}),
    "CALL_ONCE": _Kind(union=103, fields={"init_subgraph": _integer(0)}),
    "IF": _Kind(union=92, fields={"then_subgraph": _integer(0), "else_subgraph": _integer(1)}),
    "WHILE": _Kind(union=93, fields={"cond_subgraph": _integer(0), "body_subgraph": _integer(1)}),
    "VAR_HANDLE": _Kind(union=111, fields={"container": _text(0), "shared_name": _text(1)}),
}
"""The operators whose options are read; others have none here."""


def read_options(name: str, union: int, table: Table | None, where: str) -> Options:
    """Return an operator's options; what the file leaves out has the schema's default.

    Raises TfliteFileError where the file holds another operator's options, or a word that the schema does not have.
    """
    kind = KINDS.get(name)
    if kind is None:
        return MappingProxyType({})
    if union not in (0, kind.union):
        raise TfliteFileError(f"the options of {name} are another operator's", where=where, found=f"kind {union}")
    return MappingProxyType({key: _read(key, field, table, where) for key, field in kind.fields.items()})


def _read(key: str, field: _Field, table: Table | None, where: str) -> OptionValue:
    if field.layout is None:
        return table.text(field.number) if table else ""
    value: OptionValue = table.scalar(field.number, field.layout, field.default) if table else field.default
    if not field.words:
        return value
    index = int(value)
    if not 0 <= index < len(field.words):
        raise TfliteFileError(f"option '{key}' has no such value", where=where, found=str(index))
    return field.words[index]
